"""Every task of the product, where Celery looks for them. Each is in its room: ids in, one call, safe to run twice."""

from video.cleanup.tasks import abort_abandoned_uploads as abort_abandoned_uploads
from video.cleanup.tasks import check_unchecked as check_unchecked
from video.cleanup.tasks import clear_what_a_killed_worker_left as clear_what_a_killed_worker_left
from video.cleanup.tasks import delete_attachment as delete_attachment
from video.cleanup.tasks import delete_leftover_objects as delete_leftover_objects
from video.cleanup.tasks import delete_object as delete_object
from video.cleanup.tasks import find_vanished_uploads as find_vanished_uploads
from video.feedback.tasks import check_attachment as check_attachment
from video.mail.tasks import ask_for_digests as ask_for_digests
from video.mail.tasks import send_due_mail as send_due_mail
from video.mail.tasks import send_mail as send_mail
from video.roster.tasks import release_asked as release_asked
from video.roster.tasks import release_left_behind as release_left_behind
from video.setup.tasks import forget_unoffered_assignments as forget_unoffered_assignments
from video.spreadsheet.tasks import forget_mark_imports as forget_mark_imports
from video.uploads.tasks import complete_upload as complete_upload
from video.uploads.tasks import verify_upload as verify_upload
