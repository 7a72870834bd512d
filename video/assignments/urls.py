from django.urls import path

from video.assignments import restored_views

urlpatterns = [
    path("former/", restored_views.question, name="former"),
]
