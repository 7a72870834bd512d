from django.urls import path

from video.assignments import restored_views

urlpatterns = [
    path("restored/", restored_views.question, name="restored"),
]
