"""Rubrics where people meet them: set-up, the grading room, the student's page."""

import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.template.loader import render_to_string

from lti_tool.models import Course, Person
from tests.films import film
from tests.lti_tool.platform_double import LTI, PlatformDouble, selecting
from tests.video.conftest import Visit
from tests.video.grading.test_marks import RUBRIC
from tests.video.visitor import Visitor
from video.models import Assignment, Grade, Release, Submission
from video.rubrics import rubrics

FORM = {"title": "Oral exam", "points": "100", "max_size_gb": "1"}
STORED = rubrics.parse(RUBRIC).as_json()
SCORED = {"level-content": "high", "points-voice": "5", "note-voice": "Louder, please."}
OTHER = {f"{LTI}resource_link": {"id": "2", "title": "Essay"}}


def with_rubric(rubric: Any = RUBRIC, **changes: str) -> dict[str, str]:
    text = rubric if isinstance(rubric, str) else json.dumps(rubric)
    return {**FORM, "grading": "rubric", "rubric": text, **changes}


def hidden_rubric(page: str) -> Any:
    found = re.search(r'<input type="hidden" name="rubric" value="([^"]*)"', page)
    assert found, page
    return json.loads(unescape(found.group(1)))


def body(response: HttpResponse) -> Any:
    return json.loads(response.content)


@pytest.fixture(params=["settings page", "deep linking"])
def form(request: pytest.FixtureRequest, visit: Visit) -> tuple[Visitor, str, str]:
    """Who fills in a set-up form, where, and what its rubric's addresses begin with."""
    if request.param == "settings page":
        return visit("teacher", "3"), "settings/", "settings/rubric/"
    return visit("teacher", "3", **selecting()), "", "rubric/"


class TestSetUp:
    def test_rubric_is_stored_and_comes_back_to_the_form(self, form: tuple[Visitor, str, str], visit: Visit) -> None:
        teacher, path, _ = form
        assert teacher.post(path, with_rubric()).status_code in (200, 302)

        assignment = Assignment.objects.get()
        assert (assignment.grading, assignment.rubric) == ("rubric", STORED)

    def test_page_without_scripts_sends_it_back_as_it_was(self, visit: Visit, assignment: Assignment) -> None:
        Assignment.objects.update(rubric=STORED, grading="rubric")
        teacher = visit("teacher", "3")
        page = teacher.text("settings/")
        teacher.post("settings/", with_rubric(hidden_rubric(page)))

        assert Assignment.objects.get().rubric == STORED
        assert "Content" in page.partition("<noscript>")[2]

    def test_page_that_sends_none_leaves_it(self, visit: Visit, assignment: Assignment) -> None:
        Assignment.objects.update(rubric=STORED, grading="rubric")
        assert visit("teacher", "3").post("settings/", FORM).status_code == 302

        assert Assignment.objects.get().rubric == STORED

    def test_rubric_may_be_taken_away(self, visit: Visit, assignment: Assignment) -> None:
        Assignment.objects.update(rubric=STORED, grading="rubric")
        visit("teacher", "3").post("settings/", {**with_rubric({}), "grading": "points"})

        assert (Assignment.objects.get().rubric, Assignment.objects.get().grading) == ({}, "points")

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ("{", "could not be read"),
            ("[" * 100_000, "could not be read"),
            ('{"criteria":' * 5_000, "could not be read"),
            ("1" * 5_000, "could not be read"),
            ("[1]", "could not be read"),
            ({}, "no criteria yet"),
            ({"criteria": [{"title": "Voice", "points": "NaN"}]}, "“Voice” takes points"),
            ('{"criteria": [{"title": "Voice", "points": NaN}]}', "“Voice” takes points"),
            ({"criteria": [{"title": "Voice", "points": 0}]}, "worth nothing"),
            ({"criteria": [{"title": "", "points": 1}, {"title": "b", "points": "x"}]}, "Criterion 1 has no name"),
        ],
    )
    def test_wrong_one_is_told_and_stays_in_the_form(
        self, form: tuple[Visitor, str, str], wrong: Any, told: str
    ) -> None:
        teacher, path, _ = form
        response = teacher.post(path, with_rubric(wrong))
        page = response.content.decode()

        assert response.status_code == 422
        assert told in page
        assert not Assignment.objects.exists()
        typed = wrong if isinstance(wrong, str) else json.dumps(wrong)
        assert unescape(page).count(typed[:200]) >= 1

    def test_who_marks_already_is_told_what_a_change_does(
        self, visit: Visit, assignment: Assignment, teacher: Visitor, submission: Submission
    ) -> None:
        notice = "1 mark has been given here"
        assert notice not in teacher.text("settings/")
        teacher.post(f"submissions/{submission.pk}/", SCORED)

        assert notice in teacher.text("settings/")

    def test_page_asks_the_database_as_often_for_many_as_for_one(
        self, visit: Visit, assignment: Assignment, django_assert_max_num_queries: Any
    ) -> None:
        teacher, course = visit("teacher", "3"), Course.objects.get()
        for n in range(20):
            Assignment.objects.create(course=course, title=f"{n}", rubric=STORED, set_up_by=Person.objects.get(sub="3"))
        with django_assert_max_num_queries(12):
            page = teacher.text("settings/")
        assert page.count("/settings/rubric/of/") == 20


