"""Custom parameters with Moodle's manners (recorded)."""

import re
from collections.abc import Callable

from demo.lms.launches import Launch

# What is filled in; any other variable stays as it was written.
VARIABLES: dict[str, Callable[[Launch], str]] = {
    "Context.id": lambda launch: str(launch.course["id"]),
    "Context.title": lambda launch: str(launch.course["title"]),
    "Context.id.history": lambda launch: str(launch.course["history"]),
    "ResourceLink.id": lambda launch: str(launch.link["id"]) if launch.link else "",
    "ResourceLink.title": lambda launch: str(launch.link["title"]) if launch.link else "",
    "User.id": lambda launch: launch.person.id,
    "User.username": lambda launch: f"person{launch.person.id}",
    "Person.name.full": lambda launch: launch.person.name,
    "Person.name.given": lambda launch: launch.person.given,
    "Person.name.family": lambda launch: launch.person.family,
    "Person.email.primary": lambda launch: launch.person.email,
    "Moodle.Person.userGroupIds": lambda launch: launch.person.groups,
}


def custom_claim(launch: Launch, *sets: dict[str, str]) -> dict[str, str]:
    """The custom claim of `sets`, of which a later one wins."""
    claim: dict[str, str] = {}
    for given in sets:
        # Moodle keeps them as lines, so a line break in a value begins another parameter.
        for line in "\n".join(f"{name}={value}" for name, value in given.items()).splitlines():
            name, equals, value = line.partition("=")
            if not equals:
                continue
            claim[re.sub("[^a-z0-9]", "_", name.lower())] = claim[name] = _filled(launch, value)
    return claim


def _filled(launch: Launch, value: str) -> str:
    if value.startswith("\\$"):
        return value[1:]
    variable = VARIABLES.get(value[1:]) if value.startswith("$") else None
    return variable(launch) if variable else value
