from django.urls import path

from video.grading_room import double_marking_views, review_views, views

urlpatterns = [
    path("review/", review_views.review, name="review"),
    path("submissions/<uuid:submission_id>/", views.room, name="room"),
    path("submissions/<uuid:submission_id>/release/", views.release, name="release"),
    path("attempts/<uuid:attempt_id>/mark/", views.save, name="mark"),
    path("attempts/<uuid:attempt_id>/own-mark/", double_marking_views.save, name="own-mark"),
]
