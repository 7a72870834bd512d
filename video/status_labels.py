"""Short statuses, in words: a code for the style sheet, a label, and an explanation where one helps."""

from dataclasses import asdict, dataclass

from lti_tool.models import ScoreDelivery
from lti_tool.models.score_delivery import ActivityProgress, GradingProgress
from video.models import Attempt, Grade


@dataclass(frozen=True)
class StatusLabel:
    code: str
    label: str
    explanation: str = ""


def as_json(status_label: StatusLabel | None) -> dict[str, str] | None:
    """For a page's script, which draws it as `parts/status_label.html` does."""
    return asdict(status_label) if status_label else None


NOT_OPENED = StatusLabel("not_opened", "Not opened")
NOT_STARTED = StatusLabel("not_started", "Not started")
UPLOADING = StatusLabel("uploading", "Uploading", "A video is on its way, and not handed in yet.")
CHECKING = StatusLabel("checking", "Being checked", "A video has arrived and is looked into; it is not handed in yet.")
DRAFT = StatusLabel("draft", "Draft, not handed in")
SUBMITTED = StatusLabel("submitted", "Submitted")
LATE = StatusLabel("late", "Submitted late")
RETURNED = StatusLabel("returned", "Marked")  # as its student sees it
GIVEN_BACK = StatusLabel("returned", "Returned", "The student sees the mark.")
UNRELEASED = StatusLabel("unreleased", "Marked, not released", "The student does not see the mark yet.")
CHANGED = StatusLabel("unreleased", "Changed since released", "The student sees the mark as it was released.")
EARLIER_UNRELEASED = StatusLabel("unreleased", "Earlier mark not released", "An earlier video has a mark that waits.")
OVERRIDDEN = StatusLabel("overridden", "Overridden")
SENDS_AGAIN = ("refused", "stuck", "retrying", "cleared")  # what “Send again” may mend
CLEARED = (
    "Moodle took the grade and shows none any more: it was cleared there, as a course reset does. "
    "“Send again” puts it back."
)


def mark_label(attempt: Attempt, grade: Grade | None) -> StatusLabel:
    """How far an attempt's marking is. (Join the grade's `release`.)"""
    if grade is None or grade.points is None:
        return LATE if attempt.late else SUBMITTED
    if grade.unreleased:
        return CHANGED if grade.returned else UNRELEASED
    return GIVEN_BACK


def delivery_label(delivery: ScoreDelivery | None, *, for_staff: bool = True) -> StatusLabel | None:
    """How far Moodle's gradebook is behind; None where nothing is to be sent there.

    A student is told where the grade is, not why Moodle refused it: only the teacher can act on that.
    """
    if delivery is None:
        return None
    if delivery.state == ScoreDelivery.State.SENT:
        return _sent(delivery, for_staff=for_staff)
    if delivery.state in (ScoreDelivery.State.CHANGED, ScoreDelivery.State.KEPT):
        kept = delivery.state == ScoreDelivery.State.KEPT
        why = delivery.last_answer if for_staff else "Your teacher decides which one counts."
        return StatusLabel(
            "kept" if kept else "changed", "Moodle's grade kept" if kept else "Another grade in Moodle", why
        )
    if delivery.state == ScoreDelivery.State.REFUSED:
        why = delivery.last_answer if for_staff else "Your teacher can see why. Your work is safe here."
        return StatusLabel("refused", "Not accepted by Moodle", why)
    why = f"{delivery.last_answer} " if for_staff else ""
    if delivery.state == ScoreDelivery.State.STUCK:
        then = "It is also tried again by itself now and then." if for_staff else "Your teacher can see why."
        return StatusLabel("stuck", "Moodle has an error", f"{why}{then}")
    if delivery.own_errors and delivery.tries:
        return StatusLabel("retrying", "Being tried again", f"{why}Moodle answers others. It is tried again by itself.")
    if delivery.tries:
        return StatusLabel("retrying", "Moodle is not reachable", f"{why}It is tried again by itself until it arrives.")
    thing = "Grade" if delivery.grading_progress == GradingProgress.FULLY_GRADED else "Status"
    return StatusLabel("waiting", "On its way to Moodle", f"{thing} is sent in a moment.")


def _sent(delivery: ScoreDelivery, *, for_staff: bool) -> StatusLabel:
    if delivery.grading_progress != GradingProgress.FULLY_GRADED:
        back = delivery.activity_progress == ActivityProgress.STARTED
        what = "taken back" if back else "handed in"
        return StatusLabel("told", "Moodle knows", f"Moodle knows that it was {what}. It has no grade from here yet.")
    if delivery.cleared_there and for_staff:
        return StatusLabel("cleared", "No grade in Moodle", CLEARED)
    if delivery.differs and for_staff:
        return StatusLabel(
            "differs", "Moodle shows another", "Moodle's gradebook shows another grade than what was sent."
        )
    return StatusLabel("sent", "In Moodle's gradebook", "Grade accepted by Moodle.")
