"""An activity that was deleted in the LMS and restored comes as a new link: a teacher says whether it is the same."""

import re
from typing import Any

import pytest
import responses
from django.utils import timezone

from lti_tool.models import Course, LaunchSession, ResourceLink, ScoreDelivery
from tests.films import film
from tests.lti_tool.platform_double import LINEITEM, LTI, SCORE, selecting
from tests.video.assignments.test_binding import FORM
from tests.video.conftest import Visit
from tests.video.course import delivery_of, enrol, hand_in, mark
from tests.video.visitor import Visitor
from video.grading import grades
from video.models import Assignment, Event, Submission
from video.submissions.anonymity import alias

ASKS = "Is this the same activity as before?"
WAITS = "has to look at this activity first"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NEW_COLUMN = "https://moodle.example/lineitems/2/lineitem?type_id=1"
OLD_COLUMN = "https://moodle.example/lineitems/1/lineitem?type_id=1"


def activity(number: str, named: str = "", title: str = "Oral exam", **changes: Any) -> dict[str, Any]:
    """Claims of an activity; its column has its number."""
    return {
        f"{LTI}resource_link": {"id": number, "title": title},
        f"{LTI}custom": {"assignment": named} if named else {},
        AGS: {
            "scope": [SCORE, LINEITEM],
            "lineitems": "https://moodle.example/lineitems?type_id=1",
            "lineitem": f"https://moodle.example/lineitems/{number[-1]}/lineitem?type_id=1",
        },
        **changes,
    }


def column(answers: responses.RequestsMock, address: str, status: int, **item: Any) -> None:
    """What the platform answers of a column."""
    answers.upsert(responses.POST, "https://moodle.example/token", json={"access_token": "t", "expires_in": 3600})
    answers.upsert(responses.GET, address, status=status, json=item)


@pytest.fixture
def original(visit: Visit) -> Assignment:
    """Chosen by Deep Linking, at link 41; Ana has handed in, and her mark is owed."""
    visit("teacher", "3", **selecting()).post("", FORM)
    chosen = Assignment.objects.get()
    visit("teacher", "3", **activity("41", str(chosen.pk)))
    visit("teacher", "3", **activity("41", str(chosen.pk))).text()
    chosen.refresh_from_db()
    attempt = hand_in(chosen, enrol(chosen, "6", "Ana Student"), name="a.mp4")
    mark(attempt, "17", released=True)
    delivery_of(attempt, "refused", points=17, maximum=20, last_status=404)
    attempt.receipt_number = "RM-AAAA-BBBB"
    attempt.save()
    Course.objects.update(roster_refreshed_at=timezone.now())  # the page says something once only when it stays
    return chosen


def restored(original: Assignment, **changes: Any) -> dict[str, Any]:
    return activity("52", str(original.pk), **changes)


def answer(visitor: Visitor, what: str, **fields: str) -> str:
    """Press a button of the question as it is shown; the text of the page after it."""
    page = visitor.text("restored/")
    if what == "bring" and not fields:
        fields = dict(re.findall(r'name="(assignment|shown)" value="([0-9a-f-]*)"', page))
    assert visitor.post("restored/", {"what": what, **fields}).status_code == 302
    return visitor.browser.get(visitor.home, secure=True, follow=True).content.decode()


def lives_at(assignment: Assignment) -> str:
    assignment.refresh_from_db()
    assert assignment.resource_link is not None
    return assignment.resource_link.resource_link_id