@pytest.fixture
def submission(student: Visitor) -> Submission:
    """Handed in where it is marked by a rubric."""
    Assignment.objects.update(rubric=STORED, grading="rubric")
    student.upload("a.mp4", film())
    student.submit()
    return Submission.objects.get(person__sub="6")


class TestTakingOver:
    def test_of_the_course_and_of_ones_own(self, form: tuple[Visitor, str, str], visit: Visit) -> None:
        teacher, path, below = form
        course = Course.objects.get()
        colleagues = Assignment.objects.create(
            course=course, title="Colleague's", rubric=STORED, offered_at="2026-01-01T00:00Z"
        )
        elsewhere = Course.objects.create(
            platform=course.platform, deployment=course.deployment, context_id="77", title="Physics"
        )
        own = Assignment.objects.create(
            course=elsewhere, title="Mine", rubric=STORED, set_up_by=Person.objects.get(sub="3")
        )
        Assignment.objects.create(course=course, title="Without", offered_at="2026-01-01T00:00Z")
        page = teacher.text(path)
        offered = re.findall(rf'<option value="/[^"]*?/{below}of/([\w-]+)/">([^<]+)<', page)

        assert offered[0][1] == "Mine (Physics)", "the newest first"
        assert {pk for pk, _ in offered} == {str(own.pk), str(colleagues.pk)}
        for pk, _ in offered:
            assert body(teacher.get(f"{below}of/{pk}/")) == {"rubric": STORED}

    def test_nothing_that_one_may_not_see(self, form: tuple[Visitor, str, str]) -> None:
        teacher, path, below = form
        course = Course.objects.get()
        elsewhere = Course.objects.create(platform=course.platform, deployment=course.deployment, context_id="77")
        hidden = [
            Assignment.objects.create(course=elsewhere, title="Hidden", rubric=STORED, offered_at="2026-01-01T00:00Z"),
            Assignment.objects.create(course=course, title="Hidden draft", rubric=STORED),
        ]

        assert "Hidden" not in teacher.text(path)
        for one in hidden:
            assert teacher.get(f"{below}of/{one.pk}/").status_code == 404

    def test_not_from_itself(self, visit: Visit, assignment: Assignment) -> None:
        Assignment.objects.update(rubric=STORED)

        assert "/of/" not in visit("teacher", "3").text("settings/")


TABLE = "criterion;points;level;level points\nContent;;Weak;2\n;;Strong;10\nÜbung;10;;\n"


