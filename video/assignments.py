"""The assignment behind a launch."""

from lti_tool.models import LaunchSession, ResourceLink
from video.models import Assignment


def assignment_of(launch: LaunchSession) -> Assignment | None:
    """The assignment of this launch's link; None until a teacher has set it up."""
    return (
        Assignment.objects.select_related("resource_link__platform").filter(resource_link=launch.resource_link).first()
    )


def new_assignment(link: ResourceLink) -> Assignment:
    """A working assignment with Moodle's own title and description; not stored yet."""
    return Assignment(resource_link=link, title=(link.title or "Video assignment")[:255], instructions=link.description)
