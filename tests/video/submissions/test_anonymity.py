"""Anonymous marking: nothing that staff get tells whose work it is before its mark is released; then it is told."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from lti_tool.models import Person, ScoreDelivery
from tests.films import film
from tests.lti_tool.platform_double import reviewing
from tests.video.addresses import Address, below_a_launch
from tests.video.visitor import Visitor
from video.models import Assignment, Attachment, BankComment, Comment, MarkImport, OwnMark, Submission, Video
from video.roster.filters import FILTERS
from video.submissions.anonymity import alias

NAME, EMAIL, SUB, FILE = "Zebulon Quagmire", "zq-secret@example.org", "sub-of-zebulon-4711", "quagmire-at-home.mp4"
SEARCHES = ("Zebulon", "quagmire", "zq-secret", SUB, "Student", "")
SORTS = ("name", "-name", "status", "handed_in", "mark", "late", "length", "seen", "group", "email")

# What is asked for by a name that the teacher has already; each has a test of its own here, or says why it needs none.
BY_NAME = {
    "video:more-time": "a teacher gives more time to a person: the page says nothing of that person's work",
    "video:release": "after it the name may be known",
}
# Fields that forms and scripts of the product send, so that a request gets as far as it can.
FIELDS = {"points": "5", "version": 0, "feedback": "Fine.", "own-points": "5", "give": "1", "text": "Here.", "at": 1}
FIELDS |= {"title": "Interview", "max_size_gb": "1", "anonymous": "on", "hold_grades": "on", "name": "a.pdf", "size": 5}


@pytest.fixture
def hidden(assignment: Assignment, visit: Any) -> Submission:
    """The work of somebody whose every word would be noticed, marked and not released."""
    Assignment.objects.update(anonymous=True, hold_grades=True, replies=True, attempts_allowed=9)
    student = visit("student", SUB, name=NAME, email=EMAIL)
    student.upload(FILE, film())
    student.submit()
    return Submission.objects.get(person__sub=SUB)


@pytest.fixture
def secrets(hidden: Submission) -> list[str]:
    words = [*NAME.split(), EMAIL, SUB, FILE.removesuffix(".mp4"), str(hidden.person_id), hidden.person_id.hex]
    return [word.lower() for word in words]


def assert_hidden(secrets: list[str], answer: Any, searched: str = "") -> str:
    """The answer's text; what was searched for is said again by the page, and by nothing else."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    said: str = content.decode(errors="replace") + str(answer.headers) + str(answer.cookies)
    if searched:
        said = said.replace(f'value="{searched}"', "").replace(f"“{searched}”", "").replace(f"q={searched}", "")
    for word in secrets:
        assert word not in said.lower(), f"{word} is told by {answer.wsgi_request.get_full_path()}"
    return said


def client_of(visitor: Visitor) -> Client:
    client = Client(HTTP_HOST="tool.example", headers={"Accept": "text/html"})
    client.cookies["launch"] = visitor.browser.cookies["launch"].value
    return client


def ids_around(work: Submission) -> dict[str, str]:
    """An id for each kind of hole in an address: of that work, or beside it."""
    attempt = work.attempts.get()
    assert attempt.video is not None
    author = Person.objects.get(sub="3")
    comment = Comment.objects.create(video=attempt.video, author=author, at=1, text="Here.")
    Comment.objects.create(video=attempt.video, author=work.person, reply_to=comment, text="Thank you.")
    OwnMark.objects.create(attempt=attempt, marker=author, points=Decimal(5), given_at=timezone.now())
    rows = {
        "attachment": Attachment.objects.create(
            attempt=attempt, author=author, state="ready", backend="s3", key="feedback/1", name="notes.pdf", size=5
        ),
        "bank_comment": BankComment.objects.create(owner=author, text="Well said."),
        "comment": comment,
        "import": MarkImport.objects.create(
            assignment=work.assignment,
            by=author,
            applied_at=timezone.now(),
            report={"lines": 1, "unchanged": 1, "refused": [], "ignored": []},
        ),
        "delivery": ScoreDelivery.objects.get(person=work.person),
        "submission": work,
        "attempt": attempt,
        "video": attempt.video,
        "assignment": work.assignment,
        "person": work.person,
    }
    return {f"{kind}_id": str(row.pk) for kind, row in rows.items()} | {"code": "deep-linking"}


