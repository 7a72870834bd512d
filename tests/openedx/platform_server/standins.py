"""Stand-ins for the modules of edx-platform that the LTI package imports (see its plugin/compat.py).

Each answers for our one course what the real one answers. They are put into `sys.modules`, because the package imports
them by name inside functions, and edx-platform itself is not to be had from PyPI.
"""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

from opaque_keys.edx.keys import CourseKey, UsageKey


class CourseWaffleFlag:
    """Every optional feature is off."""

    def __init__(self, name: str, module_name: str) -> None:
        self.name = name

    def is_enabled(self, course_key: CourseKey | None = None) -> bool:
        return False


class OverEnrollmentLimitError(Exception):
    """Raised by edx-platform for courses of more than 1000 people; ours never is."""


def modulestore() -> SimpleNamespace:
    """Where blocks are kept."""

    def get_item(key: UsageKey) -> Any:
        from platform_server.block import load_block

        return load_block(key)

    return SimpleNamespace(get_item=get_item)


def get_block_for_descriptor(*, user: Any, block: Any, **kwargs: Any) -> Any:
    """Bind a block to a person; nobody (AnonymousUser) is what it is already bound to."""
    if user.is_authenticated:
        block.runtime.sign_in(user)
    return block


def get_course_by_id(course_key: CourseKey) -> Any:
    from platform_server.course import Course

    return Course()


def get_course_members(course_key: CourseKey) -> dict[int, dict[str, Any]]:
    """Who is in the course, by primary key; edx-platform lists the enrolment as a role, before those of the team."""
    from platform_server.models import Profile

    return {
        profile.user.pk: {
            "id": profile.user.pk,
            "username": profile.user.username,
            "email": profile.user.email,
            "name": profile.name,
            "enrollment_mode": "audit",
            "roles": ["student", *filter(None, [profile.course_role])],
        }
        for profile in Profile.objects.select_related("user")
    }


def get_user_role_names(user: Any, course_key: CourseKey) -> set[str]:
    """Roles in the course's forum: edx-platform has its teaching assistants there."""
    return {"Student", user.profile.forum_role} - {""}


def install() -> None:
    """Make the names importable. Call it once Django's apps are loaded: one of them is a model."""
    from platform_server.models import ExternalId

    _provide("openedx.core.djangoapps.waffle_utils", CourseWaffleFlag=CourseWaffleFlag)
    _provide("openedx.core.djangoapps.external_user_ids.models", ExternalId=ExternalId)
    _provide("openedx.core.djangoapps.xblock.api")  # blocks of libraries; imported, never called for a course
    _provide("openedx.core.lib.courses", get_course_by_id=get_course_by_id)
    _provide("xmodule.modulestore.django", modulestore=modulestore)
    _provide("lms.djangoapps.courseware.block_render", get_block_for_descriptor=get_block_for_descriptor)
    _provide("lms.djangoapps.course_api.api", get_course_members=get_course_members)
    _provide("lms.djangoapps.course_api.exceptions", OverEnrollmentLimitException=OverEnrollmentLimitError)
    _provide("lms.djangoapps.discussion.django_comment_client.utils", get_user_role_names=get_user_role_names)


def _provide(name: str, **content: Any) -> None:
    """A module of this dotted name with this content, and its parents as packages."""
    parent, _, child = name.rpartition(".")
    module = sys.modules.setdefault(name, ModuleType(name))
    module.__dict__.setdefault("__path__", [])
    vars(module).update(content)
    if parent:
        _provide(parent)
        setattr(sys.modules[parent], child, module)
