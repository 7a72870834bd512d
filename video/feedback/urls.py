from django.urls import path

from video.feedback import views

urlpatterns = [
    path("attempts/<uuid:attempt_id>/files/", views.files, name="files"),
    path("files/<uuid:attachment_id>/ticket/", views.renew, name="file-renew"),
    path("files/<uuid:attachment_id>/", views.status, name="file-status"),
    path("files/<uuid:attachment_id>/parts/", views.sign, name="file-sign"),
    path("files/<uuid:attachment_id>/complete/", views.complete, name="file-complete"),
    path("files/<uuid:attachment_id>/failed/", views.failed, name="file-failed"),
    path("files/<uuid:attachment_id>/remove/", views.remove, name="file-remove"),
    path("files/<uuid:attachment_id>/address/", views.address, name="file-address"),
]
