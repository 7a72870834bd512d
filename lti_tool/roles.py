"""Role URIs of LTI 1.3 (core, appendix A.2) -> what somebody may do here."""

from collections.abc import Iterable

from django.db import models


class Role(models.TextChoices):
    STUDENT = "student"
    ASSISTANT = "assistant"
    TEACHER = "teacher"
    ADMIN = "admin"

    @classmethod
    def staff(cls) -> frozenset["Role"]:
        """Who may see other people's work."""
        return frozenset({cls.ASSISTANT, cls.TEACHER, cls.ADMIN})

    @classmethod
    def editors(cls) -> frozenset["Role"]:
        """Who may set up assignments."""
        return frozenset({cls.TEACHER, cls.ADMIN})

    @property
    def rank(self) -> int:
        """How much it may do: 0 for a student."""
        return (Role.STUDENT, Role.ASSISTANT, Role.TEACHER, Role.ADMIN).index(self)


_VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
_CONTEXT = f"{_VOCABULARY}membership#"
_CONTEXT_SUB_ROLE = f"{_VOCABULARY}membership/"
_INSTITUTION = f"{_VOCABULARY}institution/person#"
_SYSTEM = f"{_VOCABULARY}system/person#"
_PERSON = f"{_VOCABULARY}person#"  # as LIS wrote it before LTI 1.3 told institution and system apart
_ASSISTANT_SUB_ROLES = {"TeachingAssistant", "Grader", "TeachingAssistantGroup", "TeachingAssistantSection"} | {
    f"TeachingAssistant{part}" for part in ("SectionAssociation", "Offering", "Template")
}


def role_of(uris: Iterable[str]) -> Role:
    """The one role that a launch's list of role URIs (or short names) gives; student where nothing is known.

    What somebody is in the course decides, and of that the least where assistant and teacher are both said: a teaching
    assistant comes as Instructor and Instructor#TeachingAssistant together. Administrators of the institution or site
    are admins, unless the launch says they are a learner here, as Moodle does after "Switch role to... Student".
    """
    in_course: set[str] = set()
    sub_roles: set[str] = set()
    elsewhere: set[str] = set()
    for uri in uris:
        if uri.startswith(_CONTEXT):
            in_course.add(uri.removeprefix(_CONTEXT))
        elif uri.startswith(_CONTEXT_SUB_ROLE):
            core, _, sub_role = uri.removeprefix(_CONTEXT_SUB_ROLE).partition("#")
            in_course.add(core)
            sub_roles.add(sub_role)
        elif uri.startswith((_INSTITUTION, _SYSTEM, _PERSON)):
            elsewhere.add(uri.partition("#")[2])
        elif ":" not in uri and "/" not in uri:
            in_course.add(uri)  # a short name, allowed for context roles only (core, A.2.3)
    learner_only = "Learner" in in_course and not in_course & {"Instructor", "Administrator", "TeachingAssistant"}
    if "Administrator" in in_course or (elsewhere & {"Administrator", "SysAdmin"} and not learner_only):
        return Role.ADMIN
    if sub_roles & _ASSISTANT_SUB_ROLES or "TeachingAssistant" in in_course:
        return Role.ASSISTANT
    if "Instructor" in in_course:
        return Role.TEACHER
    return Role.STUDENT
