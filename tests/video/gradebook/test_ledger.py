"""What teachers and admins see of the ledger, and what they decide."""

import re
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import responses
from django.core.management import call_command
from django.utils import timezone

from lti_tool.gradebook import ags, conflicts
from lti_tool.gradebook import delivery as sending
from lti_tool.models import Platform, PlatformHealth, ResourceLink, ScoreDelivery, ScorePost
from lti_tool.tasks import compare_grades
from tests.films import film
from tests.lti_tool.platform_double import PlatformDouble
from tests.video.visitor import Visitor
from video.models import Submission

SCORES = "https://moodle.example/lineitems/1/lineitem/scores?type_id=1"
TOKEN = "https://moodle.example/token"


@pytest.fixture
def delivery(student: Visitor, teacher: Visitor) -> ScoreDelivery:
    """Ana's, marked with 87.5."""
    student.upload("a.mp4", film())
    student.submit()
    submission = Submission.objects.get(person__sub="6")
    teacher.post(f"submissions/{submission.pk}/", {"points": "87.5", "feedback": "Well told.", "version": "0"})
    return ScoreDelivery.objects.get()


def changed(delivery: ScoreDelivery) -> None:
    ScoreDelivery.objects.update(
        state="changed", found_points=Decimal(70), found_maximum=Decimal(100), differs=True, found_at=timezone.now()
    )


def decide(visitor: Visitor, delivery: ScoreDelivery, what: str) -> ScoreDelivery:
    assert visitor.post(f"moodle/{delivery.pk}/decide/", {"what": what}).status_code == 302
    delivery.refresh_from_db()
    return delivery


def test_both_grades_are_shown_to_choose_from(teacher: Visitor, delivery: ScoreDelivery) -> None:
    changed(delivery)

    assert "Ana Student" in teacher.text("moodle/")
    page = teacher.text(f"moodle/{delivery.pk}/")
    assert "Send mine (87.5 of 100)" in page
    assert "Keep Moodle's (70 of 100)" in page.replace("&#x27;", "'")


@pytest.mark.parametrize("state", ["changed", "sent"])
def test_roster_leads_to_where_it_is_decided(teacher: Visitor, delivery: ScoreDelivery, state: str) -> None:
    page = f'href="{teacher.home}moodle/">Decide'
    assert page not in teacher.text()
    changed(delivery)
    ScoreDelivery.objects.update(state=state)

    assert page in teacher.text()


def test_send_mine(teacher: Visitor, delivery: ScoreDelivery) -> None:
    changed(delivery)
    decided = decide(teacher, delivery, "mine")

    assert (decided.state, decided.insisted) == ("waiting", True)
    assert decided.caused_by is not None
    assert decided.caused_by.name == "Tara Teacher"


def test_keep_theirs(teacher: Visitor, delivery: ScoreDelivery) -> None:
    changed(delivery)

    assert decide(teacher, delivery, "theirs").state == "kept"
    assert "Nothing needs a look" in teacher.text("moodle/")


def test_refused_ones_are_sent_again_one_chosen_or_all(teacher: Visitor, delivery: ScoreDelivery) -> None:
    for fields in ({"delivery": [str(delivery.pk)]}, {"all": "1"}):
        ScoreDelivery.objects.update(state="refused", next_try_at=None)
        teacher.post("moodle/again/", fields)
        delivery.refresh_from_db()
        assert delivery.state == "waiting"
        assert delivery.next_try_at is not None
        assert delivery.next_try_at <= timezone.now()


LOCKED = "Moodle answers other requests, but this one with an error (500). Probably the grade item is locked."


def stuck(delivery: ScoreDelivery) -> None:
    later = timezone.now() + timedelta(hours=1)
    ScoreDelivery.objects.update(state="stuck", own_errors=5, tries=5, next_try_at=later, last_answer=LOCKED)


