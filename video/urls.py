"""Pages under /l/<launch id>/. Each is behind `launch_required`."""

from django.urls import path

from video import home
from video.assignments import urls as assignments_urls
from video.comments import urls as comments_urls
from video.feedback import urls as feedback_urls
from video.gradebook import urls as gradebook_urls
from video.grading_room import urls as grading_room_urls
from video.playback import urls as playback_urls
from video.roster import urls as roster_urls
from video.setup import urls as setup_urls
from video.spreadsheet import urls as spreadsheet_urls
from video.student_page import urls as student_page_urls
from video.submissions import urls as submissions_urls
from video.uploads import urls as uploads_urls

app_name = "video"
urlpatterns = [
    path("", home.home, name="home"),
    *assignments_urls.urlpatterns,
    *comments_urls.urlpatterns,
    *feedback_urls.urlpatterns,
    *gradebook_urls.urlpatterns,
    *grading_room_urls.urlpatterns,
    *playback_urls.urlpatterns,
    *roster_urls.urlpatterns,
    *setup_urls.urlpatterns,
    *spreadsheet_urls.urlpatterns,
    *student_page_urls.urlpatterns,
    *submissions_urls.urlpatterns,
    *uploads_urls.urlpatterns,
]
