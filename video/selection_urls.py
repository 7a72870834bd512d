"""Pages under /s/<selection id>/. Each is behind `selection_required`."""

from django.urls import path

from video.views import selection

app_name = "selection"
urlpatterns = [
    path("", selection.choose, name="choose"),
    path("remove/<uuid:assignment_id>/", selection.remove, name="remove"),
    path("finish/", selection.finish, name="finish"),
    path("cancel/", selection.cancel, name="cancel"),
]