def test_stuck_one_says_why_and_is_sent_again_by_hand(
    teacher: Visitor, student: Visitor, delivery: ScoreDelivery
) -> None:
    stuck(delivery)

    for path in ("moodle/", f"moodle/{delivery.pk}/", "", "?show=problem"):
        page = teacher.text(path)
        assert LOCKED in page
        assert "not reachable" not in page
        assert "Send again" in page or "again</button>" in page
    assert "Moodle has an error" in student.text()
    assert "locked" not in student.text()
    for fields in ({"all": "1"}, {"delivery": [str(delivery.pk)]}):
        stuck(delivery)
        teacher.post("moodle/again/", fields)
        delivery.refresh_from_db()
        assert (delivery.state, delivery.own_errors) == ("waiting", 0)
        assert delivery.next_try_at is not None
        assert delivery.next_try_at <= timezone.now()


def test_all_again_leaves_those_of_two_grades(teacher: Visitor, delivery: ScoreDelivery) -> None:
    changed(delivery)
    teacher.post("moodle/again/", {"all": "1"})
    delivery.refresh_from_db()

    assert delivery.state == "changed"
    assert "please decide which one counts" in teacher.text("moodle/")


def test_history_says_what_was_sent_by_whom_and_the_answer(
    teacher: Visitor, delivery: ScoreDelivery, platform: PlatformDouble
) -> None:
    platform.answers.post(TOKEN, json={"access_token": "t", "expires_in": 3600})
    platform.answers.post(SCORES, status=200)
    sending.deliver_to(Platform.objects.get())

    page = re.sub(r"\s+", " ", teacher.text(f"moodle/{delivery.pk}/"))
    assert "87.5 of 100" in page
    assert "Tara Teacher" in page
    assert "Accepted" in page


def test_column_that_was_deleted_is_made_again(
    teacher: Visitor, delivery: ScoreDelivery, platform: PlatformDouble
) -> None:
    ScoreDelivery.objects.update(state="refused", last_status=404, last_answer="Moodle has no grade column.")
    link = ResourceLink.objects.get()
    link.lineitems_url = "https://moodle.example/lineitems?type_id=1"
    link.scopes = [*link.scopes, ags.SCOPE_LINEITEM]
    link.save()
    platform.answers.post(TOKEN, json={"access_token": "t", "expires_in": 3600})
    platform.answers.get("https://moodle.example/lineitems", json=[])
    made = "https://moodle.example/lineitems/9/lineitem?type_id=1"
    platform.answers.post("https://moodle.example/lineitems", json={"id": made}, status=201)
    assert "Make it again" in teacher.text(f"moodle/{delivery.pk}/")

    assert decide(teacher, delivery, "column").state == "waiting"
    assert ResourceLink.objects.get().lineitem_url == made


@pytest.mark.usefixtures("delivery")
@pytest.mark.parametrize("path", ["", "moodle/"])
def test_what_waits_for_a_moodle_that_is_down_is_said(teacher: Visitor, path: str) -> None:
    """Also where a pause came before a try: then nothing is troubled yet."""
    health = PlatformHealth.objects.create(platform=Platform.objects.get(), failures=3)
    page = teacher.text(path)
    assert "Moodle does not answer." in page
    assert "1 grade or status waits here" in page
    assert "Nothing needs a look" not in page

    health.failures = 0
    health.save()
    assert "Moodle does not answer." not in teacher.text(path)


def test_comparing_says_what_differs(teacher: Visitor, delivery: ScoreDelivery, platform: PlatformDouble) -> None:
    ScoreDelivery.objects.update(state="sent")
    link = ResourceLink.objects.get()
    link.scopes = [*link.scopes, ags.SCOPE_RESULT_READONLY]
    link.save()
    platform.answers.post(TOKEN, json={"access_token": "t", "expires_in": 3600})
    told = {"userId": "6", "resultScore": 70, "resultMaximum": 100}
    platform.answers.get("https://moodle.example/lineitems/1/lineitem/results", json=[told])
    teacher.post("moodle/compare/")

    assert "70 of 100" in teacher.text("moodle/")


