"""An assignment that has marks gets other points: somebody says what becomes of the marks, and everything agrees."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
import responses
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lti_tool.gradebook import ags, columns
from lti_tool.models import LaunchSession, Person, ResourceLink, ScoreDelivery
from lti_tool.tasks import tell_maximum
from tests.lti_tool.platform_double import PlatformDouble
from tests.video.conftest import Visit
from tests.video.course import delivery_of, enrol, hand_in, mark
from tests.video.visitor import Visitor
from video.grading import marks, points_change
from video.models import Assignment, Attempt, Grade, OwnMark, Release

FORM = {"title": "Interview", "instructions": "", "max_size_gb": "0.01", "grading": "points"}
LINE_ITEM = "https://moodle.example/mod/lti/services.php/2/lineitems/7/lineitem?type_id=3"
Given = dict[str, Any]


def settings(points: str, **more: str) -> dict[str, str]:
    return {**FORM, "points": points, **more}


def change(teacher: Visitor, points: str, way: str, **more: str) -> None:
    """By the settings and their question."""
    before = more.pop("before", "100 points")
    answer = teacher.post("settings/", settings(points, **more, way=way, before=before))
    assert answer.status_code == 302, answer.content.decode()


def words(visitor: Visitor) -> str:
    """Of their front page, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", visitor.text()).split())


@pytest.fixture
def attempt(assignment: Assignment, student: Visitor) -> Attempt:
    return hand_in(assignment, Person.objects.get(sub="6"))


@pytest.fixture
def released(attempt: Attempt) -> Grade:
    """87.5 of 100, seen by Ana, and in Moodle."""
    delivery_of(attempt, "sent", points=Decimal("87.5"), maximum=Decimal(100), wanted_version=1, sent_version=1)
    return mark(attempt, "87.5", released=True, feedback="<p>Well told.</p>")


class TestAsked:
    def test_nothing_is_saved_before_somebody_has_chosen(self, teacher: Visitor, released: Grade) -> None:
        page = teacher.post("settings/", settings("50", title="Another title"))

        assert page.status_code == 422
        text = page.content.decode()
        assert "What becomes of the marks?" in text
        assert "87.5 of 100 becomes 43.75 of 50" in text
        assert "keeps its number" not in text
        assert "1 mark is above 50" in text
        assert 'name="title" value="Another title"' in text
        assignment = Assignment.objects.get()
        assert (assignment.points, assignment.title) == (Decimal(100), "Interview")

    def test_without_marks_it_is_just_saved(self, teacher: Visitor, attempt: Attempt) -> None:
        assert teacher.post("settings/", settings("50")).status_code == 302
        assert Assignment.objects.get().points == 50

    def test_other_settings_are_saved_without_a_question(self, teacher: Visitor, released: Grade) -> None:
        assert teacher.post("settings/", settings("100", title="New")).status_code == 302
        assert Assignment.objects.get().title == "New"

    def test_way_back_shows_the_settings_as_typed(self, teacher: Visitor, released: Grade) -> None:
        page = teacher.post("settings/", settings("50", title="Typed", back="1"))
        assert 'value="Typed"' in page.content.decode()
        assert Assignment.objects.get().title == "Interview"

    def test_settings_say_that_there_are_marks(self, teacher: Visitor, released: Grade) -> None:
        assert "1 mark is given" in teacher.text("settings/")

    def test_answer_to_other_points_is_asked_again(self, teacher: Visitor, released: Grade) -> None:
        page = teacher.post("settings/", settings("50", way="proportion", before="200 points"))
        assert page.status_code == 422
        assert "changed by somebody else meanwhile" in page.content.decode()
        assert Grade.objects.get().points == Decimal("87.5")

    @pytest.mark.parametrize("kind", ["held", "own"])
    def test_every_kind_of_mark_asks(self, teacher: Visitor, attempt: Attempt, kind: str) -> None:
        if kind == "held":
            mark(attempt, "60")
        else:
            OwnMark.objects.create(attempt=attempt, marker=Person.objects.get(sub="3"), points=Decimal(60))
        assert teacher.post("settings/", settings("80")).status_code == 422


