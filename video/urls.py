"""Pages under /l/<launch id>/. Each is behind `launch_required`."""

from django.urls import path

from video.views import assignment, bulk, extension, grading, playback, points, roster, submission, upload

app_name = "video"
urlpatterns = [
    path("", assignment.home, name="home"),
    path("state/", assignment.state, name="state"),
    path("review/", assignment.review, name="review"),
    path("settings/", assignment.settings, name="settings"),
    path("roster/", roster.refresh_roster, name="refresh-roster"),
    path("roster/now/", roster.now, name="roster-now"),
    path("roster/chosen/", bulk.chosen, name="bulk"),
    path("roster/more-time/", extension.pasted, name="pasted-list"),
    path("roster/missing/", roster.missing_addresses, name="missing-addresses"),
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
    path("attempts/<uuid:attempt_id>/points/", points.save, name="points"),
]
