from django.contrib import admin
from django.urls import include, path

from config import health, views

urlpatterns = [
    path("", views.front_door, name="front-door"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("lti/", include("lti_tool.urls")),
    path("l/<uuid:launch_id>/", include("lti_tool.launch_urls")),
    path("l/<uuid:launch_id>/", include("video.urls")),
    path("s/<uuid:selection_id>/", include("video.setup.selection_urls")),
    path("mail/", include("video.mail.urls")),
    path("admin/", admin.site.urls),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
