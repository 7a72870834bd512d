"""The check page: what it finds between a platform and us, and what it says to do."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
import responses
from django.http import HttpResponse
from django.test import Client

from lti_tool.checkup import platform_checks
from lti_tool.checkup.platform_checks import State
from lti_tool.models import Membership, Platform
from lti_tool.registration.registration import SCOPES
from tests.lti_tool.platform_double import CONTEXT_ROLE, INSTRUCTOR, LEARNER, PlatformDouble, selecting

ITEMS = "https://moodle.example/lineitems?type_id=1"
TEST_COLUMN = "https://moodle.example/lineitems/9/lineitem?type_id=1"
SCORES = "https://moodle.example/lineitems/9/lineitem/scores?type_id=1"
RESULTS = "https://moodle.example/lineitems/9/lineitem/results?type_id=1&user_id=6"
ADMIN = [INSTRUCTOR, "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"]


@pytest.fixture
def moodle(platform: PlatformDouble, browser: Client) -> PlatformDouble:
    """A Moodle where everything works, with a student who has opened the activity."""
    platform.open_page(browser, roles=[LEARNER], sub="6")
    answers = platform.answers
    now = format_datetime(datetime.now(UTC), usegmt=True)
    answers.upsert(responses.GET, platform.jwks_url, json={"keys": [platform.public_jwk()]}, headers={"Date": now})
    answers.post(platform.token_url, json={"access_token": "t", "expires_in": 3600, "scope": " ".join(SCOPES)})
    answers.get("https://moodle.example/members", json={"members": [member("6", "Ana"), member("7", "Ben")]})
    answers.post(ITEMS, json={"id": TEST_COLUMN}, status=201)
    answers.post(SCORES, status=200)
    answers.get(RESULTS, json=[{"userId": "6", "resultScore": 7, "resultMaximum": 10}])
    answers.delete(TEST_COLUMN, status=204)
    return platform


def member(sub: str, name: str) -> dict[str, Any]:
    return {"user_id": sub, "name": name, "roles": ["Learner"], "status": "Active"}


def check(code: str) -> platform_checks.Result:
    result = platform_checks.run(code, platform_checks.subject_of(Platform.objects.get()))
    assert result is not None
    return result


@pytest.mark.parametrize("code", [check.code for check in platform_checks.CHECKS if check.code != "deep-linking"])
def test_all_is_well(moodle: PlatformDouble, code: str) -> None:
    result = check(code)

    assert (result.state, result.fix) == (State.GOOD, ""), result


def test_deep_linking_seen_or_not(moodle: PlatformDouble, browser: Client) -> None:
    assert check("deep-linking").state == State.WARNING

    moodle.open_page(browser, roles=[INSTRUCTOR], sub="3", **selecting())

    assert check("deep-linking").state == State.GOOD


def test_trial_column_is_deleted_and_no_real_grade_is_touched(moodle: PlatformDouble) -> None:
    check("grades")

    calls = [(call.request.method, call.request.url) for call in moodle.answers.calls]
    asked = [(method, url) for method, url in calls if "lineitems" in str(url)]
    assert asked == [("POST", ITEMS), ("POST", SCORES), ("GET", RESULTS), ("DELETE", TEST_COLUMN)]
    made = json.loads(next(c.request.body for c in moodle.answers.calls if c.request.url == ITEMS) or b"")
    assert "resourceLinkId" not in made, "a second column tied to the link would hide the first (moodle.md, 10)"


@pytest.mark.parametrize(("method", "url"), [(responses.POST, SCORES), (responses.GET, RESULTS)])
def test_trial_column_is_deleted_whatever_fails(moodle: PlatformDouble, method: str, url: str) -> None:
    moodle.answers.upsert(method, url, status=500)

    assert check("grades").state == State.BAD
    assert moodle.answers.calls[-1].request.method == "DELETE"


def test_column_that_stays_behind_is_named(moodle: PlatformDouble) -> None:
    moodle.answers.upsert(responses.DELETE, TEST_COLUMN, status=500)

    result = check("grades")

    assert result.state == State.BAD
    assert "“Reelmark check " in result.found
    assert "Gradebook setup" in result.found


@pytest.mark.parametrize("read", [[], [{"userId": "7", "resultScore": 7}], [{"userId": "6", "resultScore": 3}], None])
def test_grade_that_does_not_come_back_is_said(moodle: PlatformDouble, read: Any) -> None:
    moodle.answers.upsert(responses.GET, RESULTS, json=read)

    assert check("grades").state == State.BAD


def test_course_without_students_makes_and_deletes_a_column(moodle: PlatformDouble) -> None:
    Membership.objects.update(role="teacher")

    assert check("grades").state == State.WARNING
    assert moodle.answers.calls[-1].request.method == "DELETE"


@pytest.mark.parametrize(("seconds", "word"), [(3600, "ahead of"), (-3600, "behind")])
def test_clocks_that_differ(moodle: PlatformDouble, seconds: int, word: str) -> None:
    theirs = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
    keys = {"keys": [moodle.public_jwk()]}
    moodle.answers.upsert(responses.GET, moodle.jwks_url, json=keys, headers={"Date": theirs})

    result = check("clocks")

    assert result.state == State.BAD
    assert word in result.found
    assert "NTP" in result.fix


def test_date_of_an_unknown_zone_is_utc(moodle: PlatformDouble) -> None:
    theirs = format_datetime(datetime.now(UTC)).replace("+0000", "-0000")
    keys = {"keys": [moodle.public_jwk()]}
    moodle.answers.upsert(responses.GET, moodle.jwks_url, json=keys, headers={"Date": theirs})

    assert check("clocks").state == State.GOOD


def test_what_is_not_granted_is_named(moodle: PlatformDouble) -> None:
    answer = {"access_token": "t", "expires_in": 3600, "scope": SCOPES[0]}
    moodle.answers.upsert(responses.POST, moodle.token_url, json=answer)

    result = check("scopes")

    assert result.state == State.WARNING
    assert "sending grades, reading grades back, reading the roster" in result.found


def test_key_set_that_moodle_cannot_read_is_told_with_its_address(moodle: PlatformDouble) -> None:
    # Moodle's own words, as it says them in place of an OAuth code.
    moodle.answers.upsert(responses.POST, moodle.token_url, json={"error": "Incorrect token"}, status=400)

    result = check("our-key-set")

    assert result.state == State.BAD
    assert "https://tool.example/lti/jwks/" in result.found


def test_nameless_people_are_counted(moodle: PlatformDouble) -> None:
    moodle.answers.upsert(
        responses.GET, "https://moodle.example/members", json={"members": [{"user_id": "9", "roles": ["Learner"]}]}
    )

    result = check("roster")

    assert result.state == State.WARNING
    assert "Share launcher's name" in result.fix


@pytest.mark.parametrize("code", [check.code for check in platform_checks.CHECKS])
def test_silence_is_a_result(moodle: PlatformDouble, code: str) -> None:
    moodle.answers.reset()
    for method in (responses.GET, responses.POST):
        for url in (moodle.jwks_url, moodle.token_url):
            moodle.answers.add(method, url, body=requests.ConnectTimeout())

    result = check(code)

    assert result.state in (State.BAD, State.WARNING)
    assert result.found
    assert result.fix


@pytest.mark.parametrize("code", [check.code for check in platform_checks.CHECKS])
def test_platform_that_nobody_has_launched_from(platform: PlatformDouble, code: str) -> None:
    platform.answers.post(platform.token_url, json={"access_token": "t", "scope": " ".join(SCOPES)})

    assert check(code).found


class TestPages:
    def post(self, browser: Client, path: str, **headers: str) -> HttpResponse:
        browser.handler.enforce_csrf_checks = False
        response: HttpResponse = browser.post(path, secure=True, headers=headers)  # type: ignore[assignment]
        return response

    def test_administrator_sees_and_runs_it(self, moodle: PlatformDouble, browser: Client) -> None:
        home = moodle.open_page(browser, roles=ADMIN, sub="2")
        page = browser.get(f"{home}check/", secure=True).content.decode()
        assert page.count("data-check") == len(platform_checks.CHECKS)

        answer = self.post(browser, f"{home}check/clocks/", accept="application/json")
        assert json.loads(answer.content)["state"] == "good"
        assert "Moodle&#x27;s clock and ours differ" in self.post(browser, f"{home}check/clocks/").content.decode()

    @pytest.mark.parametrize("roles", [[LEARNER], [INSTRUCTOR], [f"{CONTEXT_ROLE}TeachingAssistant"]])
    def test_nobody_else_does(self, moodle: PlatformDouble, browser: Client, roles: list[str]) -> None:
        home = moodle.open_page(browser, roles=roles, sub="3")

        assert browser.get(f"{home}check/", secure=True).status_code == 404
        assert self.post(browser, f"{home}check/roster/").status_code == 404
        assert b"/check/" not in browser.get(home, secure=True, follow=True).content

    def test_unknown_check_is_not_found(self, moodle: PlatformDouble, browser: Client) -> None:
        home = moodle.open_page(browser, roles=ADMIN, sub="2")

        assert self.post(browser, f"{home}check/nonsense/").status_code == 404

    def test_django_admin_has_it_too(self, moodle: PlatformDouble, admin_client: Client) -> None:
        path = f"/admin/lti_tool/platform/{moodle.row.pk}/"
        host = {"Host": "tool.example"}
        assert f"{path}check/" in admin_client.get(f"{path}change/", secure=True, headers=host).content.decode()
        assert admin_client.get(f"{path}check/", secure=True, headers=host).status_code == 200
        answer = admin_client.post(f"{path}check/roster/", secure=True, headers={**host, "Accept": "application/json"})
        assert answer.json()["state"] == "good"

    def test_django_admin_wants_leave_to_change_platforms(self, moodle: PlatformDouble, django_user_model: Any) -> None:
        helper = Client(HTTP_HOST="tool.example")
        helper.force_login(django_user_model.objects.create_user("helper", password="x", is_staff=True))
        path = f"/admin/lti_tool/platform/{moodle.row.pk}/check/"

        assert helper.get(path, secure=True).status_code == 403
        assert helper.post(f"{path}roster/", secure=True).status_code == 403

    def test_what_writes_to_the_gradebook_waits_to_be_asked(self, moodle: PlatformDouble, browser: Client) -> None:
        home = moodle.open_page(browser, roles=ADMIN, sub="2")

        page = browser.get(f"{home}check/", secure=True).content.decode()

        assert page.count("data-asked") == 1
        assert "Makes a test column" in page

    def test_django_admin_wants_a_sign_in(self, moodle: PlatformDouble, browser: Client) -> None:
        path = f"/admin/lti_tool/platform/{moodle.row.pk}/check/"

        assert browser.get(path, secure=True).status_code == 302
        assert self.post(browser, f"{path}roster/").status_code == 302
