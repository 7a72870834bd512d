"""What a page says of imports of marks."""

from django import template

from lti_tool.models import LaunchSession
from video.models import Assignment, MarkImport
from video.spreadsheet import applying, delimiters

register = template.Library()


@register.simple_tag
def last_undoable_import(launch: LaunchSession, assignment: Assignment) -> MarkImport | None:
    """See `applying.last_undoable`."""
    return applying.last_undoable(launch, assignment)


@register.simple_tag(takes_context=True)
def export_styles(context: dict[str, object]) -> list[delimiters.Choice]:
    """The ways to write an export, with this person's own chosen."""
    return delimiters.styles(context["request"])  # type: ignore[arg-type]  # a page of a launch
