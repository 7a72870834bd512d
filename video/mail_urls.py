"""What e-mails lead to: open to whoever has the signed address."""

from django.urls import path

from video.views import mail_choice

urlpatterns = [path("", mail_choice.choose, name="mail-choice")]
