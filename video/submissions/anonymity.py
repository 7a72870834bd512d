"""Anonymous marking: nobody who marks sees whose work it is before its mark is released."""

import hashlib
import uuid

from django.db.models import CharField, F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import MD5, Cast, Concat, Replace, Substr, Upper

from lti_tool.models import Person
from video.models import Assignment, Submission

_LETTERS = 8


def alias(assignment: Assignment, person_id: uuid.UUID) -> str:
    """Such as `Student 3F9A21BC`: the same person has another one at each assignment."""
    digest = hashlib.md5(f"{assignment.alias_salt}{person_id.hex}".encode(), usedforsecurity=False)
    return f"Student {digest.hexdigest()[:_LETTERS].upper()}"


def alias_in_sql(assignment: Assignment, person_id: str = "pk") -> Combinable:
    """The same of a query's rows: to sort and search by what is shown, for another order would tell who it is."""
    digits = Replace(Cast(F(person_id), CharField()), Value("-"), Value(""))
    digest = MD5(Concat(Value(assignment.alias_salt), digits))
    return Concat(Value("Student "), Upper(Substr(digest, 1, _LETTERS)), output_field=CharField())


def name_for_markers(submission: Submission, *, released: bool) -> str:
    """The person's name, or the alias while it is hidden."""
    person: Person = submission.person
    return alias(submission.assignment, person.pk) if hidden(submission.assignment, released=released) else person.name


def hidden(assignment: Assignment, *, released: bool) -> bool:
    """Whether markers may not know whose work it is, by whether a mark of it was released."""
    return assignment.anonymous and not released
