"""Short statuses, in words: a code for the style sheet, a label, and an explanation where one helps."""

from dataclasses import dataclass

from lti_tool.models import ScoreDelivery
from lti_tool.models.score_delivery import ActivityProgress, GradingProgress
from video.models import Attempt, Grade


@dataclass(frozen=True)
class Chip:
    code: str
    label: str
    explanation: str = ""


NOT_OPENED = Chip("not_opened", "Not opened")
NOT_STARTED = Chip("not_started", "Not started")
UPLOADING = Chip("uploading", "Uploading", "A video is on its way, and not handed in yet.")
CHECKING = Chip("checking", "Being checked", "A video has arrived and is looked into; it is not handed in yet.")
DRAFT = Chip("draft", "Draft, not handed in")
SUBMITTED = Chip("submitted", "Submitted")
LATE = Chip("late", "Submitted late")
RETURNED = Chip("returned", "Marked")  # as its student sees it
GIVEN_BACK = Chip("returned", "Returned", "The student sees the mark.")
UNRELEASED = Chip("unreleased", "Marked, not released", "The student does not see the mark yet.")
CHANGED = Chip("unreleased", "Changed since released", "The student sees the mark as it was released.")
EARLIER_UNRELEASED = Chip("unreleased", "Earlier mark not released", "An earlier video has a mark that waits.")
OVERRIDDEN = Chip("overridden", "Overridden")
SENDS_AGAIN = ("refused", "stuck", "retrying", "cleared")  # what “Send again” may mend
CLEARED = (
    "Moodle took the grade and shows none any more: it was cleared there, as a course reset does. "
    "“Send again” puts it back."
)


def mark_chip(attempt: Attempt, grade: Grade | None) -> Chip:
    """How far an attempt's marking is. (Join the grade's `release`.)"""
    if grade is None or grade.points is None:
        return LATE if attempt.late else SUBMITTED
    if grade.unreleased:
        return CHANGED if grade.returned else UNRELEASED
    return GIVEN_BACK


def delivery_chip(delivery: ScoreDelivery | None, *, for_staff: bool = True) -> Chip | None:
    """How far Moodle's gradebook is behind; None where nothing is owed to it.

    A student is told where the grade is, not why Moodle refused it: only the teacher can act on that.
    """
    if delivery is None:
        return None
    if delivery.state == ScoreDelivery.State.SENT:
        return _sent(delivery, for_staff=for_staff)
    if delivery.state in (ScoreDelivery.State.CHANGED, ScoreDelivery.State.KEPT):
        kept = delivery.state == ScoreDelivery.State.KEPT
        why = delivery.last_answer if for_staff else "Your teacher decides which one counts."
        return Chip("kept" if kept else "changed", "Moodle's grade kept" if kept else "Another grade in Moodle", why)
    if delivery.state == ScoreDelivery.State.REFUSED:
        why = delivery.last_answer if for_staff else "Your teacher can see why. Your work is safe here."
        return Chip("refused", "Not accepted by Moodle", why)
    why = f"{delivery.last_answer} " if for_staff else ""
    if delivery.state == ScoreDelivery.State.STUCK:
        then = "It is also tried again by itself now and then." if for_staff else "Your teacher can see why."
        return Chip("stuck", "Moodle has an error", f"{why}{then}")
    if delivery.own_errors and delivery.tries:
        return Chip("retrying", "Being tried again", f"{why}Moodle answers others. It is tried again by itself.")
    if delivery.tries:
        return Chip("retrying", "Moodle is not reachable", f"{why}It is tried again by itself until it arrives.")
    thing = "Grade" if delivery.grading_progress == GradingProgress.FULLY_GRADED else "Status"
    return Chip("waiting", "On its way to Moodle", f"{thing} is sent in a moment.")


def _sent(delivery: ScoreDelivery, *, for_staff: bool) -> Chip:
    if delivery.grading_progress != GradingProgress.FULLY_GRADED:
        back = delivery.activity_progress == ActivityProgress.STARTED
        what = "taken back" if back else "handed in"
        return Chip("told", "Moodle knows", f"Moodle knows that it was {what}. It has no grade from here yet.")
    if delivery.cleared_there and for_staff:
        return Chip("cleared", "No grade in Moodle", CLEARED)
    if delivery.differs and for_staff:
        return Chip("differs", "Moodle shows another", "Moodle's gradebook shows another grade than what was sent.")
    return Chip("sent", "In Moodle's gradebook", "Grade accepted by Moodle.")