class TestProportion:
    def test_room_page_student_and_moodle_agree(self, teacher: Visitor, student: Visitor, released: Grade) -> None:
        change(teacher, "50", "proportion")

        grade = Grade.objects.get()
        assert (grade.points, grade.version, grade.unreleased) == (Decimal("43.75"), 2, False)
        before, after = released.release.at, Release.objects.get()
        assert (after.points, after.at) == (Decimal("43.75"), before)
        assert "43.75 of 50" in words(student)
        delivery = ScoreDelivery.objects.get()
        assert (delivery.points, delivery.maximum) == (Decimal("43.75"), Decimal(50))
        assert (delivery.state, delivery.wanted_version) == ("waiting", 2)

    def test_feedback_can_be_edited_afterwards(self, teacher: Visitor, released: Grade) -> None:
        change(teacher, "50", "proportion")
        typed = {"points": "43.75", "feedback": "<p>Better.</p>", "version": 2, "terms": "", "finish": True}
        answer = teacher.send(f"attempts/{released.attempt_id}/mark/", typed)
        assert answer.status_code == 200, answer.content.decode()
        assert Release.objects.get().feedback == "<p>Better.</p>"

    @pytest.mark.parametrize(
        ("points", "of", "to", "expected"),
        [
            ("33.33", "100", "50", "16.66"),  # 16.665: half to even, as everywhere
            ("0.5", "100", "1", "0"),  # 0.005 to 0.00
            ("1.5", "100", "1", "0.02"),  # 0.015 to 0.02
            ("0", "100", "7", "0"),
            ("100", "100", "33.33", "33.33"),
            ("66.67", "100", "250", "166.68"),  # 166.675
        ],
    )
    def test_half_to_even(
        self, teacher: Visitor, attempt: Attempt, points: str, of: str, to: str, expected: str
    ) -> None:
        mark(attempt, points, released=True)
        change(teacher, to, "proportion", before=f"{of} points")
        assert Grade.objects.get().points == Release.objects.get().points == Decimal(expected)

    def test_working_and_released_mark_stay_two(self, teacher: Visitor, student: Visitor, released: Grade) -> None:
        Grade.objects.update(points=Decimal(60), unreleased=True)
        change(teacher, "50", "proportion")
        assert (Grade.objects.get().points, Release.objects.get().points) == (Decimal(30), Decimal("43.75"))
        assert Grade.objects.get().unreleased
        assert ScoreDelivery.objects.get().points == Decimal("43.75")

    def test_own_marks_too(self, teacher: Visitor, attempt: Attempt) -> None:
        OwnMark.objects.create(attempt=attempt, marker=Person.objects.get(sub="3"), points=Decimal(61))
        change(teacher, "50", "proportion")
        assert OwnMark.objects.get().points == Decimal("30.5")

    def test_of_two_attempts_moodle_gets_the_newest_released(
        self, teacher: Visitor, assignment: Assignment, released: Grade
    ) -> None:
        second = hand_in(assignment, released.attempt.submission.person)
        mark(second, "40")
        change(teacher, "50", "proportion")
        assert ScoreDelivery.objects.get().points == Decimal("43.75")

    def test_rubric_is_worked_out_anew_rather_than_rounded_twice(self, teacher: Visitor, attempt: Attempt) -> None:
        rubric = {"criteria": [{"id": "a", "title": "Voice", "points": "3"}]}
        Assignment.objects.update(points=1, grading="rubric", rubric=rubric)
        mark(attempt, "0.33", released=True, scores={"a": {"points": "1"}})
        Release.objects.update(scores={"a": {"points": "1"}})

        change(teacher, "100", "proportion", before="1 rubric", grading="rubric", rubric=json.dumps(rubric))

        grade = Grade.objects.get()
        assert (grade.points, grade.overridden) == (Decimal("33.33"), False)
        assert Release.objects.get().points == Decimal("33.33")


