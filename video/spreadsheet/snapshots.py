"""Marks as JSON: what a row of a file wants, and how a mark was before."""

from decimal import Decimal
from typing import Any

from video.grading.marks import Mark
from video.models import Grade, Release
from video.rubrics import rubrics
from video.rubrics.rubrics import Rubric, short


def of_change(before: Mark, after: Mark) -> dict[str, Any]:
    """The parts that differ; empty for none. Points, scores and override go together, as they depend on each other."""
    wanted: dict[str, Any] = {}
    if (before.points, before.scores, before.overridden) != (after.points, after.scores, after.overridden):
        wanted = {
            "points": _text(after.points),
            "scores": rubrics.scores_as_json(after.scores),
            "overridden": after.overridden,
        }
    if before.feedback != after.feedback:
        wanted["feedback"] = after.feedback
    return wanted


def changed(mark: Mark, wanted: dict[str, Any], rubric: Rubric) -> Mark:
    """`mark` with what `of_change` wrote. Raises ValidationError where the rubric takes those scores no more."""
    has_points = "points" in wanted
    return Mark(
        points=points_of(wanted) if has_points else mark.points,
        scores=rubrics.scores_of(rubric, wanted["scores"]) if has_points else mark.scores,
        overridden=wanted["overridden"] if has_points else mark.overridden,
        feedback=wanted.get("feedback", mark.feedback),
        private_note=mark.private_note,
    )


def of_grade(grade: Grade | None) -> dict[str, Any]:
    """A mark with its release, so that both can be put back (`grades.put_back`)."""
    if grade is None:
        empty: dict[str, Any] = {"points": None, "scores": {}, "overridden": False, "feedback": ""}
        return {**empty, "unreleased": True, "grader": None, "release": None}
    return {
        "points": _text(grade.points),
        "scores": grade.scores,
        "overridden": grade.overridden,
        "feedback": grade.feedback,
        "unreleased": grade.unreleased,
        "grader": str(grade.grader_id) if grade.grader_id else None,
        "release": _of_release(grade.returned),
    }


def points_of(snapshot: dict[str, Any]) -> Decimal | None:
    return None if snapshot["points"] is None else Decimal(snapshot["points"])


def _of_release(release: Release | None) -> dict[str, Any] | None:
    if release is None:
        return None
    return {
        "points": _text(release.points),
        "scores": release.scores,
        "overridden": release.overridden,
        "feedback": release.feedback,
        "by_id": str(release.by_id) if release.by_id else None,
        "at": release.at.isoformat(),
        "seen_at": release.seen_at.isoformat() if release.seen_at else None,
    }


def _text(points: Decimal | None) -> str | None:
    return None if points is None else short(points)
