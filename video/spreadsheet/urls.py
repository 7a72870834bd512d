from django.urls import path

from video.spreadsheet import views

urlpatterns = [
    path("marks/export/", views.export, name="marks-export"),
    path("marks/import/", views.upload, name="marks-import"),
    path("marks/import/<uuid:import_id>/", views.look, name="mark-import"),
    path("marks/import/<uuid:import_id>/apply/", views.apply, name="mark-import-apply"),
    path("marks/import/<uuid:import_id>/undo/", views.undo, name="mark-import-undo"),
]
