"""The entries of a roster: what NRPS 2.0 (2.3) says of one person, in the shapes that platforms really send.

Numbers for ids and names, a `status` in any case or none, roles as short names, one text or PHP's numbered object,
escaped names, the same person several times. What cannot be read of an entry is as absent; an entry without an id is
nobody's.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lti_tool.roles import Role, role_of
from lti_tool.texts import id_text, is_text

_LONGEST_ID = 255  # OIDC core 2 (sub)
# NRPS 2.0 has Active, Inactive and Deleted. A word that is not known takes nobody off the list.
_NOT_ACTIVE = {"inactive", "deleted", "suspended", "disabled", "removed", "withdrawn"}
_SHORT_ROLES = {
    name.lower(): name
    for name in ("Learner", "Instructor", "Administrator", "ContentDeveloper", "Mentor", "Manager", "TeachingAssistant")
}


@dataclass(frozen=True)
class Member:
    """One person of a roster. `name` and `email` are empty where they were not sent.

    `of_link`: there is an entry that was made for one resource link (it has its `message`, 2.4), which says and leaves
    out what a launch of that link would: `link_name` and `link_email`.
    """

    sub: str
    role: Role
    active: bool = True
    name: str = ""
    email: str = ""
    of_link: bool = False
    link_name: str = ""
    link_email: str = ""


def read(told: Any) -> Member | None:
    """The member of an entry; None where nobody can tell whose it is."""
    if not isinstance(told, dict):
        return None
    sub = _id(told.get("user_id"))
    if not sub:
        return None
    parts = (_plain(told.get("given_name")), _plain(told.get("family_name")))
    email = told.get("email")
    return Member(
        sub=sub,
        role=role_of(_roles(told.get("roles"))),
        active=_is_active(told.get("status")),
        # Moodle escapes HTML in names here, not at launch; ours are plain.
        name=(_plain(told.get("name")) or " ".join(filter(None, parts)))[:255],
        email=_plain(email)[:320] if isinstance(email, str) else "",
        of_link=isinstance(told.get("message"), list | dict) and bool(told["message"]),
    )


def by_sub(members: Iterable[Member]) -> dict[str, Member]:
    """Everybody once, in the order of their ids. Who is listed several times is the most of it, whatever the order."""
    found: dict[str, Member] = {}
    for member in members:
        known = found.get(member.sub)
        found[member.sub] = member if known is None else _together(known, member)
    return dict(sorted(found.items()))


def _together(one: Member, other: Member) -> Member:
    """An enrolment that has ended says nothing of what somebody is by another."""
    first, second = (one, other) if one.active >= other.active else (other, one)
    role = max(first.role, second.role, key=lambda role: role.rank) if first.active == second.active else first.role
    return replace(
        first,
        role=role,
        name=first.name or second.name,
        email=first.email or second.email,
        of_link=first.of_link or second.of_link,
    )


def _id(value: Any) -> str:
    """As text, as a launch's `sub` is; empty for what is no id."""
    text = id_text(value)
    return text if text.strip() and is_text(text, longest=_LONGEST_ID) else ""


def _is_active(status: Any) -> bool:
    """Absent means active (2.3); also a status that is no text at all, but for `false`."""
    if not isinstance(status, str):
        return status is not False
    return re.split(r"[#/:]", status.strip())[-1].lower() not in _NOT_ACTIVE


def _roles(value: Any) -> Iterator[str]:
    """The texts of a list, of an object's values, or of one text with commas."""
    if isinstance(value, str):
        value = value.split(",")
    elif isinstance(value, dict):
        value = list(value.values())
    for role in value if isinstance(value, list) else []:
        if isinstance(role, str):
            plain = role.strip()
            yield _SHORT_ROLES.get(plain.lower(), plain)


def _plain(value: Any) -> str:
    """A text or number as plain text; empty where there is nothing to be seen, such as spaces and direction marks."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    plain = html.unescape(value).strip()
    return plain if is_text(plain) and any(letter.isprintable() and not letter.isspace() for letter in plain) else ""
