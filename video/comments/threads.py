"""Comments at moments of a video by its markers, and replies to them, its student's too."""

import math
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Subquery
from django.http import Http404
from django.utils import timezone

from lti_tool.models import LaunchSession, Membership
from lti_tool.names import is_stand_in
from lti_tool.roles import Role
from video import events
from video.media.durations import clock
from video.models import Attempt, Comment, Event, Release, Video
from video.problems import Problem
from video.submissions import anonymity, locking

MOST_TEXT = 5000  # characters
MOST_COMMENTS = 500  # of a video
MOST_REPLIES = 100  # to a comment
MOST_SECONDS = 7 * 24 * 3600  # where the video's length is not known
_BEYOND = 1.0  # seconds: a player may know the end of a film a little later than we do
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Said:
    """What somebody typed: seconds from the beginning, `until` None for a moment."""

    at: float
    until: float | None
    text: str


@dataclass(frozen=True)
class Shown:
    """A comment as one launch sees it. `author` is a name, an alias, or what the person is; a reply's `at` is None.

    `waits`: for staff alone, its student does not see it as it is, for the mark was released before.
    """

    id: uuid.UUID
    at: float | None
    until: float | None
    text: str
    author: str
    own: bool
    created_at: datetime
    edited: bool
    may_edit: bool
    may_delete: bool
    may_reply: bool
    waits: bool = False
    replies: list["Shown"] = field(default_factory=list)

    @property
    def when(self) -> str:
        """Such as `0:20` or `0:20 to 0:35`: the second that has begun, as players show it."""
        if self.at is None:
            return ""
        begins = clock(math.floor(self.at))
        return begins if self.until is None else f"{begins} to {clock(math.floor(self.until))}"

    @property
    def as_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "at": self.at,
            "until": self.until,
            "text": self.text,
            "author": self.author,
            "own": self.own,
            "created_at": self.created_at.isoformat(),
            "edited": self.edited,
            "may_edit": self.may_edit,
            "may_delete": self.may_delete,
            "may_reply": self.may_reply,
            "waits": self.waits,
            "replies": [reply.as_json for reply in self.replies],
        }


def shown(*, launch: LaunchSession, videos: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Shown]]:
    """The comments of these videos that the launch may see, by their moments, with their replies: in one statement."""
    rows = list(_joined(launch).filter(video__in=list(videos)))
    replies: dict[uuid.UUID, list[Shown]] = {}
    for row in sorted((row for row in rows if row.reply_to_id), key=lambda row: row.created_at):
        replies.setdefault(row.reply_to_id, []).append(_shown(row, launch, []))
    found: dict[uuid.UUID, list[Shown]] = {}
    for row in rows:
        if not row.reply_to_id:
            found.setdefault(row.video_id, []).append(_shown(row, launch, replies.get(row.pk, [])))
    for listed in found.values():
        listed.sort(key=lambda comment: (comment.at or 0, comment.created_at))
    return found


def shown_one(*, launch: LaunchSession, comment: Comment) -> Shown | None:
    """One comment or reply, its own replies aside; None where the launch does not see it (any more)."""
    row = _joined(launch).filter(pk=comment.pk).first()
    return _shown(row, launch, []) if row is not None else None


def name_of(launch: LaunchSession) -> str:
    """What the launch's own person is called in the list of comments."""
    return "You" if is_stand_in(launch.person.name) else launch.person.name


def read(video: Video, typed: Mapping[str, Any]) -> Said:
    """A comment from `at` and `until` (numbers of seconds; until may be empty) and `text`.

    Raises:
        ValidationError: by field, in words.
    """
    errors: dict[str, str] = {}
    values: dict[str, float | None] = {"at": None, "until": None}
    for name in values:
        try:
            values[name] = _seconds(typed.get(name), video)
        except ValidationError as error:
            errors[name] = error.messages[0]
    text = ""
    try:
        text = read_text(typed)
    except ValidationError as error:
        errors["text"] = error.messages[0]
    at, until = values["at"], values["until"]
    if at is None:
        errors.setdefault("at", "Type the time that it is about, such as 1:15.")
    elif until is not None and until <= at and "at" not in errors:
        errors.setdefault("until", "The end of a span comes after its beginning.")
    if errors or at is None:
        raise ValidationError({name: [message] for name, message in errors.items()})
    return Said(at=at, until=until, text=text)