class TestNumbers:
    def test_numbers_stay_where_they_fit(self, teacher: Visitor, student: Visitor, attempt: Attempt) -> None:
        delivery_of(attempt, "kept", points=Decimal(40), maximum=Decimal(100), sent_version=1)
        mark(attempt, "40", released=True)
        change(teacher, "50", "numbers")
        assert "40 of 50" in words(student)
        delivery = ScoreDelivery.objects.get()
        assert (delivery.points, delivery.maximum) == (Decimal(40), Decimal(50))
        assert delivery.state == "waiting"  # worth more than when Moodle's own grade was chosen

    def test_a_mark_saved_between_question_and_answer_refuses(
        self, teacher: Visitor, assignment: Assignment, attempt: Attempt
    ) -> None:
        mark(attempt, "40")
        assert "keeps its number" in teacher.post("settings/", settings("50")).content.decode()
        mark(hand_in(assignment, enrol(assignment, "7", "Ben")), "80")

        page = teacher.post("settings/", settings("50", way="numbers", before="100 points"))

        assert page.status_code == 422
        assert "not possible any more" in page.content.decode()
        assert (Assignment.objects.get().points, {one.points for one in Grade.objects.all()}) == (
            Decimal(100),
            {Decimal(40), Decimal(80)},
        )

    def test_rubric_marks_become_typed_ones(self, teacher: Visitor, attempt: Attempt) -> None:
        rubric = {"criteria": [{"id": "a", "title": "Voice", "points": "10"}]}
        Assignment.objects.update(grading="rubric", rubric=rubric)
        mark(attempt, "40", scores={"a": {"points": "4"}})
        change(teacher, "50", "numbers", before="100 rubric", grading="rubric", rubric=json.dumps(rubric))
        assert (Grade.objects.get().points, Grade.objects.get().overridden) == (Decimal(40), True)


class TestPassOrFail:
    def test_points_need_a_limit(self, teacher: Visitor, assignment: Assignment, attempt: Attempt) -> None:
        mark(attempt, "30", released=True)
        mark(hand_in(assignment, enrol(assignment, "7", "Ben")), "50", released=True)

        page = teacher.post("settings/", settings("100", grading="pass_fail"))
        assert "Passed from" in page.content.decode()
        for limit in ("", "0", "101", "nonsense"):
            answer = {"way": "limit", "before": "100 points", "limit": limit}
            assert teacher.post("settings/", settings("100", grading="pass_fail", **answer)).status_code == 422
        change(teacher, "100", "limit", grading="pass_fail", limit="50")

        assert sorted(one.points for one in Release.objects.all()) == [0, 100]

    def test_passed_stays_passed(self, teacher: Visitor, student: Visitor, attempt: Attempt) -> None:
        Assignment.objects.update(grading="pass_fail")
        mark(attempt, "100", released=True)
        change(teacher, "50", "proportion", before="100 pass_fail", grading="pass_fail")
        assert Release.objects.get().points == 50
        assert "Passed" in words(student)

    def test_full_and_no_points_need_no_question(self, teacher: Visitor, attempt: Attempt) -> None:
        mark(attempt, "100")
        assert teacher.post("settings/", settings("100", grading="pass_fail")).status_code == 302


