"""Pages under /s/<selection id>/. Each is behind `selection_required`."""

from django.urls import path

from video.setup import rubric_views, selection_views

app_name = "selection"
urlpatterns = [
    path("", selection_views.choose, name="choose"),
    path("remove/<uuid:assignment_id>/", selection_views.remove, name="remove"),
    path("rubric/import/", rubric_views.read_table_for_selection, name="rubric-import"),
    path("rubric/export/", rubric_views.write_table_for_selection, name="rubric-export"),
    path("rubric/of/<uuid:assignment_id>/", rubric_views.of_another_for_selection, name="rubric-of"),
    path("finish/", selection_views.finish, name="finish"),
    path("cancel/", selection_views.cancel, name="cancel"),
]
