from django.urls import path

from video.uploads import views

urlpatterns = [
    path("uploads/", views.begin, name="upload-begin"),
    path("uploads/<uuid:video_id>/ticket/", views.renew, name="upload-renew"),
    path("uploads/<uuid:video_id>/", views.status, name="upload-status"),
    path("uploads/<uuid:video_id>/parts/", views.sign, name="upload-sign"),
    path("uploads/<uuid:video_id>/complete/", views.complete, name="upload-complete"),
    path("uploads/<uuid:video_id>/failed/", views.failed, name="upload-failed"),
    path("uploads/<uuid:video_id>/remove/", views.remove, name="upload-remove"),
]
