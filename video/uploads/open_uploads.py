"""The cap on how many uploads, and how many bytes, one person may have under way: storage fills unseen otherwise."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from lti_tool.models import Person
from video.models import Attachment, Video
from video.problems import Problem

_NAMED = 3
_ATTEMPTS_OF_FILES = (
    2  # times ATTACHMENTS_PER_ATTEMPT: a marker goes on to the next student while the last one's are sent
)


def tickets_over() -> datetime:
    """Whoever asked before then can send no more."""
    return timezone.now() - timedelta(seconds=2 * settings.UPLOAD_TICKET_SECONDS)


def check_room(person: Person, size: int | None) -> None:
    """May this person begin one more upload, of `size` bytes (None: a recording, whose size nobody knows)?

    Uploads in parts count until they are finished or given up, for what has arrived of them is kept; a form counts as
    long as its ticket lives. One file alone may always be sent, however large its assignment allows it to be.

    Call it in the transaction that stores the new one, so that of many that begin at once none is overlooked.

    Raises:
        Problem: 422 `too_many_open`, with where to finish or give up others.
    """
    _lock(person)
    open_ones = Video.objects.filter(_pending() | Q(state=Video.State.CHECKING), attempt__submission__person=person)
    found = open_ones.aggregate(many=Count("pk"), size=Sum("size", default=0))
    if found["many"] >= settings.UPLOADS_OPEN:
        words = f"You have {found['many']} uploads that are not finished, as many as may be."
    elif found["many"] and found["size"] + (size or 0) > settings.UPLOADS_OPEN_BYTES:
        limit = filesizeformat(settings.UPLOADS_OPEN_BYTES)
        words = f"With this one, your unfinished uploads would have more than {limit}, the most there may be."
    else:
        return
    titles = list(
        open_ones.order_by("-active_at").values_list("attempt__submission__assignment__title", flat=True)[:_NAMED]
    )
    where = ", ".join(f"“{title}”" for title in dict.fromkeys(titles))
    raise Problem("too_many_open", words, f"Finish one or give one up, in {where}; then choose this one again.")


def check_room_for_file(person: Person) -> None:
    """The same for a file that goes with a mark; those whose browser was not heard of for long do not count.

    Raises:
        Problem: 422 `too_many_open`.
    """
    _lock(person)
    under_way = Attachment.objects.filter(author=person, state=Attachment.State.PENDING, active_at__gt=tickets_over())
    most = _ATTEMPTS_OF_FILES * settings.ATTACHMENTS_PER_ATTEMPT
    if under_way.count() >= most:
        raise Problem(
            "too_many_open",
            f"{most} files of yours are on their way, as many as may be.",
            "Wait until they have arrived, or remove some; then choose this one again.",
        )


def _pending() -> Q:
    return Q(state=Video.State.PENDING) & (~Q(upload_id="") | Q(active_at__gt=tickets_over()))


def _lock(person: Person) -> None:
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
