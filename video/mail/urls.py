"""What e-mails lead to: open to whoever has the signed address."""

from django.urls import path

from video.mail import views

urlpatterns = [path("", views.choose, name="mail-choice")]