ADDRESSES = [address for address in below_a_launch() if address.name not in BY_NAME]


WAYS: list[tuple[str, dict[str, Any]]] = [
    ("get", {}),
    ("get", {"data": {"attempt": "1", "format": "csv"}}),
    ("post", {"data": FIELDS}),
    ("post", {"data": json.dumps(FIELDS), "content_type": "application/json"}),
]


@pytest.mark.parametrize("address", ADDRESSES, ids=[address.name for address in ADDRESSES])
def test_no_address_tells_who_it_is(hidden: Submission, secrets: list[str], visit: Any, address: Address) -> None:
    ids, answered = ids_around(hidden), 0
    for role in ("teacher", "assistant", "admin"):
        visitor = visit(role, {"teacher": "3", "assistant": "4", "admin": "2"}[role])
        path = address.path(visitor.home, ids)
        for method, how in WAYS:
            with transaction.atomic():
                answer = getattr(client_of(visitor), method)(path, secure=True, follow=True, **how)
                assert_hidden(secrets, answer)
                answered += answer.status_code < 400
                transaction.set_rollback(True)
    for_students = address.name.startswith(("video:upload-", "video:submit")) or address.name in {
        "video:state",
        "video:withdraw",
        "video:receipt",
        "video:seen",
        # What they need to answer is not among the fields that all are asked with.
        "video:bulk",
        "video:bank-edit",
        "video:comment-restore",
        "video:file-renew",
        "video:file-sign",
        "video:file-address",
        "video:rubric-of",
        "video:rubric-import",
        # Nothing was selected again for this activity, and this is no trial.
        "video:points-change",
        "video:trial",
    }
    assert answered or for_students, f"{address.name} answers nobody: what it would tell was not looked at"


@pytest.mark.parametrize("role", ["teacher", "assistant", "admin"])
def test_list_in_every_view(hidden: Submission, secrets: list[str], visit: Any, role: str) -> None:
    visitor, shown = visit(role, {"teacher": "3", "assistant": "4", "admin": "2"}[role]), 0
    known_as = alias(hidden.assignment, hidden.person_id)
    views = [{"show": one.code} for one in FILTERS] + [
        {"sort": by, "order": way} for by in SORTS for way in ("", "desc")
    ]
    for asked in [*views, *({"q": searched} for searched in SEARCHES)]:
        searched = asked.get("q", "")
        said = assert_hidden(secrets, visitor.get(**asked), searched)
        assert not (searched.lower() in ("zebulon", "quagmire", "zq-secret", SUB) and known_as in said), (
            "found by a name"
        )
        shown += known_as in said
    assert shown > len(SORTS), "the person is there, under another name"


def test_release_tells_the_name(hidden: Submission, teacher: Visitor) -> None:
    room = f"submissions/{hidden.pk}/"
    assert teacher.post(room, {"points": "5"}).status_code == 302
    assert NAME not in teacher.text() + teacher.text(room)
    teacher.post(f"{room}release/")

    assert NAME in teacher.text()
    assert NAME in teacher.text(q="Zebulon")
    assert NAME in teacher.text(room)
    assert FILE in teacher.text(room)


def test_another_students_release_tells_nothing_of_this_one(
    hidden: Submission, secrets: list[str], teacher: Visitor, student: Visitor
) -> None:
    student.upload("a.mp4", film())
    student.submit()
    other = Submission.objects.get(person__sub="6")
    teacher.post(f"submissions/{other.pk}/", {"points": "5"})
    teacher.post(f"submissions/{other.pk}/release/")

    assert "Ana Student" in assert_hidden(secrets, teacher.get())
    assert_hidden(secrets, teacher.get(f"submissions/{hidden.pk}/"))


