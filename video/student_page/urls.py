from django.urls import path

from video.student_page import views

urlpatterns = [
    path("state/", views.state, name="state"),
    path("attempts/<uuid:attempt_id>/seen/", views.seen, name="seen"),
]
