from django.urls import path

from video.playback import views

urlpatterns = [
    path("videos/<uuid:video_id>/playback/", views.grant, name="playback"),
    path("submissions/<uuid:submission_id>/peek/", views.peek, name="peek"),
]