class TestRestored:
    """The former link does not launch any more."""

    def test_teacher_is_asked_and_brings_the_work_back(
        self, visit: Visit, original: Assignment, answers: responses.RequestsMock
    ) -> None:
        column(answers, OLD_COLUMN, 404)
        teacher = visit("teacher", "3", **restored(original))

        assert teacher.get()["Location"].endswith("/restored/")
        page = teacher.text("restored/")
        assert ASKS in page
        assert "1 person handed in" in page
        assert "Moodle says that its activity is not there any more" in page
        after = answer(teacher, "bring")

        assert "Ana Student" in after
        assert "This is a copy" not in after
        assert lives_at(original) == "52"
        assert Assignment.objects.count() == Submission.objects.count() == 1
        event = Event.objects.get(kind="brought")
        assert event.data["assignment"] == str(original.pk)
        student = visit("student", "6", **restored(original)).text()
        assert "RM-AAAA-BBBB" in student
        assert "17" in student

    def test_grades_are_owed_to_the_new_column(self, visit: Visit, original: Assignment) -> None:
        before = ScoreDelivery.objects.get()
        answer(visit("teacher", "3", **restored(original)), "bring")

        after = ScoreDelivery.objects.get()
        assert after.resource_link.lineitem_url == NEW_COLUMN
        assert (after.state, after.tries) == ("waiting", 0)
        assert after.wanted_version == before.wanted_version + 1, "what is under way to the old column is not this wish"
        assert after.points == 17

    def test_a_mark_that_the_platform_had_is_sent_to_its_new_column(self, visit: Visit, original: Assignment) -> None:
        ScoreDelivery.objects.update(state="sent", sent_version=1)
        answer(visit("teacher", "3", **restored(original)), "bring")

        assert ScoreDelivery.objects.get().state == "waiting"

    @pytest.mark.parametrize("role", ["student", "assistant"])
    def test_others_wait_and_lose_nothing(self, visit: Visit, original: Assignment, role: str) -> None:
        page = visit(role, "6", **restored(original)).text()

        assert WAITS in page
        assert "RM-AAAA-BBBB" in page
        assert lives_at(original) == "41"
        assert Assignment.objects.count() == 1

    def test_those_who_waited_go_on_where_they_were(self, visit: Visit, original: Assignment) -> None:
        waiting = visit("student", "7", **restored(original))
        assert WAITS in waiting.text()
        refused = waiting.send("uploads/", {"name": "b.mp4", "size": 1000, "type": "video/mp4"})
        assert refused.status_code in (403, 404, 409)
        answer(visit("teacher", "3", **restored(original)), "bring")

        waiting.upload("b.mp4", film())
        waiting.submit()
        assert Submission.objects.filter(assignment=original).count() == 2

    def test_an_upload_of_before_goes_on_in_its_own_page(self, visit: Visit, original: Assignment) -> None:
        early = visit("student", "7", **activity("41", str(original.pk)))
        early.upload("b.mp4", film())
        answer(visit("teacher", "3", **restored(original)), "bring")

        early.submit()
        delivery = ScoreDelivery.objects.get(person__sub="7")
        assert delivery.resource_link.resource_link_id == "52"
        assert Assignment.objects.count() == 1

    def test_deliveries_decide_by_the_row_as_it_is(self, visit: Visit, original: Assignment) -> None:
        """A mark that was begun before the work moved is owed at the new link."""
        work = Submission.objects.select_related("assignment__resource_link").get()
        teacher = LaunchSession.objects.filter(role="teacher").latest("created_at")
        answer(visit("teacher", "3", **restored(original)), "bring")
        grades._owe_to_moodle(teacher, work)

        assert ScoreDelivery.objects.get().resource_link.resource_link_id == "52"

    def test_new_one_is_an_empty_copy(self, visit: Visit, original: Assignment) -> None:
        after = answer(visit("teacher", "3", **restored(original)), "new")

        copy = Assignment.objects.exclude(pk=original.pk).get()
        assert (copy.copied_from, copy.settings) == (original, original.settings)
        assert "Oral exam" in after
        assert lives_at(original) == "41"
        assert WAITS not in visit("student", "6", **restored(original)).text()

    def test_wrong_answer_is_mended_from_the_settings(self, visit: Visit, original: Assignment) -> None:
        teacher = visit("teacher", "3", **restored(original))
        answer(teacher, "new")
        visit("student", "7", **restored(original)).text()
        copy = Assignment.objects.exclude(pk=original.pk).get()

        assert "Bring back the work of the former one" in teacher.text("settings/")
        assert "Ana Student" in answer(teacher, "bring")
        assert (lives_at(original), lives_at(copy)) == ("52", "41")

    def test_not_where_somebody_has_worked_meanwhile(self, visit: Visit, original: Assignment) -> None:
        teacher = visit("teacher", "3", **restored(original))
        answer(teacher, "new")
        copy = Assignment.objects.exclude(pk=original.pk).get()
        visit("student", "7", **restored(original)).upload("b.mp4", film())

        assert "Students have worked in this activity already" in teacher.text("restored/")
        page = answer(teacher, "bring", assignment=str(original.pk), shown=str(copy.pk))
        assert "cannot take its place" in page
        assert (lives_at(original), lives_at(copy)) == ("41", "52")

    def test_work_that_was_wrongly_brought_goes_back(self, visit: Visit, original: Assignment) -> None:
        teacher = visit("teacher", "3", **restored(original))
        answer(teacher, "bring")

        assert "Where this activity's work came from" in teacher.text("settings/")
        answer(teacher, "part")
        assert lives_at(original) == "41"
        assert Assignment.objects.get(resource_link__resource_link_id="52").copied_from == original
        assert ScoreDelivery.objects.get().resource_link.resource_link_id == "41"
        assert "Ana Student" in visit("teacher", "3", **activity("41", str(original.pk))).text()
        answer(teacher, "bring")
        assert lives_at(original) == "52"

    def test_former_link_that_launches_again_asks_too(self, visit: Visit, original: Assignment) -> None:
        """It was a duplicate, and the teacher said it was the same."""
        answer(visit("teacher", "3", **restored(original)), "bring")
        former = visit("teacher", "3", **activity("41", str(original.pk)))

        assert "was brought from here" in former.text("restored/")
        assert WAITS in visit("student", "8", **activity("41", str(original.pk))).text()
        assert "Ana Student" in answer(former, "bring")
        assert lives_at(original) == "41"

    def test_two_answers_one_holds(self, visit: Visit, original: Assignment) -> None:
        first, second = (visit("teacher", sub, **restored(original)) for sub in ("3", "33"))
        for teacher in (first, second):
            assert ASKS in teacher.text("restored/")
        fields = {"assignment": str(original.pk), "shown": ""}

        first.post("restored/", {"what": "bring", **fields})
        second.post("restored/", {"what": "new"})
        assert lives_at(original) == "52"
        assert Assignment.objects.count() == 1
        assert "Somebody else has answered" in answer(second, "bring", **fields)

    def test_same_content_chosen_again_is_found(self, visit: Visit, original: Assignment) -> None:
        visit("teacher", "3", **selecting()).post("", {**FORM, "title": "Oral exam, new"})
        again = Assignment.objects.get(title="Oral exam, new")
        visit("teacher", "3", **activity("41", str(again.pk))).text()

        after = answer(visit("teacher", "3", **activity("52", str(again.pk))), "bring")
        assert "Ana Student" in after
        assert lives_at(original) == "52"

    def test_restored_copy_of_a_living_activity_finds_its_own_work(self, visit: Visit, original: Assignment) -> None:
        column_41 = activity("41", str(original.pk))
        Submission.objects.all().delete()
        ScoreDelivery.objects.all().delete()
        visit("teacher", "3", **activity("42", str(original.pk))).text()
        copy = Assignment.objects.exclude(pk=original.pk).get()
        hand_in(copy, enrol(copy, "8", "Cleo Student"))
        hand_in(original, enrol(original, "9", "Dan Student"))
        teacher = visit("teacher", "3", **restored(original))
        assert ASKS in teacher.text("restored/")
        visit("student", "6", **column_41).text()

        assert "Cleo Student" in answer(teacher, "bring")
        assert (lives_at(original), lives_at(copy)) == ("41", "52")

    def test_anonymous_marking_names_nobody(self, visit: Visit, original: Assignment) -> None:
        Assignment.objects.update(anonymous=True)
        Submission.objects.get().attempts.get().grade.release.delete()
        teacher = visit("teacher", "3", **restored(original))
        before = alias(original, Submission.objects.get().person_id)

        assert "Ana" not in teacher.text("restored/")
        after = answer(teacher, "bring")
        assert "Ana" not in after
        assert before in after, "the same person has the same alias as before"

    def test_made_by_hand(self, visit: Visit, assignment: Assignment) -> None:
        """There is no parameter: the title tells, and a new one is set up."""
        hand_in(assignment, enrol(assignment, "66", "Eve Student"))
        ResourceLink.objects.update(lineitem_url="")
        again = activity("52", "", title="Interview")

        teacher = visit("teacher", "3", **again)
        assert teacher.get()["Location"].endswith("/restored/")
        assert WAITS in visit("student", "7", **again).text()
        assert teacher.post("restored/", {"what": "new"})["Location"].endswith("/settings/")
        assert "Eve Student" in answer(teacher, "bring")
        assert visit("teacher", "3", **activity("53", "", title="Another")).get()["Location"].endswith("/settings/")

    def test_ledger_does_not_send_to_a_column_that_cannot_be(
        self, visit: Visit, original: Assignment, answers: responses.RequestsMock
    ) -> None:
        """“Make it again” for an activity that is gone: 403 in Moodle 5.1 (recorded)."""
        column(answers, OLD_COLUMN, 404)
        answers.get("https://moodle.example/lineitems", json=[])
        answers.post("https://moodle.example/lineitems", status=403)
        elsewhere = visit("teacher", "3", **activity("60", "", title="Another"))
        delivery = ScoreDelivery.objects.get()

        elsewhere.post(f"moodle/{delivery.pk}/decide/", {"what": "column"})
        page = elsewhere.text(f"moodle/{delivery.pk}/")
        assert "was deleted in Moodle" in page
        assert "restored" in page


