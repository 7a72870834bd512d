from django.urls import path

from video.comments import comment_bank_views, views

urlpatterns = [
    path("videos/<uuid:video_id>/comments/", views.of_video, name="comments"),
    path("comments/<uuid:comment_id>/", views.edit, name="comment-edit"),
    path("comments/<uuid:comment_id>/delete/", views.delete, name="comment-delete"),
    path("comments/<uuid:comment_id>/restore/", views.restore, name="comment-restore"),
    path("comments/<uuid:comment_id>/reply/", views.reply, name="comment-reply"),
    path("bank/", comment_bank_views.entries, name="bank"),
    path("bank/<uuid:bank_comment_id>/", comment_bank_views.edit, name="bank-edit"),
    path("bank/<uuid:bank_comment_id>/delete/", comment_bank_views.delete, name="bank-delete"),
]
