"""The one course: its people, and the LTI block in it as its author filled it in."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from lti_consumer.models import CourseAllowPIISharingInLTIFlag
from opaque_keys.edx.keys import CourseKey, UsageKey

from platform_server.models import ExternalId, Profile

COURSE_KEY = CourseKey.from_string("course-v1:Reelmark+FILM101+2026")
BLOCK_KEY = UsageKey.from_string("block-v1:Reelmark+FILM101+2026+type@lti_consumer+block@presentation")
POINTS = 20


@dataclass(frozen=True)
class Course:
    """What the package reads of a course."""

    display_name_with_default: str = "Film and Speech"
    display_org_with_default: str = "Reelmark"
    lti_passports: tuple[str, ...] = ()  # LTI 1.1 only


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    course_role: str = ""
    forum_role: str = ""
    global_staff: bool = False


# Everybody is enrolled, the team too, as it has to be to see the course as students do. So the roster calls the teacher
# Instructor *and* Learner, and the site's admin nothing but Learner, whatever their launches say.
PEOPLE = (
    Person("teacher", "Theodora Lang", course_role="staff"),
    Person("admin", "Ada Minister", global_staff=True),
    Person("assistant", "Asim Tanaka", forum_role="Community TA"),
    Person("student1", "Sinéad O'Connor & Söhne"),
    Person("student2", "李 小龍"),
    Person("student3", "Stella Third"),
    Person("student4", "Stefan Fourth"),
    Person("student5", "Stine Fifth"),
)


def block_fields() -> dict[str, Any]:
    """The block's settings, as an author types them into Studio."""
    return {
        "display_name": "Record a presentation",
        "lti_version": "lti_1p3",
        "lti_1p3_oidc_url": settings.TOOL_LOGIN_URL,
        "lti_1p3_launch_url": settings.TOOL_LAUNCH_URL,
        "lti_1p3_redirect_uris": [settings.TOOL_LAUNCH_URL],
        "lti_1p3_tool_key_mode": "keyset_url",
        "lti_1p3_tool_keyset_url": settings.TOOL_JWKS_URL,
        "lti_1p3_enable_nrps": True,
        "lti_advantage_ags_mode": settings.AGS_MODE,
        "custom_parameters": ["week=7"],
        "has_score": True,
        "weight": float(POINTS),
        "ask_to_send_username": True,
        "ask_to_send_full_name": True,
        "ask_to_send_email": True,
    }


def enrol_everybody() -> None:
    """Fill an empty database. Names and addresses may be shared: otherwise the roster holds ids alone."""
    CourseAllowPIISharingInLTIFlag.objects.create(course_id=COURSE_KEY, enabled=True)
    for person in PEOPLE:
        email = f"{person.username}@example.org"
        user = User.objects.create(username=person.username, email=email, is_staff=person.global_staff)
        Profile.objects.create(
            user=user, name=person.name, course_role=person.course_role, forum_role=person.forum_role
        )
        ExternalId.add_new_user_id(user, "lti")