def test_order_is_that_of_the_aliases(hidden: Submission, teacher: Visitor, visit: Any) -> None:
    """Of list, and of the room's next: names in their order would tell who is who."""
    for number in range(6):
        visitor = visit("student", f"1{number}", name=f"{'ABCDEF'[number]} Student")
        visitor.upload("a.mp4", film())
        visitor.submit()
    works = {alias(work.assignment, work.person_id): work for work in Submission.objects.all()}
    listed = list(dict.fromkeys(re.findall(r"Student [0-9A-F]{8}", teacher.text())))
    assert listed == sorted(works)

    walked = [listed[0]]
    while following := re.search(r'href="([^"]+)" rel="next"', teacher.text(f"submissions/{works[walked[-1]].pk}/")):
        walked.append(next(name for name, work in works.items() if str(work.pk) in following.group(1)))
    assert walked == listed


def test_address_of_a_video_says_neither_who_nor_what(hidden: Submission, secrets: list[str], teacher: Visitor) -> None:
    video = Video.objects.get()
    granted = json.loads(assert_hidden(secrets, teacher.get(f"videos/{video.pk}/playback/")).partition("}")[0] + "}")

    assert granted["src"].startswith("https://cdn.example/videos/anonymous/")
    assert granted["type"] == "video/mp4"


class TestReview:
    """Moodle's gradebook names a person and links to their work: here a name must not lead to any."""

    def test_name_does_not_lead_to_work(self, hidden: Submission, secrets: list[str], visit: Any) -> None:
        for role in ("teacher", "assistant", "admin"):
            page = assert_hidden(secrets, visit(role, "3", **reviewing(SUB)).get(""))
            assert "Marking is anonymous here" in page
            assert str(hidden.pk) not in page

    def test_nor_does_it_tell_whether_there_is_any(self, hidden: Submission, student: Visitor, visit: Any) -> None:
        pages = set()
        for sub in (SUB, "6", "4712"):
            page = visit("teacher", "3", **reviewing(sub)).text("").partition("<main")[2]
            pages.add(re.sub(r"/l/[0-9a-f-]{36}/", "/l/", page))
        assert len(pages) == 1

    def test_after_the_release_it_does(self, hidden: Submission, teacher: Visitor, visit: Any) -> None:
        teacher.post(f"submissions/{hidden.pk}/", {"points": "5"})
        teacher.post(f"submissions/{hidden.pk}/release/")

        assert visit("teacher", "3", **reviewing(SUB)).get("")["Location"].endswith(f"/submissions/{hidden.pk}/")


class TestMoreTime:
    @pytest.fixture(autouse=True)
    def due(self, hidden: Submission) -> None:
        Assignment.objects.update(due_at=timezone.now() + timedelta(days=1))

    def test_page_is_not_there_for_a_person_without_a_name(self, hidden: Submission, teacher: Visitor) -> None:
        """It is given by the pasted list, which says nothing of the work."""
        assert teacher.get(f"people/{hidden.person_id}/more-time/").status_code == 404

    def test_extension_is_not_shown_beside_the_alias(
        self, hidden: Submission, secrets: list[str], teacher: Visitor
    ) -> None:
        Submission.objects.filter(pk=hidden.pk).update(extended_to=timezone.now() + timedelta(days=3), extra_attempts=2)

        for page in (teacher.get(), teacher.get(f"submissions/{hidden.pk}/")):
            assert "status-label extended" not in assert_hidden(secrets, page)


def test_moodles_gradebook_says_nothing_beside_the_name_that_the_list_says_too(hidden: Submission, visit: Any) -> None:
    delivery = ScoreDelivery.objects.get()
    attempt = hidden.attempts.get()
    assert attempt.receipt_number
    assert delivery.comment == f"Handed in. Receipt {attempt.receipt_number}. Waiting to be marked."
    assert attempt.receipt_number not in visit("teacher", "3").text(f"submissions/{hidden.pk}/")
    visit("student", SUB).post(f"attempts/{attempt.pk}/withdraw/")

    delivery.refresh_from_db()
    assert delivery.comment == "An attempt was taken back."


def test_its_student_sees_their_own_name_and_file(hidden: Submission, visit: Any) -> None:
    page = visit("student", SUB, name=NAME).text()

    assert NAME in page
    assert FILE in page
