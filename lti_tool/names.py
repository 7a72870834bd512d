"""What somebody is called here, where platforms may send no personal data at all."""

_NO_NAME = "(no name sent)"
_LONGEST = 255


def name_or_stand_in(name: str, email: str, sub: str) -> str:
    """What to call somebody: by name, else by e-mail address, else a word for a person without a name."""
    return (name or email)[:_LONGEST] or f"Person {sub[:12]} {_NO_NAME}"


def is_stand_in(name: str) -> bool:
    """True for a name that `name_or_stand_in` made up."""
    return name.endswith(_NO_NAME)


def name_now(known: str, known_email: str, *, name: str, email: str, sub: str, forget: bool) -> str:
    """What to call somebody who was called `known`, now that `name` (perhaps empty) was told and `email` holds.

    Args:
        forget: who told the name before has left it out.
    """
    by_address = bool(known_email) and known == known_email[:_LONGEST]
    if name or forget or by_address or is_stand_in(known):
        return name_or_stand_in(name, email, sub)
    return known
