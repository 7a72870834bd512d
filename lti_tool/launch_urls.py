"""Addresses below /l/<launch id>/ that belong to the launch itself, whatever the product puts beside them."""

from django.urls import path

from lti_tool.checkup import views as checkup_views
from lti_tool.launch import views as launch_views

app_name = "launch"
urlpatterns = [
    path("window/", launch_views.window_ticket, name="window-ticket"),
    path("leave/", launch_views.leave, name="leave"),
    path("check/", checkup_views.of_launch, name="check"),
    path("check/<slug:code>/", checkup_views.run_of_launch, name="check-run"),
]