class TestTables:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    def test_file_is_read(self, form: tuple[Visitor, str, str], encoding: str) -> None:
        teacher, _, below = form
        file = SimpleUploadedFile("rubric.csv", TABLE.encode(encoding), "text/csv")
        answer = teacher.post(f"{below}import/", {"file": file})

        assert answer.status_code == 200
        assert [one["title"] for one in body(answer)["rubric"]["criteria"]] == ["Content", "Übung"]

    def test_pasted_text_is_read(self, form: tuple[Visitor, str, str]) -> None:
        teacher, _, below = form
        answer = teacher.post(f"{below}import/", {"table": TABLE.replace(";", "\t")})

        assert len(body(answer)["rubric"]["criteria"]) == 2

    @pytest.mark.parametrize(
        ("sent", "told"),
        [
            ({}, "Row 1 must name the columns"),
            ({"table": TABLE.replace(";10;;", ";ten;;")}, "Row 4: “Übung” needs points"),
            ({"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04")}, "This is a workbook"),
            ({"file": SimpleUploadedFile("a.csv", b"a" * 1_000_001)}, "too large"),
            ({"file": SimpleUploadedFile("a.csv", b"")}, "Row 1 must name the columns"),
        ],
    )
    def test_what_is_no_rubric_is_told_by_rows(
        self, form: tuple[Visitor, str, str], sent: dict[str, Any], told: str
    ) -> None:
        teacher, _, below = form
        for file in sent.values():
            if isinstance(file, SimpleUploadedFile):
                file.seek(0)
        answer = teacher.post(f"{below}import/", sent)

        assert answer.status_code == 422
        assert told in body(answer)["told"][0]
        assert body(answer)["error"]["message"]

    def test_what_is_in_the_editor_is_written(self, form: tuple[Visitor, str, str]) -> None:
        teacher, _, below = form
        answer = body(teacher.post(f"{below}export/", {"rubric": json.dumps(RUBRIC)}))
        again = body(teacher.post(f"{below}import/", {"table": answer["table"]}))

        assert answer["name"] == "rubric.csv"
        assert rubrics.parse(again["rubric"]).points == 20
        assert body(teacher.post(f"{below}export/"))["table"].startswith('\ufeff"Criterion"')

    @pytest.mark.parametrize(
        ("wrong", "status"), [("[" * 100_000, 400), ("1" * 5_000, 400), ("[1]", 422), ('{"criteria": [{}]}', 422)]
    )
    def test_nonsense_is_not_written(self, form: tuple[Visitor, str, str], wrong: str, status: int) -> None:
        teacher, _, below = form
        answer = teacher.post(f"{below}export/", {"rubric": wrong})

        assert answer.status_code == status
        assert body(answer)["error"]["message"]

    def test_stored_one_is_a_file(self, visit: Visit, assignment: Assignment) -> None:
        rubric = {"criteria": [{"title": "=1+1", "points": 5, "description": "Käse"}]}
        Assignment.objects.update(rubric=rubrics.parse(rubric).as_json())
        answer = visit("teacher", "3").get("settings/rubric.csv")

        assert answer["Content-Disposition"] == 'attachment; filename="rubric.csv"'
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert '"\'=1+1"' in answer.content.decode()

    def test_nothing_is_set_up_yet(self, visit: Visit) -> None:
        assert visit("teacher", "3").get("settings/rubric.csv").status_code == 404


@pytest.mark.parametrize(
    ("who", "sub", "changes", "status"),
    [
        ("teacher", "3", {}, 200),
        ("admin", "2", {}, 200),
        ("assistant", "4", {}, 404),
        ("student", "6", {}, 404),
        ("student", "3", {}, 404),
        ("teacher", "5", {**OTHER, f"{LTI}context": {"id": "77", "title": "Physics"}}, 404),
    ],
)
def test_who_may_reach_a_rubrics_addresses(
    visit: Visit, assignment: Assignment, who: str, sub: str, changes: dict[str, Any], status: int
) -> None:
    Assignment.objects.update(rubric=STORED)
    visitor = visit(who, sub, **changes)
    of_another = visitor.get(f"settings/rubric/of/{assignment.pk}/").status_code
    own = visitor.get("settings/rubric.csv").status_code
    tables = [visitor.post(f"settings/rubric/{what}/", {"table": TABLE}).status_code for what in ("import", "export")]

    assert (of_another, own) == (status, status)
    assert tables == [200 if who in ("teacher", "admin") else 404] * 2


def test_another_platforms_rubric_is_not_there(platform: PlatformDouble, visit: Visit, assignment: Assignment) -> None:
    Assignment.objects.update(rubric=STORED)
    twin = PlatformDouble(platform.answers, host="twin.example")

    assert visit("teacher", "3", platform=twin).get(f"settings/rubric/of/{assignment.pk}/").status_code == 404


def checked(page: str) -> list[str]:
    """Names and values of what is chosen."""
    found = []
    for one in re.findall(r"<input [^>]*\bchecked\b[^>]*>", page):
        values = dict(re.findall(r'(name|value)="([^"]*)"', one))
        found.append(f"{values['name']}={values['value']}")
    return found


