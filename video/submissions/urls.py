from django.urls import path

from video.submissions import views

urlpatterns = [
    path("submit/", views.submit, name="submit"),
    path("submit/cancel/", views.cancel, name="submit-cancel"),
    path("attempts/<uuid:attempt_id>/withdraw/", views.withdraw, name="withdraw"),
    path("receipts/<uuid:attempt_id>/", views.receipt, name="receipt"),
]
