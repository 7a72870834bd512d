from django.urls import include, path

from platform_server import views

urlpatterns = [
    path("start", views.start),
    path("state", views.state),
    # As edx-platform mounts it; the package's own links count on it.
    path("api/", include("lti_consumer.plugin.urls", namespace="lti_consumer")),
]