class TestRoom:
    def test_scores_are_stored_and_shown_again(self, teacher: Visitor, submission: Submission) -> None:
        address = f"submissions/{submission.pk}/"
        assert teacher.post(address, SCORED).status_code == 302

        grade = Grade.objects.get()
        assert (grade.points, grade.overridden) == (Decimal(75), False)
        page = teacher.text(address)
        assert checked(page) == ["level-content=high"]
        assert 'name="points-voice" type="number" min="0" max="10" step="any" inputmode="decimal" value="5"' in page
        assert "Louder, please." in page
        assert "The rubric says 75." in page

    def test_override_shows(self, teacher: Visitor, submission: Submission) -> None:
        address = f"submissions/{submission.pk}/"
        teacher.post(address, {**SCORED, "points": "80", "overridden": "1"})

        assert Grade.objects.get().overridden
        page = teacher.text(address)
        assert "overridden=1" in checked(page)
        assert "data-overridden>Overridden" in page

    def test_after_something_wrong_what_was_typed_is_there_again(
        self, teacher: Visitor, submission: Submission
    ) -> None:
        wrong = {**SCORED, "points-voice": "11", "points": "80", "overridden": "1"}
        answer = teacher.post(f"submissions/{submission.pk}/", wrong)
        page = answer.content.decode()

        assert answer.status_code == 422
        assert not Grade.objects.exists()
        assert checked(page) == ["level-content=high", "overridden=1"]
        assert 'value="11" aria-invalid="true"' in page
        assert "“Voice” takes points from 0 to 10" in page
        assert "Louder, please." in page

    def test_mark_stays_where_its_rubric_was_changed(self, teacher: Visitor, submission: Submission) -> None:
        address = f"submissions/{submission.pk}/"
        teacher.post(address, SCORED)
        more = {"criteria": [*STORED["criteria"], {"id": "new", "title": "New", "points": "10"}]}
        Assignment.objects.update(rubric=rubrics.parse(more).as_json())
        page = teacher.text(address)

        assert "overridden=1" in checked(page), "else the next save would take the mark away"
        assert "The rubric is not complete yet." in page

    @pytest.mark.parametrize(("verdict", "told"), [("pass", "Passed"), ("fail", "Not passed")])
    def test_pass_or_fail(
        self, teacher: Visitor, student: Visitor, submission: Submission, verdict: str, told: str
    ) -> None:
        Assignment.objects.update(grading="pass_fail")
        address = f"submissions/{submission.pk}/"
        assert checked(teacher.text(address)) == ["verdict="]
        teacher.post(address, {"verdict": verdict})

        assert checked(teacher.text(address)) == [f"verdict={verdict}"]
        assert f"<strong>{told}</strong>" in teacher.text()
        assert f"<strong>{told}</strong>" in student.text()

    def test_pass_or_fail_is_shown_again_after_something_wrong(self, teacher: Visitor, submission: Submission) -> None:
        Assignment.objects.update(grading="pass_fail")
        answer = teacher.post(f"submissions/{submission.pk}/", {"verdict": "pass", "feedback": "a" * 50_001})

        assert answer.status_code == 422
        assert checked(answer.content.decode()) == ["verdict=pass"]


class TestStudent:
    def test_rubric_is_seen_before(self, student: Visitor) -> None:
        assert "How it is marked" not in student.text()
        Assignment.objects.update(rubric=STORED, grading="rubric")
        page = student.text()

        assert "How it is marked: 2 criteria, 20 points, scaled to 100" in page
        for words in ("Content", "Strong", "Weak", "Voice", "0 to 10"):
            assert words in page

    def test_after_it_says_what_was_chosen(self, teacher: Visitor, submission: Submission) -> None:
        teacher.post(f"submissions/{submission.pk}/", {**SCORED, "points": "80", "overridden": "1"})
        context = {"assignment": Assignment.objects.get(), "release": Release.objects.get()}
        shown = " ".join(re.sub(r"<[^>]+>", " ", render_to_string("video/rubrics/result.html", context)).split())

        assert "15 of 20 rubric points Other points given The mark is 80 of 100" in shown
        assert "Content 10 of 10 Weak 2 Yours: Strong 10" in shown
        assert "Voice 5 of 10 Louder, please." in shown


def test_what_is_begun_from_an_earlier_one_has_its_rubric(visit: Visit, assignment: Assignment) -> None:
    Assignment.objects.update(rubric=STORED, grading="rubric", set_up_by=Person.objects.get(sub="3"))
    teacher = visit("teacher", "3", **OTHER)
    teacher.post("settings/", with_rubric(hidden_rubric(teacher.text("settings/", like=str(assignment.pk)))))

    assert [one.rubric for one in Assignment.objects.all()] == [STORED, STORED]