class TestMeanwhile:
    """Pages and files that were made before."""

    def test_typed_out_of_other_points_is_not_saved(self, teacher: Visitor, attempt: Attempt) -> None:
        terms = marks.terms_of(Assignment.objects.get())
        assert f'name="terms" value="{terms}"' in teacher.text(f"submissions/{attempt.submission_id}/")
        teacher.post("settings/", settings("50"))

        for path in ("mark/", "points/"):
            answer = teacher.send(f"attempts/{attempt.pk}/{path}", {"points": "40", "version": 0, "terms": terms})
            assert answer.status_code == 409
            error = json.loads(answer.content)["error"]
            assert (error["code"], "out of 50 now" in error["message"]) == ("other_points", True)
        assert not Grade.objects.exists()

    def test_own_mark_neither(self, teacher: Visitor, attempt: Attempt) -> None:
        terms = marks.terms_of(Assignment.objects.get())
        teacher.post("settings/", settings("50", double_marking="on"))
        teacher.post(f"attempts/{attempt.pk}/own-mark/", {"own-points": "40", "own-terms": terms})
        assert not OwnMark.objects.exists()

    def test_two_markers_have_to_look_at_a_converted_mark(self, teacher: Visitor, released: Grade) -> None:
        change(teacher, "50", "proportion")
        typed = {"points": "45", "version": 1, "finish": True}
        answer = teacher.send(f"attempts/{released.attempt_id}/mark/", typed)
        assert (answer.status_code, json.loads(answer.content)["theirs"]["points"]) == (409, "43.75")

    def test_file_of_marks_is_read_anew(self, teacher: Visitor, attempt: Attempt) -> None:
        teacher.send("marks/import/", {})
        sheet = teacher.post("marks/import/", {"file": _csv("Name,Points,Maximum\r\nAna Student,80,100\r\n")})
        preview = sheet["Location"]
        teacher.post("settings/", settings("50"))
        teacher.post(f"{preview}apply/", {})
        assert not Grade.objects.exists()

        again = teacher.post("marks/import/", {"file": _csv("Name,Points,Maximum\r\nAna Student,40,100\r\n")})
        assert "out of 100, and this assignment has 50" in teacher.text(again["Location"])

    def test_import_is_not_undone_into_other_points(self, teacher: Visitor, attempt: Attempt) -> None:
        preview = teacher.post("marks/import/", {"file": _csv("Name,Points\r\nAna Student,80\r\n")})["Location"]
        teacher.post(f"{preview}apply/", {})
        change(teacher, "50", "proportion")
        teacher.post(f"{preview}undo/", {})
        assert Grade.objects.get().points == 40

    def test_marks_above_the_points_can_be_edited_and_are_asked_about(self, teacher: Visitor, released: Grade) -> None:
        """As an earlier version left them."""
        Assignment.objects.update(points=50)
        typed = {"points": "87.5", "feedback": "<p>Better.</p>", "version": 1, "finish": True}
        assert teacher.send(f"attempts/{released.attempt_id}/mark/", typed).status_code == 200
        assert teacher.send(f"attempts/{released.attempt_id}/mark/", typed | {"points": "87.4"}).status_code == 422
        page = teacher.post("settings/", settings("50")).content.decode()
        assert "type at least 87.5 points" in page
        change(teacher, "100", "numbers", before="50 points")


def _csv(text: str) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("marks.csv", text.encode())


class TestChosenAgain:
    """Content with other points was selected in Moodle for an activity that has marks."""

    @pytest.fixture
    def again(self, visit: Visit, assignment: Assignment, released: Grade) -> Assignment:
        chosen = Assignment.objects.create(
            course=assignment.course, title="Chosen", points=50, max_bytes=1, offered_at=released.created_at
        )
        custom = {"https://purl.imsglobal.org/spec/lti/claim/custom": {"assignment": str(chosen.pk)}}
        student = visit("student", "6", name="Ana Student", **custom)
        assert "87.5 of 100" in words(student)
        return chosen

    def test_student_first_changes_no_mark_and_the_teacher_is_asked(self, teacher: Visitor, again: Assignment) -> None:
        bound = Assignment.objects.get(resource_link__isnull=False)
        assert (bound.title, bound.points, bound.chosen_again) == ("Chosen", Decimal(100), again)
        assert "settings/points/" in teacher.text()
        assert "43.75 of 50" in teacher.text("settings/points/")

        assert teacher.post("settings/points/", {"way": "proportion", "before": "100 points"}).status_code == 302
        bound.refresh_from_db()
        assert (bound.points, bound.chosen_again, Grade.objects.get().points) == (Decimal(50), None, Decimal("43.75"))
        assert "settings/points/" not in teacher.text()
        assert teacher.get("settings/points/").status_code == 404

    def test_points_may_stay(self, teacher: Visitor, again: Assignment) -> None:
        teacher.post("settings/points/", {"keep": "1"})
        bound = Assignment.objects.get(resource_link__isnull=False)
        assert (bound.points, bound.chosen_again) == (Decimal(100), None)

    def test_nobody_but_editors(self, visit: Visit, again: Assignment) -> None:
        assistant = visit("assistant", "8")
        assert assistant.get("settings/points/").status_code == 404
        assert "settings/points/" not in assistant.text()


