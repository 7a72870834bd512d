"""Pages under /s/<selection id>/. Each is behind `selection_required`."""

from django.urls import path

from video.views import rubric, selection

app_name = "selection"
urlpatterns = [
    path("", selection.choose, name="choose"),
    path("remove/<uuid:assignment_id>/", selection.remove, name="remove"),
    path("rubric/import/", rubric.read_table_for_selection, name="rubric-import"),
    path("rubric/export/", rubric.write_table_for_selection, name="rubric-export"),
    path("rubric/of/<uuid:assignment_id>/", rubric.of_another_for_selection, name="rubric-of"),
    path("finish/", selection.finish, name="finish"),
    path("cancel/", selection.cancel, name="cancel"),
]