class TestDuplicated:
    """The original lives on: an ordinary copy, without a question."""

    @pytest.mark.parametrize("role", ["teacher", "student"])
    def test_its_column_is_there(
        self, visit: Visit, original: Assignment, answers: responses.RequestsMock, role: str
    ) -> None:
        column(answers, OLD_COLUMN, 200, id=OLD_COLUMN, resourceLinkId=41)
        page = visit(role, "9", **restored(original)).text()

        assert ASKS not in page
        assert WAITS not in page
        copy = Assignment.objects.exclude(pk=original.pk).get()
        assert copy.copied_from == original
        assert copy.submissions.filter(person__sub="6").count() == 0

    def test_its_column_belongs_to_another_link_now(
        self, visit: Visit, original: Assignment, answers: responses.RequestsMock
    ) -> None:
        column(answers, OLD_COLUMN, 200, id=OLD_COLUMN, resourceLinkId="52")

        assert visit("teacher", "3", **restored(original)).get()["Location"].endswith("/restored/")

    def test_it_launches_again_while_the_question_is_open(self, visit: Visit, original: Assignment) -> None:
        teacher = visit("teacher", "3", **restored(original))
        assert ASKS in teacher.text("restored/")
        visit("student", "6", **activity("41", str(original.pk))).text()

        assert "This is a copy" in teacher.text()
        late = answer(teacher, "bring", assignment=str(original.pk), shown="")
        assert "Somebody else has answered" in late
        assert lives_at(original) == "41"

    def test_another_title_where_nothing_else_tells(self, visit: Visit, original: Assignment) -> None:
        """Moodle calls a duplicate “… (copy)”."""
        page = visit("teacher", "3", **restored(original) | activity("52", str(original.pk), "Oral exam (copy)")).text()

        assert "This is a copy" in page

    def test_nobody_has_worked_there(self, visit: Visit, original: Assignment) -> None:
        Submission.objects.all().delete()
        ScoreDelivery.objects.all().delete()

        assert "This is a copy" in visit("teacher", "3", **restored(original)).text()

    def test_another_course_has_copies_alone(self, visit: Visit, original: Assignment) -> None:
        elsewhere = {f"{LTI}context": {"id": "77", "title": "Film 2027"}}
        visit("teacher", "3", **restored(original, **elsewhere)).text()

        assert Assignment.objects.exclude(pk=original.pk).get().copied_from == original

    def test_the_platform_is_asked_once_a_minute(
        self, visit: Visit, original: Assignment, answers: responses.RequestsMock
    ) -> None:
        column(answers, OLD_COLUMN, 503)
        for _ in range(3):
            assert WAITS in visit("student", "6", **restored(original)).text()

        assert len([call for call in answers.calls if call.request.url == OLD_COLUMN]) == 1


def test_strangers_answer_nothing(visit: Visit, original: Assignment) -> None:
    """By an id of another course, of what lives, or of nothing."""
    mine = {f"{LTI}context": {"id": "77", "title": "Mine"}}
    visit("teacher", "5", **activity("90") | mine)
    stranger = visit("teacher", "5", **activity("91", str(original.pk)) | mine)
    for typed in (str(original.pk), "", "nonsense", "01900000-0000-7000-8000-000000000000"):
        assert stranger.post("restored/", {"what": "bring", "assignment": typed, "shown": ""}).status_code == 302
    assert stranger.post("restored/", {"what": "part"}).status_code == 302
    assert lives_at(original) == "41"


def test_first_launch_of_any_other_link_asks_no_platform(
    visit: Visit, original: Assignment, answers: responses.RequestsMock
) -> None:
    before = len(answers.calls)
    visit("teacher", "3", **activity("60", "", title="Another")).text("settings/")

    assert len(answers.calls) == before
