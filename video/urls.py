"""Pages under /l/<launch id>/. Each is behind `launch_required`."""

from django.urls import path

from video.views import assignment, bank, comments, deliveries, extension, grading, playback, rubric, submission, upload

app_name = "video"
urlpatterns = [
    path("", assignment.home, name="home"),
    path("state/", assignment.state, name="state"),
    path("review/", assignment.review, name="review"),
    path("settings/", assignment.settings, name="settings"),
    path("settings/rubric.csv", rubric.stored, name="rubric-stored"),
    path("settings/rubric/import/", rubric.read_table, name="rubric-import"),
    path("settings/rubric/export/", rubric.write_table, name="rubric-export"),
    path("settings/rubric/of/<uuid:assignment_id>/", rubric.of_another, name="rubric-of"),
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
    path("videos/<uuid:video_id>/comments/", comments.of_video, name="comments"),
    path("comments/<uuid:comment_id>/", comments.edit, name="comment-edit"),
    path("comments/<uuid:comment_id>/delete/", comments.delete, name="comment-delete"),
    path("comments/<uuid:comment_id>/restore/", comments.restore, name="comment-restore"),
    path("comments/<uuid:comment_id>/reply/", comments.reply, name="comment-reply"),
    path("bank/", bank.entries, name="bank"),
    path("bank/<uuid:bank_comment_id>/", bank.edit, name="bank-edit"),
    path("bank/<uuid:bank_comment_id>/delete/", bank.delete, name="bank-delete"),
    path("submit/", submission.submit, name="submit"),
    path("submit/cancel/", submission.cancel, name="submit-cancel"),
    path("attempts/<uuid:attempt_id>/withdraw/", submission.withdraw, name="withdraw"),
    path("receipts/<uuid:attempt_id>/", submission.receipt, name="receipt"),
    path("moodle/", deliveries.troubled, name="deliveries"),
    path("moodle/again/", deliveries.send_again, name="send-again"),
    path("moodle/compare/", deliveries.compare, name="compare"),
    path("moodle/<int:delivery_id>/", deliveries.history, name="delivery"),
    path("moodle/<int:delivery_id>/decide/", deliveries.decide, name="delivery-decide"),
    path("submissions/<uuid:submission_id>/", grading.room, name="room"),
    path("submissions/<uuid:submission_id>/peek/", playback.peek, name="peek"),
    path("submissions/<uuid:submission_id>/release/", grading.release, name="release"),
    path("attempts/<uuid:attempt_id>/mark/", grading.save, name="mark"),
]