RESULTS = "https://moodle.example/lineitems/1/lineitem/results"


def readable(platform: PlatformDouble, **changes: Any) -> None:
    link = ResourceLink.objects.get()
    ResourceLink.objects.update(scopes=[*link.scopes, ags.SCOPE_RESULT_READONLY], **changes)
    platform.answers.post(TOKEN, json={"access_token": "t", "expires_in": 3600})


def test_course_reset_is_found_by_itself_and_mended_by_one_button(
    teacher: Visitor, delivery: ScoreDelivery, platform: PlatformDouble
) -> None:
    """Moodle's course reset clears grades and tells nobody (`moodle.md`, 30)."""
    ScoreDelivery.objects.update(state="sent", sent_version=1)
    readable(platform)
    platform.answers.get(RESULTS, json=[{"userId": "6"}])
    compare_grades(str(ResourceLink.objects.get().pk))

    assert "No grade in Moodle" in teacher.text()
    assert "course reset" in teacher.text("?show=problem")
    assert "Send again: Ana Student" in teacher.text()
    assert "Keep Moodle's" not in teacher.text(f"moodle/{delivery.pk}/").replace("&#x27;", "'")
    assert "shows no grade any more for 1" in follow(teacher, "moodle/compare/")
    teacher.post("moodle/again/", {"all": "1"})
    platform.answers.post(SCORES, status=200)
    sending.deliver_to(Platform.objects.get())

    delivery.refresh_from_db()
    assert (delivery.state, delivery.differs) == ("sent", False)
    assert "Nothing needs a look" in teacher.text("moodle/")


def test_deleted_column_is_found_by_itself(teacher: Visitor, delivery: ScoreDelivery, platform: PlatformDouble) -> None:
    ScoreDelivery.objects.update(state="sent", sent_version=1)
    readable(platform)
    platform.answers.get(RESULTS, status=404)
    item = "https://moodle.example/lineitems/1/lineitem?type_id=1"
    platform.answers.get(item, status=200)
    compare_grades(str(ResourceLink.objects.get().pk))
    assert "no grade column" not in teacher.text()
    platform.answers.replace(responses.GET, item, status=404)
    compare_grades(str(ResourceLink.objects.get().pk))

    assert "no grade column for this activity any more" in teacher.text()
    assert "Make it again" in teacher.text(f"moodle/{delivery.pk}/")


@pytest.mark.usefixtures("delivery")
def test_comparing_without_a_grade_column_says_what_to_do(teacher: Visitor, platform: PlatformDouble) -> None:
    readable(platform, lineitem_url="", lineitems_url="")

    assert "no grade column in Moodle, so there is nothing to compare" in follow(teacher, "moodle/compare/")


@pytest.mark.usefixtures("delivery")
def test_comparing_finds_a_column_that_no_launch_has_told(teacher: Visitor, platform: PlatformDouble) -> None:
    ScoreDelivery.objects.update(state="sent", sent_version=1)
    lists = "https://moodle.example/lineitems"
    readable(platform, lineitem_url="", lineitems_url=lists)
    platform.answers.get(
        f"{lists}?resource_link_id=1", json=[{"id": RESULTS.removesuffix("/results"), "resourceLinkId": "1"}]
    )
    platform.answers.get(RESULTS, json=[{"userId": 6, "resultScore": 87.5, "resultMaximum": 100}])

    assert "Moodle shows every grade as it was sent." in follow(teacher, "moodle/compare/")


def follow(visitor: Visitor, path: str) -> str:
    visitor.post(path)
    return visitor.text("moodle/")


def test_before_there_is_a_mark_only_the_status_is_said_to_be_in_moodle(
    teacher: Visitor, student: Visitor, platform: PlatformDouble
) -> None:
    student.upload("a.mp4", film())
    student.submit()
    platform.answers.post(TOKEN, json={"access_token": "t", "expires_in": 3600})
    platform.answers.post(SCORES, status=200)
    sending.deliver_to(Platform.objects.get())

    for page in (teacher.text(), student.text()):
        assert "Moodle knows that it was handed in. It has no grade from here yet." in page
        assert "status-label told" in page
        assert "status-label sent" not in page


