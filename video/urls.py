"""Pages under /l/<launch id>/. Each is behind `launch_required`."""

from django.urls import path

from video.views import assignment, extension, grading, own_mark, playback, submission, upload

app_name = "video"
urlpatterns = [
    path("", assignment.home, name="home"),
    path("state/", assignment.state, name="state"),
    path("review/", assignment.review, name="review"),
    path("settings/", assignment.settings, name="settings"),
    path("roster/", assignment.refresh_roster, name="refresh-roster"),
    path("people/<uuid:person_id>/more-time/", extension.more_time, name="more-time"),
    path("uploads/", upload.begin, name="upload-begin"),
    path("uploads/<uuid:video_id>/ticket/", upload.renew, name="upload-renew"),
    path("uploads/<uuid:video_id>/", upload.status, name="upload-status"),
    path("uploads/<uuid:video_id>/parts/", upload.sign, name="upload-sign"),
    path("uploads/<uuid:video_id>/complete/", upload.complete, name="upload-complete"),
    path("uploads/<uuid:video_id>/failed/", upload.failed, name="upload-failed"),
    path("uploads/<uuid:video_id>/remove/", upload.remove, name="upload-remove"),
    path("videos/<uuid:video_id>/playback/", playback.grant, name="playback"),
    path("submit/", submission.submit, name="submit"),
    path("submit/cancel/", submission.cancel, name="submit-cancel"),
    path("attempts/<uuid:attempt_id>/withdraw/", submission.withdraw, name="withdraw"),
    path("receipts/<uuid:attempt_id>/", submission.receipt, name="receipt"),
    path("submissions/<uuid:submission_id>/", grading.room, name="room"),
    path("submissions/<uuid:submission_id>/release/", grading.release, name="release"),
    path("attempts/<uuid:attempt_id>/mark/", grading.save, name="mark"),
    path("attempts/<uuid:attempt_id>/own-mark/", own_mark.save, name="own-mark"),
    path("attempts/<uuid:attempt_id>/seen/", submission.seen, name="seen"),
]