def read_text(typed: Mapping[str, Any]) -> str:
    """The plain text of a comment or reply. Raises ValidationError for `text`, in words."""
    text = plain_text(typed.get("text"))
    if not text:
        raise ValidationError({"text": "Type what you want to say first."})
    if len(text) > MOST_TEXT:
        raise ValidationError({"text": f"This is too long: at most {MOST_TEXT:,} characters."})
    return text


def plain_text(value: Any) -> str:
    """A typed text as the database takes it; empty for what is no text."""
    return _NOT_TEXT.sub("", value).replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def read_id(typed: Mapping[str, Any]) -> uuid.UUID | None:
    """The id that the browser made, so that a request it repeats makes no second comment; None where it made none."""
    value = typed.get("id")
    if value in (None, ""):
        return None
    try:
        return uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise Problem("bad_request", "The request could not be read.", "Reload the page and try again.") from None


def add(*, launch: LaunchSession, video: Video, said: Said, comment_id: uuid.UUID | None = None) -> Comment:
    """Say something at a moment of a handed-in video. The same id from the same author is the same comment.

    Raises:
        Problem: its student has taken it back, or there are too many.
        Http404: the id is another's.
    """
    new = Comment(video=video, author=launch.person, at=said.at, until=said.until, text=said.text)
    return _said(launch, _add(launch, new, comment_id, most=MOST_COMMENTS), said)


def reply(*, launch: LaunchSession, to: Comment, text: str, comment_id: uuid.UUID | None = None) -> Comment:
    """Answer a comment fetched by `visible_to`: whoever sees that one sees this at once. Raises as `add`."""
    new = Comment(video=to.video, author=launch.person, text=text, reply_to=to)
    return _said(launch, _add(launch, new, comment_id, most=MOST_REPLIES), text)


def edit(*, launch: LaunchSession, comment: Comment, said: Said | str) -> None:
    """Say it otherwise; a reply, by its text alone. Its student sees a reply at once, all else with a release."""
    with transaction.atomic():
        locking.locked(comment.video.attempt)
        comment.refresh_from_db(fields=["at", "until", "text", "edited_at", "given", "deleted_at"])
        if comment.deleted_at is not None:
            raise Http404
        before = Said(at=comment.at or 0, until=comment.until, text=comment.text)
        if said in (before, before.text if comment.reply_to_id else None):
            return
        if isinstance(said, str):
            comment.text = said
        else:
            comment.at, comment.until, comment.text = said.at, said.until, said.text
            _keep_given(comment, before)
        comment.edited_at = timezone.now()
        comment.save(update_fields=["at", "until", "text", "edited_at", "given"])
        _changed(launch, comment, "edited")


def delete(*, launch: LaunchSession, comment: Comment, back: bool = False) -> None:
    """Take it away, from its student too: at once, for it may have been meant for another. `back`: undo that."""
    with transaction.atomic():
        locking.locked(comment.video.attempt)
        rows = Comment.objects.filter(pk=comment.pk, deleted_at__isnull=not back)
        if rows.update(deleted_at=None if back else timezone.now()):
            _changed(launch, comment, "restored" if back else "deleted")


def _add(launch: LaunchSession, new: Comment, comment_id: uuid.UUID | None, *, most: int) -> Comment:
    try:
        with transaction.atomic():
            locking.locked(new.video.attempt)
            _check_handed_in(new.video.attempt)
            if new.reply_to and not Comment.objects.filter(pk=new.reply_to.pk, deleted_at=None).exists():
                raise Http404
            if comment_id is not None:
                if there := Comment.objects.filter(pk=comment_id).first():
                    if (there.author_id, there.video_id, there.reply_to_id) != (
                        launch.person_id,
                        new.video_id,
                        new.reply_to_id,
                    ):
                        raise Http404
                    return there
                new.pk = comment_id
            if Comment.objects.filter(video=new.video, reply_to=new.reply_to, deleted_at=None).count() >= most:
                raise Problem("too_many_comments", f"There are {most} already.", "Delete one to add another.")
            new.save(force_insert=True)
            _changed(launch, new, "added")
    except IntegrityError:  # the id was taken at this very moment, by somebody elsewhere
        raise Http404 from None
    return new


def _said(launch: LaunchSession, comment: Comment, said: Said | str) -> Comment:
    """One that was there already may have been typed on before the request was repeated: the last counts."""
    if comment.deleted_at is None:
        edit(launch=launch, comment=comment, said=said)
    return comment


