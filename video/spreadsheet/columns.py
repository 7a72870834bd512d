"""What the columns of a file of marks are called."""

from enum import StrEnum

from django.core.exceptions import ValidationError

from video.models import Assignment, Grade
from video.rubrics import rubrics
from video.rubrics.rubrics import Criterion, Rubric, Score


class Column(StrEnum):
    """Headings in the order of the file; a rubric's criteria stand before OVERRIDDEN."""

    IDENTIFIER = "Identifier"
    NAME = "Name"
    EMAIL = "E-mail"
    STATUS = "Status"
    ATTEMPT = "Attempt"
    HANDED_IN = "Handed in"
    LATE = "Late"
    LENGTH = "Length"
    POINTS = "Points"
    MAXIMUM = "Maximum"
    PASSED = "Passed"
    OVERRIDDEN = "Overridden"
    FEEDBACK = "Feedback"
    COMMENTS = "Comments"
    RELEASED = "Released"
    RELEASED_AT = "Released at"
    DELIVERY = "Moodle"
    MARKER = "Marker"
    VERSION = "Version"
    ASSIGNMENT = "Assignment"


WHO = (Column.IDENTIFIER, Column.EMAIL, Column.NAME)
_OF_A_RUBRIC = (Column.OVERRIDDEN,)
_OF_PASS_OR_FAIL = (Column.PASSED,)


def rubric_of(assignment: Assignment) -> Rubric:
    """Empty where the assignment is not marked by one."""
    return rubrics.stored(assignment.rubric) if assignment.grading == Assignment.Grading.RUBRIC else Rubric()


def scores_of(rubric: Rubric, grade: Grade | None) -> dict[str, Score]:
    """As `marks.scores_shown`, for many grades of one rubric."""
    try:
        return rubrics.scores_of(rubric, grade.scores if grade else {})
    except ValidationError:  # the rubric was changed since
        return {}


def headings(assignment: Assignment) -> list[str]:
    """Those of an export, without what this way of marking has no use for."""
    left_out = {
        Assignment.Grading.POINTS: (*_OF_A_RUBRIC, *_OF_PASS_OR_FAIL),
        Assignment.Grading.RUBRIC: _OF_PASS_OR_FAIL,
        Assignment.Grading.PASS_FAIL: _OF_A_RUBRIC,
    }[Assignment.Grading(assignment.grading)]
    names = [str(column) for column in Column if column not in left_out]
    criteria = list(criterion_headings(rubric_of(assignment)))
    if criteria:
        at = names.index(Column.OVERRIDDEN)
        names[at:at] = criteria
    return names


def criterion_headings(rubric: Rubric) -> dict[str, Criterion]:
    """Each criterion by its column's heading, such as `Rubric: Voice`; no two can be taken for each other."""
    found: dict[str, Criterion] = {}
    taken = {plain(column) for column in Column}
    for criterion in rubric.criteria:
        title = " ".join(criterion.title.split())
        heading, copy = f"Rubric: {title}", 2
        while plain(heading) in taken:
            heading, copy = f"Rubric: {title} ({copy})", copy + 1
        taken.add(plain(heading))
        found[heading] = criterion
    return found


def plain(heading: str) -> str:
    """Letters and digits alone, in small letters: `E-mail` and ` email` are the same column."""
    return "".join(char for char in heading.casefold() if char.isalnum())