def test_names_are_hidden_in_anonymous_marking(teacher: Visitor, delivery: ScoreDelivery) -> None:
    submission = Submission.objects.get(person__sub="6")
    submission.assignment.anonymous = True
    submission.assignment.save()
    submission.attempts.get().grade.release.delete()
    teacher.text()  # it was said whose mark was saved
    changed(delivery)

    for page in (teacher.text("moodle/"), teacher.text(f"moodle/{delivery.pk}/")):
        assert "Ana Student" not in page
        assert "Student " in page


@pytest.mark.parametrize(
    ("role", "sub", "context", "sees", "decides"),
    [
        ("teacher", "3", {}, True, True),
        ("assistant", "4", {}, True, False),
        ("admin", "2", {}, True, True),
        ("student", "6", {}, False, False),
        ("teacher", "5", {"77": "Physics"}, False, False),
    ],
)
def test_who_may(
    visit: Any, delivery: ScoreDelivery, role: str, sub: str, context: dict[str, str], sees: bool, decides: bool
) -> None:
    lti = "https://purl.imsglobal.org/spec/lti/claim/"
    elsewhere = {f"{lti}resource_link": {"id": "2", "title": "E"}, f"{lti}context": {"id": "77", "title": "Physics"}}
    visitor = visit(role, sub, **(elsewhere if context else {}))
    changed(delivery)

    assert visitor.get(f"moodle/{delivery.pk}/").status_code == (200 if sees else 404)
    answer = visitor.post(f"moodle/{delivery.pk}/decide/", {"what": "theirs"})
    assert answer.status_code == (302 if decides else 404)
    visitor.post("moodle/again/", {"delivery": [str(delivery.pk)]})
    delivery.refresh_from_db()
    assert delivery.state == ("waiting" if decides else "changed")


def test_list_and_room_lead_to_the_history(teacher: Visitor, delivery: ScoreDelivery) -> None:
    link = f'href="{teacher.home}moodle/{delivery.pk}/"'
    work = Submission.objects.get(person=delivery.person)

    assert link in teacher.text()
    assert link in teacher.text(f"submissions/{work.pk}/")


def test_commands_send_and_report(delivery: ScoreDelivery, platform: PlatformDouble) -> None:
    platform.answers.post(TOKEN, json={"access_token": "t", "expires_in": 3600})
    platform.answers.post(SCORES, status=200)
    ScoreDelivery.objects.update(state="refused", wanted_at=timezone.now() - timedelta(days=1))
    out = StringIO()
    call_command("delivery_report", stdout=out)
    assert "refused=1" in out.getvalue()
    call_command("deliver_scores", stdout=out)
    assert ScoreDelivery.objects.get().state == "refused"
    call_command("deliver_scores", "--again", stdout=out)

    assert ScoreDelivery.objects.get().state == "sent"
    assert ScorePost.objects.get().status == 200
    assert "Ana" not in out.getvalue()
    assert conflicts.links_to_compare() == []


@pytest.mark.usefixtures("delivery")
def test_number_of_statements_does_not_grow(
    teacher: Visitor, platform: PlatformDouble, django_assert_max_num_queries: Any
) -> None:
    changed(ScoreDelivery.objects.get())
    with django_assert_max_num_queries(10):
        teacher.text("moodle/")


def test_made_up_ids_are_told_nothing(teacher: Visitor, delivery: ScoreDelivery, platform: PlatformDouble) -> None:
    for address in ("moodle/999999999/", "moodle/99999999999999999999999/"):
        assert teacher.get(address).status_code == 404
    assert teacher.post("moodle/again/", {"delivery": ["x", "\x00", "9" * 40]}).status_code == 302
    assert isinstance(platform.answers, responses.RequestsMock)