def _changed(launch: LaunchSession, comment: Comment, did: str) -> None:
    if comment.reply_to_id is None:
        locking.touch(comment.video.attempt)
    events.record(
        Event.Kind.COMMENTED,
        launch=launch,
        video=comment.video,
        comment=str(comment.pk),
        did=did,
        reply=comment.reply_to_id is not None,
    )


def _keep_given(comment: Comment, before: Said) -> None:
    """What was released stays what its student sees."""
    released_at = Release.objects.filter(grade__attempt=comment.video.attempt_id).values_list("at", flat=True).first()
    if released_at is None or comment.created_at > released_at:
        comment.given = None
    elif comment.edited_at is None or comment.edited_at <= released_at:
        comment.given = {"at": before.at, "until": before.until, "text": before.text}


def _check_handed_in(attempt: Attempt) -> None:
    if not Attempt.objects.submitted().filter(pk=attempt.pk).exists():
        raise Problem(
            "taken_back",
            "The attempt was taken back by its student. The comment was not saved.",
            "Reload the page to see what there is to mark.",
            status=409,
        )


def _seconds(value: Any, video: Video) -> float | None:
    if value in (None, ""):
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        seconds = float(value)
    except (ValueError, OverflowError):
        raise ValidationError("Type a time such as 1:15 or 1:02:03.") from None
    if not math.isfinite(seconds) or seconds < 0:
        raise ValidationError("Type a time such as 1:15 or 1:02:03.")
    end = video.duration if video.duration is not None else MOST_SECONDS
    if seconds > end + _BEYOND:
        words = f"The video ends at {clock(end)}" if video.duration is not None else f"The most is {clock(end)}"
        raise ValidationError(f"{words}: type an earlier time.")
    return round(min(seconds, end), 3)


def _joined(launch: LaunchSession) -> Any:
    role = Membership.objects.filter(
        person=OuterRef("author"), course=OuterRef("video__attempt__submission__assignment__course")
    )
    given = Release.objects.filter(grade__attempt__submission=OuterRef("video__attempt__submission"))
    return (
        Comment.objects.visible_to(launch)
        .select_related("author", "video__attempt__submission__assignment", "video__attempt__submission__person")
        .annotate(
            author_role=Subquery(role.values("role")[:1]),
            released=Exists(given),
            released_at=Subquery(given.filter(grade__attempt=OuterRef("video__attempt")).values("at")[:1]),
        )
    )


def _shown(row: Any, launch: LaunchSession, replies: list[Shown]) -> Shown:
    own = row.author_id == launch.person_id
    takes_replies = launch.is_staff or row.video.attempt.submission.assignment.replies
    old = None if launch.is_staff or row.edited_at is None or row.edited_at <= row.released_at else row.given
    said = old or {"at": row.at, "until": row.until, "text": row.text}
    return Shown(
        id=row.pk,
        at=said["at"],
        until=said["until"],
        text=said["text"],
        author=_author(row, launch, own),
        own=own,
        created_at=row.created_at,
        edited=row.edited_at is not None and not old,
        may_edit=own and (launch.is_staff or (takes_replies and row.reply_to_id is not None)),
        may_delete=launch.role in Role.editors() or (own and (launch.is_staff or row.reply_to_id is not None)),
        may_reply=takes_replies and row.reply_to_id is None,
        waits=launch.is_staff and _waits(row),
        replies=replies,
    )


def _waits(row: Any) -> bool:
    """Whether it was said or changed after the release of its attempt; what no release was before, waits with all."""
    if row.reply_to_id is not None or row.released_at is None:
        return False
    return any(at is not None and at > row.released_at for at in (row.created_at, row.edited_at))


def _author(row: Any, launch: LaunchSession, own: bool) -> str:
    submission = row.video.attempt.submission
    if row.author is None:
        return "Someone who has left"
    if row.author_id == submission.person_id:
        if not launch.is_staff:
            return "You"
        return anonymity.name_for_markers(submission, released=row.released)
    # Where a platform sends no name, its e-mail address stands in: that is nothing for students.
    if not is_stand_in(row.author.name) and (launch.is_staff or row.author.name != row.author.email):
        return str(row.author.name)
    return "You" if own else str(Role(row.author_role).label) if row.author_role else "Your teacher"
