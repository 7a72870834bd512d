"""Marks and rubrics in templates."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template

from video.grading import marks
from video.grading.marks import CriterionFields, CriterionRow, RubricResult
from video.models import Assignment, Grade, OwnMark, Release

register = template.Library()


@register.filter
def mark_of(points: Decimal | None, assignment: Assignment) -> str:
    """Points as their assignment says them: `87.5 of 100`, `Passed`, or `not marked`."""
    return marks.in_words(assignment, points)


@register.simple_tag
def criterion_rows(assignment: Assignment, mark: Grade | Release | OwnMark | None = None) -> list[CriterionRow]:
    """`{% criterion_rows assignment release as rows %}`: the rubric's criteria, with what that mark gives each."""
    return marks.criterion_rows(assignment, mark)


@register.simple_tag
def criterion_fields(
    rows: list[CriterionRow], typed: Mapping[str, Any] | None, errors: Mapping[str, list[str]] | None
) -> list[CriterionFields]:
    """`{% criterion_fields page.criteria typed errors as fields %}`: the same as fields of a form."""
    return marks.criterion_fields(rows, typed, errors)


@register.simple_tag
def rubric_result(assignment: Assignment, mark: Grade | Release | OwnMark | None) -> RubricResult:
    """`{% rubric_result assignment release as result %}`: what a student sees of a rubric, `release` None: before."""
    return marks.rubric_result(assignment, mark)