class TestManyAtOnce:
    def test_few_statements_however_many(self, teacher: Visitor, assignment: Assignment) -> None:
        for n in range(30):
            attempt = hand_in(assignment, enrol(assignment, str(100 + n), f"Student {n}"))
            delivery_of(attempt, "sent", points=Decimal(n), maximum=Decimal(100), sent_version=1)
            mark(attempt, str(n), released=True)
        launch = LaunchSession.objects.filter(person__sub="3").first()
        assert launch is not None
        changed = Assignment.objects.get()
        changed.points = Decimal(50)
        answer = points_change.Answer(points_change.Way.PROPORTION, "100 points")
        with CaptureQueriesContext(connection) as asked:
            assert not points_change.save(launch=launch, changed=changed, store=changed.save, answer=answer)
        assert sorted(one.points for one in Release.objects.all()) == [Decimal(n) / 2 for n in range(30)]
        assert len(asked) < 35


class TestColumn:
    """What Moodle's column counts to."""

    @pytest.fixture
    def link(self, assignment: Assignment) -> ResourceLink:
        ResourceLink.objects.update(lineitem_url=LINE_ITEM, scopes=[ags.SCOPE_LINEITEM, ags.SCOPE_SCORE])
        return ResourceLink.objects.select_related("platform").get()

    def test_whole_column_is_sent_back(
        self, teacher: Visitor, platform: PlatformDouble, answers: responses.RequestsMock, link: ResourceLink
    ) -> None:
        teacher.post("settings/", settings("50"))
        ResourceLink.objects.update(lineitem_url=LINE_ITEM, scopes=[ags.SCOPE_LINEITEM])  # as at each launch
        told = {"id": LINE_ITEM, "label": "Interview", "scoreMaximum": 100, "resourceLinkId": "1"}
        told |= {"submissionReview": {"url": "https://tool.example/review"}, "tag": "video", "resourceId": "x"}
        answers.post(platform.row.token_url, json={"access_token": "t", "expires_in": 3600})
        answers.get(LINE_ITEM, json=told)
        put = answers.put(LINE_ITEM, json={})

        assert ResourceLink.objects.get().maximum_wanted == 50
        tell_maximum(str(link.pk))

        assert json.loads(put.calls[0].request.body or "") == {**told, "scoreMaximum": 50}
        assert ResourceLink.objects.get().maximum_wanted is None

    def test_platform_that_is_away_is_told_later(
        self, teacher: Visitor, platform: PlatformDouble, answers: responses.RequestsMock, link: ResourceLink
    ) -> None:
        ResourceLink.objects.update(maximum_wanted=50)
        answers.post(platform.row.token_url, json={"access_token": "t", "expires_in": 3600})
        answers.get(LINE_ITEM, status=503)
        tell_maximum(str(link.pk))
        assert ResourceLink.objects.get().maximum_wanted == 50

        answers.replace(responses.GET, LINE_ITEM, json={"id": LINE_ITEM, "scoreMaximum": 50.0})
        assert list(columns.links_to_tell()) == [link.pk]
        tell_maximum(str(link.pk))
        assert ResourceLink.objects.get().maximum_wanted is None

    def test_refusal_ends_it_and_scores_go_on(
        self, teacher: Visitor, platform: PlatformDouble, answers: responses.RequestsMock, link: ResourceLink
    ) -> None:
        ResourceLink.objects.update(maximum_wanted=50)
        answers.post(platform.row.token_url, json={"access_token": "t", "expires_in": 3600})
        answers.get(LINE_ITEM, status=403)
        tell_maximum(str(link.pk))
        assert ResourceLink.objects.get().maximum_wanted is None

    @pytest.mark.parametrize(
        ("product", "scopes", "points", "told"),
        [
            ("moodle", [ags.SCOPE_LINEITEM], "50", True),
            ("moodle", [ags.SCOPE_LINEITEM], "12.5", False),
            ("moodle", [ags.SCOPE_LINEITEM], "250", False),
            ("canvas", [ags.SCOPE_LINEITEM], "250", True),
            ("moodle", [ags.SCOPE_LINEITEM_READONLY, ags.SCOPE_SCORE], "50", False),
        ],
    )
    def test_only_what_it_takes_and_allows(
        self, teacher: Visitor, link: ResourceLink, product: str, scopes: list[str], points: str, told: bool
    ) -> None:
        type(link.platform).objects.update(product=product)
        ResourceLink.objects.update(scopes=scopes)
        teacher.post("settings/", settings(points))
        assert (ResourceLink.objects.get().maximum_wanted is not None) is told
