"""Deep Linking: a teacher sets up assignments, and Moodle gets a signed reply to make activities of."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from lti_tool.models import ContentSelection, LaunchSession
from tests.lti_tool.launch.test_launch_refused import assert_refused
from tests.lti_tool.platform_double import DEEP_LINKING, LTI, RETURN_URL, PlatformDouble, selecting
from tests.video.conftest import Visit
from tests.video.visitor import ROLES, Visitor
from video import tasks
from video.models import Assignment

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
FORM = {"title": "Oral exam", "instructions": "Ten minutes.", "points": "20", "max_size_gb": "1"}


@pytest.fixture
def teacher_choosing(visit: Visit) -> Visitor:
    return visit("teacher", "3", **selecting())


def reply_in(page: HttpResponse) -> str:
    """The JWT of the page that posts itself to Moodle."""
    text = page.content.decode()
    assert page.status_code == 200, text
    found = re.search(r'name="JWT" value="([^"]+)"', text)
    assert found, text
    return found.group(1)


def read(browser: Client, token: str, platform: PlatformDouble) -> dict[str, Any]:
    """As a platform reads it: by the key the tool publishes."""
    keys = json.loads(browser.get("/lti/jwks/", secure=True).content)["keys"]
    kid = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid)).key
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=platform.issuer,
        issuer=platform.row.client_id,
        options={"require": ["iss", "aud", "iat", "exp", "nonce"]},
    )
    return claims


def test_saved_form_makes_one_activity_with_its_grade_column(
    teacher_choosing: Visitor, platform: PlatformDouble
) -> None:
    page = teacher_choosing.post("", FORM)

    assignment = Assignment.objects.get()
    claims = read(teacher_choosing.browser, reply_in(page), platform)
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims[f"{LTI}deployment_id"] == "1"
    assert 0 < claims["exp"] - claims["iat"] <= 600
    assert f"{DL}data" not in claims, "Moodle sends none"
    assert claims[f"{DL}content_items"] == [
        {
            "type": "ltiResourceLink",
            "title": "Oral exam",
            "text": "Ten minutes.",
            "url": "https://tool.example/lti/launch/",
            "custom": {"assignment": str(assignment.pk)},
            "lineItem": {
                "label": "Oral exam",
                "scoreMaximum": 20,
                "resourceId": str(assignment.pk),
                "tag": "video",
                "submissionReview": {
                    "reviewableStatus": ["InProgress", "Submitted", "Completed"],
                    "url": "https://tool.example/lti/launch/",
                },
            },
        }
    ]


def test_reply_goes_to_moodle_alone(teacher_choosing: Visitor) -> None:
    page = teacher_choosing.post("", FORM)

    text = page.content.decode()
    assert f'action="{html.escape(RETURN_URL)}"' in text
    assert "form-action 'self' https://moodle.example;" in page["Content-Security-Policy"] + ";"
    assert "frame-ancestors 'self' https://moodle.example" in page["Content-Security-Policy"]


def test_data_is_given_back_as_it_came(visit: Visit, platform: PlatformDouble) -> None:
    teacher = visit("teacher", "3", **selecting(data='op="a"&é'))

    claims = read(teacher.browser, reply_in(teacher.post("", FORM)), platform)

    assert claims[f"{DL}data"] == 'op="a"&é'


@pytest.mark.parametrize(
    "data", [{"a": [1, None]}, 7, "\x00", "[1]"], ids=["object", "number", "NUL", "JSON in a text"]
)
def test_data_of_any_kind_is_given_back_as_it_came(visit: Visit, platform: PlatformDouble, data: Any) -> None:
    teacher = visit("teacher", "3", **selecting(data=data))

    claims = read(teacher.browser, reply_in(teacher.post("", FORM)), platform)

    assert claims[f"{DL}data"] == data


@pytest.mark.parametrize("data", [None, [], {}, False, ""])
def test_data_that_says_nothing_is_as_absent(visit: Visit, platform: PlatformDouble, data: Any) -> None:
    teacher = visit("teacher", "3", **selecting(data=data, title=[], text=None, auto_create=None))

    assert f"{DL}data" not in read(teacher.browser, reply_in(teacher.post("", FORM)), platform)


@pytest.mark.parametrize(
    ("sent", "several"), [(True, True), ("true", True), (1, True), ("1", True), (None, False), ([], False)]
)
def test_whether_several_may_be_chosen_is_read_however_it_is_written(visit: Visit, sent: Any, several: bool) -> None:
    visit("teacher", "3", **selecting(accept_multiple=sent))

    assert ContentSelection.objects.get().accept_multiple is several


def test_several_at_once(teacher_choosing: Visitor, platform: PlatformDouble) -> None:
    for title in ("One", "Two", "Wrong one"):
        teacher_choosing.post("", {**FORM, "title": title, "another": "1"})
    wrong = Assignment.objects.get(title="Wrong one")
    teacher_choosing.post(f"remove/{wrong.pk}/")
    assert "2 assignments ready to add" in teacher_choosing.text()

    claims = read(teacher_choosing.browser, reply_in(teacher_choosing.post("finish/")), platform)

    assert [item["title"] for item in claims[f"{DL}content_items"]] == ["One", "Two"]


def test_platform_that_takes_one_gets_one(visit: Visit, platform: PlatformDouble) -> None:
    teacher = visit("teacher", "3", **selecting(accept_multiple=False))
    assert "set up another" not in teacher.text()

    claims = read(teacher.browser, reply_in(teacher.post("", {**FORM, "another": "1"})), platform)

    assert len(claims[f"{DL}content_items"]) == 1


def test_going_back_and_saving_another_makes_no_activity_twice(
    teacher_choosing: Visitor, platform: PlatformDouble
) -> None:
    teacher_choosing.post("", {**FORM, "title": "One"})

    claims = read(teacher_choosing.browser, reply_in(teacher_choosing.post("", {**FORM, "title": "Two"})), platform)
    assert [item["title"] for item in claims[f"{DL}content_items"]] == ["Two"]


def test_selection_of_a_closed_platform_is_closed(teacher_choosing: Visitor, platform: PlatformDouble) -> None:
    platform.row.active = False
    platform.row.save()

    assert teacher_choosing.get().status_code == 404


def test_what_was_begun_and_not_given_to_moodle_lends_nothing(visit: Visit, teacher_choosing: Visitor) -> None:
    teacher_choosing.post("", {**FORM, "title": "Half done", "another": "1"})

    assert "Half done" not in visit("teacher", "3", **selecting()).text()


def test_cancel_gives_nothing(teacher_choosing: Visitor, platform: PlatformDouble) -> None:
    teacher_choosing.post("", {**FORM, "another": "1"})

    claims = read(teacher_choosing.browser, reply_in(teacher_choosing.post("cancel/")), platform)

    assert claims[f"{DL}content_items"] == []


@pytest.mark.parametrize("points", ["0", "101", "12.5", "-3", "many", ""])
def test_points_that_moodle_would_not_grade_are_told(teacher_choosing: Visitor, points: str) -> None:
    page = teacher_choosing.post("", {**FORM, "points": points})

    assert page.status_code == 422
    assert b"Nothing was saved yet" in page.content
    assert not Assignment.objects.exists()


def test_earlier_assignment_lends_its_settings(visit: Visit, assignment: Assignment) -> None:
    owner = visit("teacher", "3")
    owner.post("settings/", {**FORM, "title": "Last year's", "points": "12.5", "attempts_allowed": "2"})
    teacher = visit("teacher", "3", **selecting())
    assert "Last year&#x27;s" in teacher.text()

    page = teacher.text(like=str(assignment.pk))

    assert 'value="Last year&#x27;s"' in page
    assert re.search(r'name="points" value="12"', page), "whole points, because Moodle takes no others"
    assert re.search(r'name="attempts_allowed" value="2"', page)


def test_others_assignments_lend_nothing(visit: Visit, assignment: Assignment) -> None:
    visit("teacher", "3").post("settings/", {**FORM, "title": "Mine alone"})

    page = visit("teacher", "77", **selecting()).text(like=str(assignment.pk))

    assert "Mine alone" not in page


@pytest.mark.parametrize("role", ["student", "assistant"])
def test_only_teachers_choose(visit: Visit, platform: PlatformDouble, browser: Client, role: str) -> None:
    response = platform.launch(browser, roles=ROLES[role], **selecting())

    assert_refused(response)
    assert b"Only teachers" in response.content
    assert not ContentSelection.objects.exists()


BROKEN: dict[str, dict[str, Any]] = {
    "no settings": {DEEP_LINKING: ...},
    "settings are a list": {DEEP_LINKING: []},
    "no return address": selecting(deep_link_return_url=None),
    "return address is a script": selecting(deep_link_return_url="javascript:alert(1)"),
    "return address is not https": selecting(deep_link_return_url="http://moodle.example/return"),
    "return address is a number": selecting(deep_link_return_url=1),
    "no types": selecting(accept_types=None),
    "other types alone": selecting(accept_types=["file"]),
    "types are a text": selecting(accept_types="ltiResourceLink"),
    "no targets": selecting(accept_presentation_document_targets=[]),
    "data nested too deep": selecting(data=json.loads("[" * 150 + "]" * 150)),
    "no course": {f"{LTI}context": ...},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_broken_deep_linking_is_refused(platform: PlatformDouble, browser: Client, changes: dict[str, Any]) -> None:
    assert_refused(platform.launch(browser, roles=ROLES["teacher"], **{**selecting(), **changes}))


def test_a_selection_opens_no_page_of_a_launch_nor_the_other_way_round(
    visit: Visit, teacher_choosing: Visitor, teacher: Visitor
) -> None:
    selection, launch = ContentSelection.objects.get(), LaunchSession.objects.last()
    assert launch is not None
    secrets = [visitor.browser.cookies["launch"].value for visitor in (teacher_choosing, teacher)]

    for secret in secrets:
        for path in (f"/l/{selection.pk}/", f"/s/{launch.pk}/"):
            stranger = Client(HTTP_HOST="tool.example")
            stranger.cookies["launch"] = secret
            assert stranger.get(path, secure=True).status_code == 404


def test_what_was_offered_is_not_removed_and_strangers_are_not_found(visit: Visit, teacher_choosing: Visitor) -> None:
    teacher_choosing.post("", FORM)
    assignment = Assignment.objects.get()
    other = visit("teacher", "3", **selecting())

    assert teacher_choosing.post(f"remove/{assignment.pk}/").status_code == 404
    assert other.post(f"remove/{assignment.pk}/").status_code == 404
    assert Assignment.objects.filter(pk=assignment.pk).exists()


def test_what_was_never_given_to_moodle_is_forgotten_after_two_days(
    teacher_choosing: Visitor, assignment: Assignment
) -> None:
    teacher_choosing.post("", {**FORM, "title": "Abandoned", "another": "1"})
    tasks.forget_unoffered_assignments()
    assert Assignment.objects.filter(title="Abandoned").exists(), "the session goes on"

    Assignment.objects.update(created_at=timezone.now() - timedelta(days=3))
    tasks.forget_unoffered_assignments()
    assert list(Assignment.objects.all()) == [assignment]


def test_what_was_given_to_moodle_waits_for_its_first_launch(teacher_choosing: Visitor) -> None:
    teacher_choosing.post("", FORM)
    Assignment.objects.update(created_at=timezone.now() - timedelta(days=300))
    tasks.forget_unoffered_assignments()

    assert Assignment.objects.exists()
