from django.urls import path

from video.setup import points_change_views, rubric_views, views

urlpatterns = [
    path("settings/", views.settings, name="settings"),
    path("settings/points/", points_change_views.chosen_again, name="points-change"),
    path("settings/rubric.csv", rubric_views.stored, name="rubric-stored"),
    path("settings/rubric/import/", rubric_views.read_table, name="rubric-import"),
    path("settings/rubric/export/", rubric_views.write_table, name="rubric-export"),
    path("settings/rubric/of/<uuid:assignment_id>/", rubric_views.of_another, name="rubric-of"),
]
