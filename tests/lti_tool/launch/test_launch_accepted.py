"""What a good launch leads to, and what it leaves in the database."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.http import HttpResponse
from django.test import Client

from lti_tool import registered
from lti_tool.gradebook import outbox
from lti_tool.models import Course, Deployment, LaunchSession, Membership, Person, ResourceLink, UsedNonce
from tests.lti_tool.platform_double import INSTRUCTOR, LEARNER, LINEITEM, LTI, SCORE, PlatformDouble, reviewing

NAMELESS: dict[str, Any] = {"name": ..., "given_name": ..., "family_name": ...}
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"


def test_launch_ends_on_its_own_page(platform: PlatformDouble, browser: Client) -> None:
    path = platform.open_page(browser)

    session = LaunchSession.objects.get()
    assert path == f"/l/{session.pk}/"
    page = browser.get(path, secure=True)
    assert page.status_code == 200
    assert b'data-role="student"' in page.content


def test_launch_becomes_rows(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser)

    person = Person.objects.get()
    assert (person.platform, person.sub, person.name, person.email) == (
        platform.row,
        "6",
        "Ana Student",
        "ana@example.org",
    )
    link = ResourceLink.objects.get()
    assert (link.resource_link_id, link.title, link.course.title) == ("1", "Interview", "Film and Sound")
    assert link.lineitem_url == "https://moodle.example/lineitems/1/lineitem?type_id=1"
    assert link.course.memberships_url == "https://moodle.example/members"
    assert Membership.objects.get().role == "student"


def test_second_launch_updates_and_its_role_replaces_the_former(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser, roles=[INSTRUCTOR])
    platform.open_page(browser, roles=[LEARNER], name="Ana New")

    assert Membership.objects.get().role == "student"
    assert Person.objects.get().name == "Ana New"
    assert [session.role for session in LaunchSession.objects.order_by("pk")] == ["teacher", "student"]


def test_teacher_who_switched_role_is_a_student_in_both_tabs_until_they_switch_back(
    platform: PlatformDouble, browser: Client
) -> None:
    as_teacher = platform.open_page(browser, roles=[INSTRUCTOR])
    teachers_secret = browser.cookies["launch"].value
    as_student = platform.open_page(browser, roles=[LEARNER])
    students_secret = browser.cookies["launch"].value

    def page(path: str, secret: str) -> HttpResponse:
        # A browser keeps both cookies, each on its own path; Django's client keeps one of a name.
        browser.cookies["launch"] = secret
        return browser.get(path, secure=True, follow=True)  # type: ignore[return-value]

    assert b'data-role="student"' in page(as_student, students_secret).content
    told = page(as_teacher, teachers_secret)
    assert told.status_code == 404
    assert b"that you are student there" in told.content

    platform.open_page(Client(HTTP_HOST="tool.example"), roles=[INSTRUCTOR])
    assert b'data-role="teacher"' in page(as_teacher, teachers_secret).content
    assert b'data-role="student"' in page(as_student, students_secret).content


ROLES: dict[str, tuple[list[Any], str]] = {
    "learner": ([LEARNER], "student"),
    "short learner": (["Learner"], "student"),
    "instructor": ([INSTRUCTOR], "teacher"),
    "short instructor": (["Instructor"], "teacher"),
    "several": ([LEARNER, INSTRUCTOR], "teacher"),
    "assistant as Moodle and Canvas say it": (
        [INSTRUCTOR, f"{VOCABULARY}membership/Instructor#TeachingAssistant"],
        "assistant",
    ),
    "site admin": (
        [INSTRUCTOR, f"{VOCABULARY}institution/person#Administrator", f"{VOCABULARY}system/person#Administrator"],
        "admin",
    ),
    "admin who switched to student": ([LEARNER, f"{VOCABULARY}institution/person#Administrator"], "student"),
    "short assistant": (["TeachingAssistant"], "assistant"),
    "short administrator": (["Administrator"], "admin"),
    "sub-role alone": ([f"{VOCABULARY}membership/Instructor#PrimaryInstructor"], "teacher"),
    "assistant's sub-role of an instructor": ([f"{VOCABULARY}membership/Instructor#Grader"], "assistant"),
    "administrator's sub-role": ([f"{VOCABULARY}membership/Administrator#Support"], "admin"),
    "learner's sub-role": ([f"{VOCABULARY}membership/Learner#GuestLearner"], "student"),
    "mentor": ([f"{VOCABULARY}membership#Mentor"], "student"),
    "content developer": ([f"{VOCABULARY}membership#ContentDeveloper"], "student"),
    "administrator of the institution alone": ([f"{VOCABULARY}institution/person#Administrator"], "admin"),
    "administrator of the site alone": ([f"{VOCABULARY}system/person#SysAdmin"], "admin"),
    "administrator as LIS wrote it": ([f"{VOCABULARY}person#Administrator"], "admin"),
    "staff of the institution": ([f"{VOCABULARY}institution/person#Staff"], "student"),
    "user of the site": ([f"{VOCABULARY}system/person#User"], "student"),
    "wrong case": ([INSTRUCTOR.lower()], "student"),
    "institution instructor alone": ([f"{VOCABULARY}institution/person#Instructor"], "student"),
    "unknown": (["http://example.org/roles#King"], "student"),
    "none": ([], "student"),
    "empty entry": ([""], "student"),
    "not texts": ([None, 3, {}], "student"),
    "lookalike": ([f"http://evil.example/{VOCABULARY}membership#Instructor"], "student"),
}


@pytest.mark.parametrize(("roles", "role"), ROLES.values(), ids=ROLES.keys())
def test_roles(platform: PlatformDouble, browser: Client, roles: list[Any], role: str) -> None:
    platform.open_page(browser, roles=roles)

    assert LaunchSession.objects.get().role == role


PERSONAL: dict[str, tuple[dict[str, Any], str]] = {
    "all": ({}, "Ana Student"),
    "names only": ({"name": ..., "email": ...}, "Ana Student"),
    "e-mail only": ({"name": ..., "given_name": ..., "family_name": ...}, "ana@example.org"),
    "nothing": ({"name": ..., "given_name": ..., "family_name": ..., "email": ...}, "Person 6 (no name sent)"),
}


@pytest.mark.parametrize(("changes", "name"), PERSONAL.values(), ids=PERSONAL.keys())
def test_personal_data_may_be_missing(
    platform: PlatformDouble, browser: Client, changes: dict[str, Any], name: str
) -> None:
    platform.open_page(browser, **changes)

    assert Person.objects.get().name == name


def test_what_launches_no_longer_tell_is_forgotten(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser)
    platform.open_page(browser, email=...)
    person = Person.objects.get()
    assert (person.name, person.email, person.locale) == ("Ana Student", "", "en")

    platform.open_page(browser, **NAMELESS, email=..., **{f"{LTI}launch_presentation": ...})
    person = Person.objects.get()
    assert (person.name, person.email, person.locale) == ("Person 6 (no name sent)", "", "")


def test_whom_the_address_names_is_not_called_by_the_old_one(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser, **NAMELESS)
    assert Person.objects.get().name == "ana@example.org"

    platform.open_page(browser, **NAMELESS, email="new@example.org")
    assert Person.objects.get().name == "new@example.org"

    platform.open_page(browser, **NAMELESS, email=...)
    assert Person.objects.get().name == "Person 6 (no name sent)"


def test_a_launch_into_another_course_takes_nothing_back(platform: PlatformDouble, browser: Client) -> None:
    """A platform may share with one activity and not with another."""
    elsewhere = {f"{LTI}context": {"id": "9"}, f"{LTI}resource_link": {"id": "77"}}
    platform.open_page(browser)
    for _ in range(2):
        platform.open_page(browser, **elsewhere, **NAMELESS, email=...)

    person = Person.objects.get()
    assert (person.name, person.email) == ("Ana Student", "ana@example.org")


EMPTY: dict[str, Any] = {
    "PHP's empty array": [],
    "null": None,
    "false": False,
    "a text": "a=b",
    "a number": 7,
    "an empty text": "",
}
OBJECTS = {
    "custom": f"{LTI}custom",
    "presentation": f"{LTI}launch_presentation",
    "context": f"{LTI}context",
    "platform": f"{LTI}tool_platform",
    "for_user": f"{LTI}for_user",
    "lis": f"{LTI}lis",
    "grades": AGS,
    "roster": NRPS,
}


@pytest.mark.parametrize("value", EMPTY.values(), ids=EMPTY.keys())
@pytest.mark.parametrize("claim", OBJECTS.values(), ids=OBJECTS.keys())
def test_optional_object_that_cannot_be_used_is_as_absent(
    platform: PlatformDouble, browser: Client, claim: str, value: Any
) -> None:
    path = platform.open_page(browser, **{claim: value})

    assert browser.get(path, secure=True).status_code == 200
    session, link = LaunchSession.objects.get(), ResourceLink.objects.get()
    assert (session.return_url == "") == (claim == f"{LTI}launch_presentation")
    assert (link.lineitem_url, link.scopes) == ("", []) or claim != AGS
    assert (link.course.memberships_url == "") == (claim == NRPS)
    assert (link.course.title == "Interview") == (claim == f"{LTI}context"), "without a context, named for its link"


@pytest.mark.parametrize("claim", [AGS, NRPS], ids=["grades", "roster"])
def test_optional_object_that_cannot_be_used_does_not_fault_a_review(
    platform: PlatformDouble, browser: Client, claim: str
) -> None:
    assert platform.launch(browser, **{**reviewing("6"), claim: []}).status_code == 302


ODD_TEXTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "numbers": ({"name": 7, f"{LTI}resource_link": {"id": "1", "title": 2026}}, "7", "2026", "Film and Sound"),
    "parts of a name are numbers": (
        {"name": None, "given_name": 7, "family_name": 8},
        "7 8",
        "Interview",
        "Film and Sound",
    ),
    "false": (
        {"name": False, "given_name": False, "family_name": False, f"{LTI}resource_link": {"id": "1", "title": False}},
        "ana@example.org",
        "",
        "Film and Sound",
    ),
    "only spaces": (
        {"name": "  ", "given_name": " ", "family_name": ""},
        "ana@example.org",
        "Interview",
        "Film and Sound",
    ),
    "only marks of direction": ({"name": "\u200f\u202e"}, "Ana Student", "Interview", "Film and Sound"),
    "objects": ({"name": {"first": "Ana"}, "given_name": []}, "Student", "Interview", "Film and Sound"),
    "half of a pair": ({"name": "\ud800"}, "Ana Student", "Interview", "Film and Sound"),
    "a course with a number": ({f"{LTI}context": {"id": "2", "title": 101}}, "Ana Student", "Interview", "101"),
    "a course with a label": (
        {f"{LTI}context": {"id": "2", "title": None, "label": "FILM"}},
        "Ana Student",
        "Interview",
        "FILM",
    ),
}


@pytest.mark.parametrize(("changes", "person", "link", "course"), ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_names_and_titles_are_text_or_absent(
    platform: PlatformDouble, browser: Client, changes: dict[str, Any], person: str, link: str, course: str
) -> None:
    platform.open_page(browser, **changes)

    row = ResourceLink.objects.get()
    assert (Person.objects.get().name, row.title, row.course.title) == (person, link, course)


@pytest.mark.parametrize("email", [[], ["ana@example.org"], False, 7, "\ud800", "x" * 321])
def test_e_mail_that_cannot_be_used_is_as_absent(platform: PlatformDouble, browser: Client, email: Any) -> None:
    platform.open_page(browser, email=email)

    assert Person.objects.get().email == ""


def test_context_of_which_nothing_is_known_is_as_absent(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser, **{f"{LTI}context": {"id": None, "label": None, "title": "", "type": []}})

    assert Course.objects.get().title == "Interview"


SCOPES: dict[str, tuple[Any, list[str]]] = {
    "a list": ([SCORE, 7, None], [SCORE]),
    "one text": (SCORE, [SCORE]),
    "one text of several": (f"{SCORE} {LINEITEM}", [SCORE, LINEITEM]),
    "PHP's list with a gap": ({"0": SCORE, "2": LINEITEM}, [SCORE, LINEITEM]),
    "null": (None, []),
    "false": (False, []),
}


@pytest.mark.parametrize(("sent", "kept"), SCOPES.values(), ids=SCOPES.keys())
def test_scopes_are_read_whatever_their_list_is_written_as(
    platform: PlatformDouble, browser: Client, sent: Any, kept: list[str]
) -> None:
    platform.open_page(browser, **{AGS: {"scope": sent, "lineitem": "https://moodle.example/1"}})

    link = ResourceLink.objects.get()
    assert (link.scopes, link.lineitem_url) == (kept, "https://moodle.example/1")


ADDRESSES: list[Any] = [None, False, 7, [], "x" * 2001, "\ud800"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_service_address_that_cannot_be_used_is_as_absent(
    platform: PlatformDouble, browser: Client, address: Any
) -> None:
    grades, roster = {"scope": [], "lineitem": address, "lineitems": address}, {"context_memberships_url": address}
    platform.open_page(browser, **{AGS: grades, NRPS: roster})

    link = ResourceLink.objects.get()
    assert (link.lineitem_url, link.lineitems_url, link.course.memberships_url) == ("", "", "")


@pytest.mark.parametrize("locale", [None, False, 7, [], "x" * 36])
def test_locale_that_cannot_be_used_is_as_absent(platform: PlatformDouble, browser: Client, locale: Any) -> None:
    platform.open_page(browser, locale=locale, **{f"{LTI}launch_presentation": {"locale": locale}})

    assert Person.objects.get().locale == ""


def test_custom_parameters_may_be_numbers(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser, **{f"{LTI}custom": {"context_history": 7, "assignment": False, "other": []}})

    assert Course.objects.get().history == ["7"]


def test_nothing_said_of_not_before_is_as_absent(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser, nbf=None)


def test_links_without_a_context_are_courses_of_their_own(platform: PlatformDouble, browser: Client) -> None:
    for link_id in ("1", "2"):
        platform.open_page(browser, **{f"{LTI}context": ..., f"{LTI}resource_link": {"id": link_id}})

    assert Course.objects.count() == 2


def test_login_by_get_asks_what_the_spec_says(platform: PlatformDouble, browser: Client) -> None:
    hint = '{"cmid":3,"launchid":"a b&c=d"}'
    asked = platform.login(browser, lti_message_hint=hint)

    assert asked.pop("state")
    assert asked.pop("nonce")
    assert asked == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "tool-1",
        "redirect_uri": "https://tool.example/lti/launch/",
        "login_hint": "6",
        "lti_message_hint": hint,
    }


class TestLostCookie:
    """A browser that keeps no cookies in frames (Firefox that rejects third-party ones, Safari before 26.2)."""

    def refused(self, platform: PlatformDouble, *, dest: str = "iframe", **login: str) -> str:
        asked = platform.login(Client(HTTP_HOST="tool.example"), **login)
        token = platform.sign(platform.claims(asked["nonce"]))
        response = Client(HTTP_HOST="tool.example").post(
            "/lti/launch/",
            {"id_token": token, "state": asked["state"]},
            secure=True,
            headers={"Sec-Fetch-Dest": dest},
        )
        assert response.status_code == 403
        assert not LaunchSession.objects.exists()
        return response.content.decode()

    def offered(self, page: str) -> list[str]:
        return [html.unescape(href) for href in re.findall(r'href="([^"]+)" target="_blank" rel="noopener"', page)]

    def test_in_a_frame_of_moodle_the_activity_is_offered_in_a_new_window(self, platform: PlatformDouble) -> None:
        platform.row.authorization_url = "https://moodle.example/sub/mod/lti/auth.php"
        platform.row.save()

        page = self.refused(platform)

        # Moodle's hint serves once, so the login cannot simply be made again.
        assert self.offered(page) == ["https://moodle.example/sub/mod/lti/launch.php?id=3&triggerview=0"]

    @pytest.mark.parametrize(
        "hint", ['{"launchid":"x"}', "[3]", "3", "x", '{"cmid":null}', '{"cmid":"3&a=<b>"}', '{"cmid":-3}', "[" * 3000]
    )
    def test_moodle_without_an_activity_offers_nothing(self, platform: PlatformDouble, hint: str) -> None:
        platform.row.authorization_url = "https://moodle.example/mod/lti/auth.php"
        platform.row.save()

        assert self.offered(self.refused(platform, lti_message_hint=hint)) == []

    def test_elsewhere_the_same_login_is_offered_on_top(self, platform: PlatformDouble) -> None:
        (address,) = self.offered(self.refused(platform, lti_message_hint='a"b'))

        on_top = Client(HTTP_HOST="tool.example")
        again = on_top.get(address, secure=True)
        assert again.status_code == 302
        query = parse_qs(urlsplit(again["Location"]).query)
        assert (query["login_hint"], query["lti_message_hint"]) == (["6"], ['a"b'])
        token = platform.sign(platform.claims(query["nonce"][0]))
        assert platform.post(on_top, id_token=token, state=query["state"][0]).status_code == 302

    def test_on_top_already_it_is_explained_how_to_allow_cookies(self, platform: PlatformDouble) -> None:
        page = self.refused(platform, dest="document")

        assert self.offered(page) == []
        assert "Allow cookies for tool.example" in page

    def test_login_too_long_to_keep_is_not_offered(self, platform: PlatformDouble) -> None:
        assert self.offered(self.refused(platform, lti_message_hint="x" * 3000)) == []


def test_authorization_address_keeps_the_query_it_has(platform: PlatformDouble, browser: Client) -> None:
    platform.row.authorization_url += "?tenant=7"
    platform.row.save()

    assert platform.login(browser)["tenant"] == "7"


def test_cookies_live_in_a_frame_and_on_their_own_paths(platform: PlatformDouble, browser: Client) -> None:
    asked = platform.login(browser)
    (state_cookie,) = browser.cookies.values()
    launched = platform.post(browser, id_token=platform.sign(platform.claims(asked["nonce"])), state=asked["state"])

    for cookie, path in ((state_cookie, "/lti/"), (launched.cookies["launch"], launched["Location"])):
        header = cookie.output()
        assert cookie["path"] == path
        for attribute in ("Secure", "HttpOnly", "SameSite=None", "Partitioned"):
            assert attribute in header
    assert "Partitioned" in launched.cookies[state_cookie.key].output(), "a deletion must name the same cookie"


def test_page_is_framed_by_its_platform_alone_and_never_cached(platform: PlatformDouble, browser: Client) -> None:
    page = browser.get(platform.open_page(browser), secure=True)

    assert "frame-ancestors 'self' https://moodle.example;" in page["Content-Security-Policy"] + ";"
    assert "no-store" in page["Cache-Control"]
    assert "X-Frame-Options" not in page


@pytest.mark.parametrize("secret", [None, "", "wrong"])
def test_another_browser_sees_what_an_unknown_launch_shows(
    platform: PlatformDouble, browser: Client, secret: str | None
) -> None:
    path = platform.open_page(browser)
    stranger = Client(HTTP_HOST="tool.example")
    if secret is not None:
        stranger.cookies["launch"] = secret

    shown = stranger.get(path, secure=True)
    unknown = stranger.get("/l/01900000-0000-7000-8000-000000000000/", secure=True)

    assert shown.status_code == unknown.status_code == 404
    assert shown.content == unknown.content
    assert shown.headers == unknown.headers


def test_ended_session_is_closed(platform: PlatformDouble, browser: Client) -> None:
    path = platform.open_page(browser)
    session = LaunchSession.objects.get()
    session.expires_at = session.created_at
    session.save()

    assert browser.get(path, secure=True).status_code == 404


def test_secret_is_stored_nowhere(platform: PlatformDouble, browser: Client) -> None:
    platform.launch(browser)
    secret = browser.cookies["launch"].value

    row = LaunchSession.objects.values().get()
    assert secret not in str(row)
    assert UsedNonce.objects.count() == 1


def test_rotated_platform_key_is_found_at_once_and_asked_for_once(
    platform: PlatformDouble, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lti_tool.launch.platform_keys.REFETCH_SECONDS", 0)
    platform.open_page(browser)
    platform.rotate()
    platform.open_page(browser)
    platform.open_page(browser)

    assert len([call for call in platform.answers.calls if call.request.url == platform.jwks_url]) == 2


def test_unknown_key_ids_do_not_hammer_the_platform(platform: PlatformDouble, browser: Client) -> None:
    platform.open_page(browser)
    for number in range(5):
        platform.launch(browser, header={"kid": f"forged-{number}"})

    assert len([call for call in platform.answers.calls if call.request.url == platform.jwks_url]) == 1


def test_launch_goes_on_while_the_key_set_address_is_down(
    platform: PlatformDouble, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.open_page(browser)
    monkeypatch.setattr("lti_tool.launch.platform_keys.KEEP_SECONDS", -1)
    platform.answers.upsert(responses.GET, platform.jwks_url, status=503)

    assert platform.launch(browser).status_code == 302


def test_same_ids_at_two_platforms_never_meet(platform: PlatformDouble, browser: Client) -> None:
    other = PlatformDouble(platform.answers, host="other.example")
    platform.open_page(browser, roles=[INSTRUCTOR])
    other.open_page(browser, roles=[INSTRUCTOR])

    for model in (Person, Course, ResourceLink):
        assert model.objects.count() == 2
    assert outbox.platforms_due() == []


def test_deployment_that_was_registered_a_moment_ago_is_known_at_once(
    platform: PlatformDouble, browser: Client
) -> None:
    platform.open_page(browser)
    Deployment.objects.create(platform=platform.row, deployment_id="2")

    platform.open_page(browser, **{f"{LTI}deployment_id": "2"})

    assert {course.deployment.deployment_id for course in Course.objects.all()} == {"1", "2"}


def test_what_changed_of_a_platform_is_known_after_some_seconds(
    platform: PlatformDouble, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.login(browser)
    platform.row.authorization_url = "https://moodle.example/elsewhere"
    platform.row.save()
    monkeypatch.setattr("lti_tool.registered.KEEP_SECONDS", -1)
    registered.forget()

    response = browser.get(
        "/lti/login/", {"iss": platform.issuer, "client_id": "tool-1", "login_hint": "6"}, secure=True
    )
    assert response["Location"].startswith("https://moodle.example/elsewhere?")
