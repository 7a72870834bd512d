"""Comments at moments of a video, and replies: who sees, says, changes and deletes what, and when."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lti_tool.models import LaunchSession, Person
from tests.films import film
from tests.lti_tool.platform_double import LTI, PlatformDouble
from tests.video.course import hand_in
from tests.video.visitor import Visitor
from video.comments import threads
from video.models import Assignment, Comment, Event, Grade, Release, Submission, Video

OTHER_LINK = {f"{LTI}resource_link": {"id": "2", "title": "Essay"}}
OTHER_COURSE = {**OTHER_LINK, f"{LTI}context": {"id": "77", "title": "Physics"}}
SAID = {"at": 0.2, "until": None, "text": "Look up."}


@pytest.fixture
def video(student: Visitor) -> Video:
    """Handed in; a film of one second."""
    hand_in(Assignment.objects.get(), Person.objects.get(sub="6"), length=1, name="ana-secret.mp4")
    return Video.objects.get()


def add(visitor: Visitor, video: Video, **changes: Any) -> dict[str, Any]:
    response = visitor.send(f"videos/{video.pk}/comments/", {**SAID, **changes})
    assert response.status_code == 201, response.content.decode()
    comment: dict[str, Any] = json.loads(response.content)["comment"]
    return comment


def listed(visitor: Visitor, video: Video) -> list[dict[str, Any]]:
    response = visitor.get(f"videos/{video.pk}/comments/")
    assert response.status_code == 200
    found: list[dict[str, Any]] = json.loads(response.content)["comments"]
    return found


def release(teacher: Visitor, video: Video) -> None:
    """Save the mark, which gives it back."""
    submission = video.attempt.submission_id
    version = Grade.objects.values_list("version", flat=True).first() or 0
    body = {"points": "50", "feedback": f"Version {version}", "version": version, "finish": True}
    assert teacher.send(f"attempts/{video.attempt_id}/mark/", body).status_code == 200
    assert Release.objects.filter(grade__attempt__submission=submission).exists()


def allow_replies() -> None:
    Assignment.objects.update(replies=True)


class TestSaying:
    def test_moment_and_span_in_the_order_of_the_film(self, teacher: Visitor, video: Video) -> None:
        add(teacher, video, at=0.5, until=0.9, text="All of this.")
        add(teacher, video, at=0.25, text="Look up.\nAnd smile.")

        assert [(c["at"], c["until"], c["text"], c["author"], c["own"]) for c in listed(teacher, video)] == [
            (0.25, None, "Look up.\nAnd smile.", "Tara Teacher", True),
            (0.5, 0.9, "All of this.", "Tara Teacher", True),
        ]

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"at": -1}, "at"),
            ({"at": None}, "at"),
            ({"at": "soon"}, "at"),
            ({"at": "0.2"}, "at"),
            ({"at": True}, "at"),
            ({"at": [1]}, "at"),
            ({"at": {}}, "at"),
            ({"at": float("nan")}, "at"),
            ({"at": float("inf")}, "at"),
            ({"at": 10**400}, "at"),
            ({"at": 90}, "at"),
            ({"at": 0.5, "until": 0.5}, "until"),
            ({"at": 0.5, "until": 0.2}, "until"),
            ({"at": 0.5, "until": 90}, "until"),
            ({"at": 0.5, "until": "x"}, "until"),
            ({"text": ""}, "text"),
            ({"text": " \x00\n "}, "text"),
            ({"text": None}, "text"),
            ({"text": ["a"]}, "text"),
            ({"text": "a" * 5001}, "text"),
        ],
    )
    def test_nonsense_is_refused_in_words(
        self, teacher: Visitor, video: Video, wrong: dict[str, Any], field: str
    ) -> None:
        response = teacher.send(f"videos/{video.pk}/comments/", {**SAID, **wrong})

        assert response.status_code == 422
        assert list(json.loads(response.content)["fields"]) == [field]
        assert not Comment.objects.exists()

    def test_length_that_is_not_known_bounds_nothing_but_nonsense(self, teacher: Visitor, video: Video) -> None:
        Video.objects.update(duration=None)

        add(teacher, video, at=9000)
        assert teacher.send(f"videos/{video.pk}/comments/", {**SAID, "at": 1e9}).status_code == 422

    def test_a_little_beyond_the_end_is_the_end(self, teacher: Visitor, video: Video) -> None:
        assert video.duration is not None
        assert add(teacher, video, at=video.duration + 0.5)["at"] == round(video.duration, 3)

    def test_what_no_database_holds_is_left_out(self, teacher: Visitor, video: Video) -> None:
        assert add(teacher, video, text="a\x00b\ud800c")["text"] == "abc"

    @pytest.mark.parametrize("body", [[], "x", 5, None, {"id": "x", **SAID}, {"id": 5, **SAID}])
    def test_other_shapes_are_refused(self, teacher: Visitor, video: Video, body: Any) -> None:
        assert teacher.send(f"videos/{video.pk}/comments/", body).status_code in (400, 422)

    def test_a_repeated_request_makes_no_second_comment(self, teacher: Visitor, video: Video) -> None:
        """Its answer was lost on the way; what was typed on in the meantime counts."""
        own = str(uuid.uuid4())
        first = add(teacher, video, id=own)
        again = add(teacher, video, id=own)
        typed_on = add(teacher, video, id=own, text="Look up more.")

        assert first["id"] == again["id"] == own
        assert typed_on["text"] == "Look up more."
        assert Comment.objects.count() == 1
        assert [event.data["did"] for event in Event.objects.filter(kind="commented").order_by("pk")] == [
            "added",
            "edited",
        ]

    def test_a_repeated_request_does_not_bring_back_what_was_deleted(self, teacher: Visitor, video: Video) -> None:
        own = str(uuid.uuid4())
        add(teacher, video, id=own)
        teacher.send(f"comments/{own}/delete/")
        response = teacher.send(f"videos/{video.pk}/comments/", {**SAID, "id": own})

        assert json.loads(response.content) == {"comment": None}
        assert listed(teacher, video) == []

    def test_anothers_id_is_not_there(self, teacher: Visitor, video: Video, visit: Any) -> None:
        own = add(teacher, video)["id"]
        response = visit("assistant", "4").send(f"videos/{video.pk}/comments/", {**SAID, "id": own, "text": "Mine."})

        assert response.status_code == 404
        assert Comment.objects.get().text == "Look up."

    def test_many_are_enough(self, teacher: Visitor, video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(threads, "MOST_COMMENTS", 2)
        first = add(teacher, video)["id"]
        add(teacher, video)

        assert teacher.send(f"videos/{video.pk}/comments/", SAID).status_code == 422
        teacher.send(f"comments/{first}/delete/")
        add(teacher, video)

    def test_draft_and_what_was_taken_back_take_none(self, student: Visitor, teacher: Visitor) -> None:
        student.upload("a.mp4", film())
        draft = Video.objects.get()

        assert teacher.send(f"videos/{draft.pk}/comments/", SAID).status_code == 404

    def test_work_with_comments_is_not_taken_back(self, student: Visitor, teacher: Visitor, video: Video) -> None:
        comment = add(teacher, video)
        student.post(f"attempts/{video.attempt_id}/withdraw/")
        assert Submission.objects.get().attempts.get().submitted_at is not None

        teacher.send(f"comments/{comment['id']}/delete/")
        student.post(f"attempts/{video.attempt_id}/withdraw/")
        assert Submission.objects.get().attempts.get().submitted_at is None

    def test_event_without_words(self, teacher: Visitor, video: Video) -> None:
        add(teacher, video)
        event = Event.objects.get(kind="commented")

        assert (event.video, event.actor) == (video, Person.objects.get(sub="3"))
        assert "Look" not in str(event.data)


class TestChanging:
    def test_edit(self, teacher: Visitor, video: Video) -> None:
        comment = add(teacher, video)
        changed = {"at": 0.4, "until": 0.6, "text": "Look down."}
        assert teacher.send(f"comments/{comment['id']}/", changed).status_code == 200

        [now] = listed(teacher, video)
        assert {name: now[name] for name in changed} == changed
        assert now["edited"]

    def test_edit_to_nonsense_is_refused(self, teacher: Visitor, video: Video) -> None:
        comment = add(teacher, video)

        assert teacher.send(f"comments/{comment['id']}/", {"at": 99, "text": "x"}).status_code == 422
        assert Comment.objects.get().at == 0.2

    def test_delete_and_have_it_back(self, teacher: Visitor, video: Video) -> None:
        comment = add(teacher, video)
        teacher.send(f"comments/{comment['id']}/delete/")
        assert listed(teacher, video) == []
        assert teacher.send(f"comments/{comment['id']}/", SAID).status_code == 404
        assert teacher.send(f"comments/{comment['id']}/delete/").status_code == 404

        teacher.send(f"comments/{comment['id']}/restore/")
        assert [one["id"] for one in listed(teacher, video)] == [comment["id"]]
        assert teacher.send(f"comments/{comment['id']}/restore/").status_code == 404


# who: (role, sub, changed claims), and what they may do with the comment of a teacher
SEE, SAY, ANSWER, EDIT, DELETE = "see", "say", "answer", "edit", "delete"
WHO: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    "its author": ("teacher", "3", {}, {SEE, SAY, ANSWER, EDIT, DELETE}),
    "another teacher": ("teacher", "5", {}, {SEE, SAY, ANSWER, DELETE}),
    "assistant": ("assistant", "4", {}, {SEE, SAY, ANSWER}),
    "admin": ("admin", "2", {}, {SEE, SAY, ANSWER, DELETE}),
    "the student": ("student", "6", {}, {SEE, ANSWER}),
    "another student": ("student", "99", {}, set()),
    "the student, launched from another link": ("student", "6", OTHER_LINK, set()),
    "teacher of another course": ("teacher", "5", OTHER_COURSE, set()),
    "its author, switched to student": ("student", "3", {}, set()),
}


class TestAccess:
    @pytest.mark.parametrize("what", [SEE, SAY, ANSWER, EDIT, DELETE])
    @pytest.mark.parametrize(("role", "sub", "changes", "may"), WHO.values(), ids=WHO.keys())
    def test_who_may_do_what(
        self,
        teacher: Visitor,
        video: Video,
        visit: Any,
        role: str,
        sub: str,
        changes: dict[str, Any],
        may: set[str],
        what: str,
    ) -> None:
        allow_replies()
        comment = add(teacher, video)["id"]
        release(teacher, video)
        visitor: Visitor = visit(role, sub, **changes)
        asks: dict[str, Callable[[], Any]] = {
            SEE: lambda: visitor.get(f"videos/{video.pk}/comments/"),
            SAY: lambda: visitor.send(f"videos/{video.pk}/comments/", SAID),
            ANSWER: lambda: visitor.send(f"comments/{comment}/reply/", {"text": "I will."}),
            EDIT: lambda: visitor.send(f"comments/{comment}/", SAID),
            DELETE: lambda: visitor.send(f"comments/{comment}/delete/"),
        }

        assert asks[what]().status_code in ((200, 201) if what in may else (404,))

    def test_the_same_ids_at_another_platform_reach_nothing(
        self, teacher: Visitor, video: Video, platform: PlatformDouble, visit: Any
    ) -> None:
        comment = add(teacher, video)["id"]
        twin = visit("admin", "2", platform=PlatformDouble(platform.answers, host="twin.example"))

        assert twin.get(f"videos/{video.pk}/comments/").status_code == 404
        for path in (f"videos/{video.pk}/comments/", *(f"comments/{comment}/{did}" for did in ("", "delete/"))):
            assert twin.send(path, SAID).status_code == 404

    def test_what_is_deleted_comes_back_for_those_alone_who_may_delete(
        self, teacher: Visitor, video: Video, visit: Any
    ) -> None:
        comment = add(teacher, video)["id"]
        teacher.send(f"comments/{comment}/delete/")

        for role, sub in (("assistant", "4"), ("student", "6")):
            assert visit(role, sub).send(f"comments/{comment}/restore/").status_code == 404
        assert visit("teacher", "5").send(f"comments/{comment}/restore/").status_code == 200


class TestRelease:
    def test_student_sees_nothing_before(self, student: Visitor, teacher: Visitor, video: Video) -> None:
        allow_replies()
        comment = add(teacher, video)

        assert listed(student, video) == []
        assert "Look up." not in student.text()
        assert student.send(f"comments/{comment['id']}/reply/", {"text": "Why?"}).status_code == 404
        release(teacher, video)
        assert [one["author"] for one in listed(student, video)] == ["Tara Teacher"]
        assert "Look up." in student.text()

    def test_what_comes_after_waits_for_the_next(self, student: Visitor, teacher: Visitor, video: Video) -> None:
        add(teacher, video)
        release(teacher, video)
        assert not Grade.objects.get().unreleased
        add(teacher, video, text="And breathe.")

        assert Grade.objects.get().unreleased
        assert [one["text"] for one in listed(student, video)] == ["Look up."]
        release(teacher, video)
        assert [one["text"] for one in listed(student, video)] == ["Look up.", "And breathe."]

    def test_an_edit_waits_for_the_next(self, student: Visitor, teacher: Visitor, video: Video) -> None:
        comment = add(teacher, video)["id"]
        release(teacher, video)
        for text in ("Look down.", "Look around."):
            teacher.send(f"comments/{comment}/", {"at": 0.7, "text": text})

        assert Grade.objects.get().unreleased
        [old] = listed(student, video)
        assert (old["at"], old["text"], old["edited"]) == (0.2, "Look up.", False)
        assert "Look around." not in student.text()
        assert listed(teacher, video)[0]["text"] == "Look around."
        release(teacher, video)
        assert [(one["at"], one["text"]) for one in listed(student, video)] == [(0.7, "Look around.")]
        teacher.send(f"comments/{comment}/", {"at": 0.8, "text": "Look away."})
        assert [(one["at"], one["text"]) for one in listed(student, video)] == [(0.7, "Look around.")]

    def test_a_deletion_does_not_wait(self, student: Visitor, teacher: Visitor, video: Video) -> None:
        comment = add(teacher, video)["id"]
        release(teacher, video)
        teacher.send(f"comments/{comment}/delete/")

        assert Grade.objects.get().unreleased
        assert listed(student, video) == []

    def test_students_page_changes_with_what_its_student_sees(
        self, student: Visitor, teacher: Visitor, video: Video
    ) -> None:
        allow_replies()

        def version() -> str:
            return str(json.loads(student.get("state/").content)["version"])

        comment = add(teacher, video)["id"]
        release(teacher, video)
        seen = [version()]
        add(teacher, video, text="Not yet.")
        assert version() == seen[-1]
        teacher.send(f"comments/{comment}/reply/", {"text": "By the way."})
        seen.append(version())
        student.send(f"comments/{comment}/reply/", {"text": "I see."})
        seen.append(version())
        teacher.send(f"comments/{comment}/delete/")
        seen.append(version())
        assert len(set(seen)) == len(seen)


class TestReplies:
    @pytest.fixture
    def comment(self, teacher: Visitor, video: Video) -> str:
        allow_replies()
        comment = add(teacher, video)["id"]
        release(teacher, video)
        return str(comment)

    def test_at_once_on_both_sides(self, student: Visitor, teacher: Visitor, video: Video, comment: str) -> None:
        student.send(f"comments/{comment}/reply/", {"text": "Why?"})
        teacher.send(f"comments/{comment}/reply/", {"text": "For the camera."})

        assert not Grade.objects.get().unreleased
        for visitor, authors in ((student, ["You", "Tara Teacher"]), (teacher, ["Ana Student", "Tara Teacher"])):
            [shown] = listed(visitor, video)
            assert [(one["author"], one["text"]) for one in shown["replies"]] == list(
                zip(authors, ("Why?", "For the camera."), strict=True)
            )

    def test_only_where_the_assignment_takes_them(self, student: Visitor, comment: str) -> None:
        Assignment.objects.update(replies=False)

        assert student.send(f"comments/{comment}/reply/", {"text": "Why?"}).status_code == 404
        assert "Send reply" not in student.text()

    def test_ones_own_can_be_changed_and_deleted(self, student: Visitor, video: Video, comment: str) -> None:
        own = json.loads(student.send(f"comments/{comment}/reply/", {"text": "Why?"}).content)["comment"]["id"]
        assert student.send(f"comments/{own}/", {"text": "Why not?"}).status_code == 200
        assert listed(student, video)[0]["replies"][0]["text"] == "Why not?"
        assert student.send(f"comments/{own}/", {"text": ""}).status_code == 422
        assert student.send(f"comments/{own}/delete/").status_code == 200
        assert listed(student, video)[0]["replies"] == []
        assert student.send(f"comments/{own}/restore/").status_code == 200

        Assignment.objects.update(replies=False)
        assert student.send(f"comments/{own}/", {"text": "Ha."}).status_code == 404
        assert student.send(f"comments/{own}/delete/").status_code == 200

    def test_nobody_else_changes_it(self, student: Visitor, teacher: Visitor, visit: Any, comment: str) -> None:
        of_student = json.loads(student.send(f"comments/{comment}/reply/", {"text": "Why?"}).content)["comment"]["id"]
        of_teacher = json.loads(teacher.send(f"comments/{comment}/reply/", {"text": "So."}).content)["comment"]["id"]

        assert teacher.send(f"comments/{of_student}/", {"text": "Ha."}).status_code == 404
        for did in ("", "delete/"):
            assert student.send(f"comments/{of_teacher}/{did}", {"text": "Ha."}).status_code == 404
            assert visit("assistant", "4").send(f"comments/{of_student}/{did}", {"text": "Ha."}).status_code == 404
        assert teacher.send(f"comments/{of_student}/delete/").status_code == 200

    def test_no_reply_to_a_reply(self, student: Visitor, comment: str) -> None:
        own = json.loads(student.send(f"comments/{comment}/reply/", {"text": "Why?"}).content)["comment"]["id"]

        assert student.send(f"comments/{own}/reply/", {"text": "Why?"}).status_code == 404

    def test_a_repeated_request_makes_no_second_reply(self, student: Visitor, comment: str) -> None:
        own = str(uuid.uuid4())
        for _ in range(2):
            student.send(f"comments/{comment}/reply/", {"id": own, "text": "Why?"})

        assert Comment.objects.filter(reply_to=uuid.UUID(comment)).count() == 1

    def test_form_works_without_a_script(self, student: Visitor, video: Video, comment: str) -> None:
        page = student.text()
        assert f'action="{student.home}comments/{comment}/reply/"' in page
        response = student.post(f"comments/{comment}/reply/", {"text": "Why?"})
        assert response.status_code == 302
        assert "Why?" in student.text()

        own = Comment.objects.get(reply_to=uuid.UUID(comment))
        student.post(f"comments/{own.pk}/", {"text": "Why not?"})
        assert "Why not?" in student.text()
        assert student.post(f"comments/{own.pk}/", {"text": ""}).status_code == 302
        student.post(f"comments/{own.pk}/delete/")
        assert "Why not?" not in student.text()

    def test_a_reply_is_markup_to_nobody(self, student: Visitor, teacher: Visitor, video: Video, comment: str) -> None:
        student.post(f"comments/{comment}/reply/", {"text": "</script><script>alert(1)</script>"})

        for page in (student.text(), teacher.text(f"submissions/{video.attempt.submission_id}/")):
            assert "<script>alert(1)" not in page
            assert "alert(1)" in page


class TestNames:
    def test_nobody_who_marks_reads_a_name_before_it_is_released(
        self, student: Visitor, teacher: Visitor, video: Video
    ) -> None:
        """A reply can be there while nothing is released any more: the mark of another attempt hides nothing."""
        Assignment.objects.update(anonymous=True, replies=True)
        comment = add(teacher, video)["id"]
        release(teacher, video)
        student.send(f"comments/{comment}/reply/", {"text": "Why?"})
        assert listed(teacher, video)[0]["replies"][0]["author"] == "Ana Student"
        Release.objects.all().delete()

        page = teacher.text(f"submissions/{video.attempt.submission_id}/")
        assert listed(teacher, video)[0]["replies"][0]["author"].startswith("Student ")
        assert "Ana " not in page
        assert "ana-secret" not in page

    def test_nameless_staff_are_called_what_they_are(
        self, student: Visitor, teacher: Visitor, video: Video, visit: Any
    ) -> None:
        nobody = {"name": ..., "given_name": ..., "family_name": ..., "email": ...}
        add(visit("assistant", "4", **nobody), video)
        release(teacher, video)

        assert listed(student, video)[0]["author"] == "Assistant"

    def test_an_address_is_no_name_for_students(
        self, student: Visitor, teacher: Visitor, video: Video, visit: Any
    ) -> None:
        add(visit("teacher", "5", name=..., given_name=..., family_name=..., email="tom@example.org"), video)
        release(teacher, video)

        assert listed(teacher, video)[0]["author"] == "tom@example.org"
        assert listed(student, video)[0]["author"] == "Teacher"
        assert "tom@example.org" not in student.text()

    def test_who_has_left_is_not_named(self, teacher: Visitor, video: Video) -> None:
        add(teacher, video)
        Comment.objects.update(author=None)

        assert listed(teacher, video)[0]["author"] == "Someone who has left"


def test_room_reads_all_in_two_statements(teacher: Visitor, student: Visitor, video: Video, visit: Any) -> None:
    allow_replies()
    authors = list(Person.objects.all())

    def statements(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            teacher.browser.get(f"{teacher.home}{path}", secure=True)
        return len(asked)

    path = f"submissions/{video.attempt.submission_id}/"
    few = statements(path)
    for i in range(50):
        said = Comment.objects.create(video=video, author=authors[i % 2], at=i / 50, text=f"Comment {i}")
        for _ in range(3):
            Comment.objects.create(video=video, author=authors[1 - i % 2], reply_to=said, text="Yes.")
    assert statements(path) == few
    launch = LaunchSession.objects.select_related("resource_link", "person").get(pk=teacher.home.split("/")[2])
    with CaptureQueriesContext(connection) as asked:
        shown = threads.shown(launch=launch, videos=[video.pk])[video.pk]
    assert len(asked) == 1
    assert (len(shown), len(shown[0].replies)) == (50, 3)
    assert few <= 15
