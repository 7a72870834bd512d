"""Addresses below /l/<launch id>/ that belong to the launch itself, whatever the product puts beside them."""

from django.urls import path

from lti_tool.views import checkup, launch

app_name = "launch"
urlpatterns = [
    path("window/", launch.window_ticket, name="window-ticket"),
    path("leave/", launch.leave, name="leave"),
    path("check/", checkup.of_launch, name="check"),
    path("check/<slug:code>/", checkup.run_of_launch, name="check-run"),
]
