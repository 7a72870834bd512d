"""Assignment and Grade Services 2.0: post a score, find or make the line item it belongs to."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from django.utils import timezone

from lti_tool.errors import PlatformError, PlatformRefused, PlatformUnreadable
from lti_tool.models import ResourceLink
from lti_tool.models.score_delivery import ActivityProgress, GradingProgress
from lti_tool.paging import pages
from lti_tool.platform import Answer, call_service
from lti_tool.texts import id_text, is_text

_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCOPE_SCORE = f"{_SCOPE}score"
SCOPE_LINEITEM = f"{_SCOPE}lineitem"
SCOPE_LINEITEM_READONLY = f"{_SCOPE}lineitem.readonly"
SCOPE_RESULT_READONLY = f"{_SCOPE}result.readonly"
_SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
_LINEITEM_TYPE = "application/vnd.ims.lis.v2.lineitem+json"
_RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"
_LINEITEMS_TYPE = "application/vnd.ims.lis.v2.lineitemcontainer+json"
_LONGEST_ADDRESS = 2000
_MADE_NOWHERE = "Moodle made a grade column but did not say where it is."


@dataclass(frozen=True)
class Score:
    """What the gradebook should say. `points` None means no grade (Moodle then clears one that is there)."""

    activity_progress: ActivityProgress
    grading_progress: GradingProgress
    points: Decimal | None
    maximum: Decimal | None
    comment: str
    timestamp: datetime
    started_at: datetime | None = None
    submitted_at: datetime | None = None
    scored_by: str = ""


@dataclass(frozen=True)
class Result:
    """What a gradebook says of somebody: `points` of `maximum` since `timestamp`; None where it does not say."""

    points: Decimal | None
    maximum: Decimal | None
    timestamp: datetime | None


def next_timestamp(last: datetime | None, now: datetime | None = None) -> datetime:
    """Now (by the platform's clock, where it is given) in whole seconds, but later than the person's last one.

    AGS 3.4.5 wants strictly increasing times; Moodle compares whole seconds and answers 409 to an equal one.
    """
    now = (now or timezone.now()).replace(microsecond=0)
    return now if last is None or now > last else last.replace(microsecond=0) + timedelta(seconds=1)


def post_score(link: ResourceLink, sub: str, score: Score) -> Answer:
    """Post one person's score to the link's line item.

    Raises:
        PlatformRefused: also when the link has no line item and none may be made.
        PlatformUnavailable.
    """
    if SCOPE_SCORE not in link.scopes:
        raise PlatformRefused("Moodle did not allow this tool to send grades. Ask the admin to switch grade sync on.")
    if not link.lineitem_url:
        link.refresh_from_db(fields=["lineitem_url"])  # another's score may have found or made it since
    return post_to(link, line_item(link, score.maximum), sub, score)


def post_to(link: ResourceLink, lineitem_url: str, sub: str, score: Score) -> Answer:
    """Post one person's score to a line item of the link's platform.

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    body: dict[str, Any] = {
        "userId": sub,
        "activityProgress": score.activity_progress,
        "gradingProgress": score.grading_progress,
        "timestamp": _iso(score.timestamp),
        "comment": score.comment,  # always sent: Moodle erases the earlier one when it is absent
    }
    if score.points is not None and score.maximum is not None:
        body |= {"scoreGiven": float(score.points), "scoreMaximum": float(score.maximum)}
    if score.scored_by:
        body["scoringUserId"] = score.scored_by
    times = (("startedAt", score.started_at), ("submittedAt", score.submitted_at))
    if submission := {name: _iso(at) for name, at in times if at is not None}:
        body["submission"] = submission
    return call_service(
        link.platform,
        "POST",
        _below(lineitem_url, "scores"),
        scopes=[SCOPE_SCORE],
        accept="application/json",
        content_type=_SCORE_TYPE,
        json_body=json.dumps(body).encode(),
    )


def look_at_line_item(link: ResourceLink) -> None:
    """Ask for the link's line item, whatever it says: a request that changes nothing.

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    scopes = {SCOPE_LINEITEM, SCOPE_LINEITEM_READONLY} & set(link.scopes) or {SCOPE_SCORE}
    call_service(link.platform, "GET", link.lineitem_url, scopes=scopes, accept=_LINEITEM_TYPE)


def trial_score() -> Score:
    """7 of 10, for a column that is deleted again."""
    return Score(
        activity_progress=ActivityProgress.COMPLETED,
        grading_progress=GradingProgress.FULLY_GRADED,
        points=Decimal(7),
        maximum=Decimal(10),
        comment="A check of the connection. This column is deleted again.",
        timestamp=next_timestamp(None),
    )


def result_of(link: ResourceLink, lineitem_url: str, sub: str) -> Result | None:
    """What the platform's gradebook says of somebody in a column; None where it says nothing.

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    found = _results(link, lineitem_url, [("user_id", sub)])
    return next((result for user, result in found if user == sub), None)  # the platform may ignore the filter


def results(link: ResourceLink, lineitem_url: str) -> dict[str, Result]:
    """A whole column, by the people's ids. Without a limit all come (`moodle.md`, 9).

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    return dict(_results(link, lineitem_url, []))


def _results(link: ResourceLink, lineitem_url: str, query: list[tuple[str, str]]) -> Iterator[tuple[str, Result]]:
    listed = _listed(link, _asking(_below(lineitem_url, "results"), query), [SCOPE_RESULT_READONLY], _RESULTS_TYPE)
    return ((id_text(one.get("userId")), _result(one)) for one in listed)


def _asking(url: str, query: list[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *query])))


def _listed(link: ResourceLink, url: str, scopes: Iterable[str], media_type: str) -> Iterator[dict[str, Any]]:
    """What a list of the service holds, on all of its pages.

    Raises:
        PlatformUnavailable, PlatformRefused: as `pages`; also for a page that is no list: an empty one would mean that
            nothing is there, and a second column be made, or everybody's grade be missing.
    """
    for page in pages(link.platform, url, scopes=scopes, accept=media_type):
        if not isinstance(page.json, list) and page.status != 204:
            told = "Moodle's gradebook answered with something else than a list."
            raise PlatformUnreadable(told, status=page.status)
        yield from (one for one in page.json or [] if isinstance(one, dict))


def _result(told: dict[str, Any]) -> Result:
    at = None
    with suppress(ValueError):
        at = datetime.fromisoformat(str(told.get("timestamp")))
    return Result(
        points=_number(told.get("resultScore")),
        maximum=_number(told.get("resultMaximum")),
        timestamp=at if at and at.tzinfo else None,
    )


def _number(told: object) -> Decimal | None:
    if isinstance(told, bool) or not isinstance(told, int | float):
        return None
    number = Decimal(str(told))
    return number.quantize(Decimal("0.00001")) if number.is_finite() and abs(number) < 10_000 else None


def remake_line_item(link: ResourceLink) -> None:
    """Find the activity's column, or make it again: it was deleted in the platform.

    Raises:
        PlatformRefused, PlatformUnavailable: as `line_item`.
    """
    old, link.lineitem_url = link.lineitem_url, ""
    try:
        line_item(link, None)
    except PlatformError:
        link.lineitem_url = old
        raise


def delete_line_item(link: ResourceLink, lineitem_url: str) -> None:
    """Delete a column with every grade in it.

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    call_service(link.platform, "DELETE", lineitem_url, scopes=[SCOPE_LINEITEM], accept=_LINEITEM_TYPE)


def set_maximum(link: ResourceLink, maximum: Decimal) -> bool:
    """Have the link's column count to `maximum`; False where it does already.

    It is read and sent back whole: Moodle forgets to which activity a column belongs, and where its work is reviewed,
    when a PUT does not say it again (`moodle.md`, 10).

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    told = call_service(link.platform, "GET", link.lineitem_url, scopes=[SCOPE_LINEITEM], accept=_LINEITEM_TYPE).json
    if not isinstance(told, dict) or "scoreMaximum" not in told:
        raise PlatformRefused("The platform does not say what the activity's grade column is.")
    if _number(told["scoreMaximum"]) == maximum:
        return False
    call_service(
        link.platform,
        "PUT",
        link.lineitem_url,
        scopes=[SCOPE_LINEITEM],
        accept=_LINEITEM_TYPE,
        content_type=_LINEITEM_TYPE,
        json_body=json.dumps({**told, "scoreMaximum": float(maximum)}).encode(),
    )
    return True


def _below(lineitem_url: str, name: str) -> str:
    """`/scores` or `/results` at the end of the path, before the query that Moodle's have (`?type_id=1`)."""
    parts = urlsplit(lineitem_url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


def line_item(link: ResourceLink, maximum: Decimal | None) -> str:
    """The link's line item: as launched with, else the one that names this link, else a new one.

    Raises:
        PlatformRefused: there is none, and this tool may not make one.
        PlatformUnavailable.
    """
    if link.lineitem_url:
        return link.lineitem_url
    readable = {SCOPE_LINEITEM, SCOPE_LINEITEM_READONLY} & set(link.scopes)
    if not link.lineitems_url or not readable:
        raise PlatformRefused(
            "This activity has no grade column. In Moodle, edit the activity and let it accept grades from the tool."
        )
    found = _find_line_item(link, readable)
    if found is None:
        if SCOPE_LINEITEM not in link.scopes:
            raise PlatformRefused("This activity has no grade column, and this tool may not make one in Moodle.")
        made = _make_line_item(link, label=link.title or "Video assignment", maximum=float(maximum or 100), tied=True)
        found = made or _find_line_item(link, readable)
        if not found:
            raise PlatformRefused(_MADE_NOWHERE)
    link.lineitem_url = found
    link.save(update_fields=["lineitem_url"])
    return found


def still_there(link: ResourceLink) -> bool | None:
    """Whether the platform still has what this link launched from, by its column; None where that does not tell.

    A column goes with its activity, and the restored activity has another (`moodle.md`, 28). Asks once, raises nothing.
    """
    readable = {SCOPE_LINEITEM, SCOPE_LINEITEM_READONLY} & set(link.scopes)
    if not link.lineitem_url or not readable:
        return None
    try:
        item = call_service(link.platform, "GET", link.lineitem_url, scopes=readable, accept=_LINEITEM_TYPE).json
    except PlatformError as error:
        return False if error.status in (404, 410) else None
    told = item.get("resourceLinkId") if isinstance(item, dict) else None
    return told in (None, "") or str(told) == link.resource_link_id


def known_line_item(link: ResourceLink) -> str:
    """The link's line item, looked up where a launch has not told it; empty where there is none, or none may be seen.

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    readable = {SCOPE_LINEITEM, SCOPE_LINEITEM_READONLY} & set(link.scopes)
    if not link.lineitem_url and link.lineitems_url and readable and (found := _find_line_item(link, readable)):
        link.lineitem_url = found
        link.save(update_fields=["lineitem_url"])
    return link.lineitem_url


def _find_line_item(link: ResourceLink, scopes: Iterable[str]) -> str | None:
    url = _asking(link.lineitems_url, [("resource_link_id", link.resource_link_id)])
    for item in _listed(link, url, scopes, _LINEITEMS_TYPE):
        # A platform may ignore the filter, so what it answers is looked at.
        if id_text(item.get("resourceLinkId")) == link.resource_link_id and (found := _address(link, item)):
            return found
    return None


def _address(link: ResourceLink, item: Any) -> str:
    """Where a line item is: its `id` is an address (AGS 2.0, 3.2.9). Empty where it is something else."""
    told = item.get("id") if isinstance(item, dict) else None
    if not isinstance(told, str) or "/" not in told:
        return ""
    with suppress(ValueError):
        found = urljoin(link.lineitems_url, told)
        if found.startswith(("https://", "http://")) and is_text(found, longest=_LONGEST_ADDRESS):
            return found
    return ""


def make_line_item(link: ResourceLink, *, label: str, maximum: float) -> str:
    """The address of a new column, which belongs to no activity.

    Raises:
        PlatformRefused, PlatformUnavailable.
    """
    if not (made := _make_line_item(link, label=label, maximum=maximum, tied=False)):
        raise PlatformRefused(_MADE_NOWHERE)
    return made


def _make_line_item(link: ResourceLink, *, label: str, maximum: float, tied: bool) -> str:
    """Empty where it was made and the answer does not say where: asked again, the platform would make another."""
    wanted: dict[str, Any] = {"scoreMaximum": maximum, "label": label}
    if tied:
        wanted["resourceLinkId"] = link.resource_link_id
    made = call_service(
        link.platform,
        "POST",
        link.lineitems_url,
        scopes=[SCOPE_LINEITEM],
        accept=_LINEITEM_TYPE,
        content_type=_LINEITEM_TYPE,
        json_body=json.dumps(wanted).encode(),
    )
    with suppress(PlatformUnreadable):
        return _address(link, made.json)
    return ""


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
