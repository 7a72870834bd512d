"""Addresses below /l/<launch id>/ that belong to the launch itself, whatever the product puts beside them."""

from django.urls import path

from lti_tool import views

app_name = "launch"
urlpatterns = [path("window/", views.window_ticket, name="window-ticket")]
