"""Our tool on a platform none of us wrote: Open edX's LTI code launches us, and gets our grade and roster calls."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
LAUNCH_PAGE = re.compile(r"/l/[0-9a-f-]{36}/")


class _Markup(HTMLParser):
    """The few things these tests read of a page: its role, and its one form."""

    def __init__(self) -> None:
        super().__init__()
        self.role: str | None = None
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "body":
            self.role = has.get("data-role")
        elif tag == "form":
            self.action = has.get("action") or ""
        elif tag == "input" and (name := has.get("name")):
            self.fields[name] = has.get("value") or ""


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    role: str | None  # <body data-role>; None where the page has none
    action: str  # of its form
    fields: Mapping[str, str]

    @property
    def launch_path(self) -> str:
        """`/l/<launch id>/`, or nothing for pages elsewhere."""
        found = LAUNCH_PAGE.match(urlsplit(self.url).path)
        return found.group() if found else ""


@dataclass(frozen=True)
class Cookie:
    host: str
    name: str
    path: str
    value: str
    attributes: frozenset[str]  # lower-case, such as "secure" and "samesite=none"


@dataclass
class Browser:
    """Redirects and cookies, as browsers do them on localhost.

    A cookie jar of Python's keeps `Secure` cookies from http://localhost, which browsers trust, and its parser loses a
    cookie over the word `Partitioned`. So Set-Cookie is read here.
    """

    cookies: dict[tuple[str, str, str], Cookie] = field(default_factory=dict)

    def open(self, url: str, form: Mapping[str, str] | None = None) -> Page:
        """The page at the end of all redirects; with `form`, by posting it."""
        for _ in range(10):
            response = requests.request(
                "GET" if form is None else "POST",
                url,
                data=form,
                headers={"Cookie": self._cookies_for(url)},
                allow_redirects=False,
                timeout=30,
            )
            self._keep_cookies(url, response)
            if not response.is_redirect:
                return _page(url, response)
            url, form = urljoin(url, response.headers["Location"]), None
        raise AssertionError(f"too many redirects, the last one to {url}")

    def submit(self, page: Page) -> Page:
        """What the script of the platform's launch page does."""
        return self.open(urljoin(page.url, page.action), page.fields)

    def _cookies_for(self, url: str) -> str:
        host, path = urlsplit(url).hostname, urlsplit(url).path
        sent = [c for c in self.cookies.values() if c.host == host and _path_matches(path, c.path)]
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in sent)

    def _keep_cookies(self, url: str, response: requests.Response) -> None:
        host = urlsplit(url).hostname or ""
        for header in response.raw.headers.getlist("Set-Cookie"):
            pair, *attributes = [part.strip() for part in header.split(";")]
            name, _, value = pair.partition("=")
            path = next((a.partition("=")[2] for a in attributes if a.lower().startswith("path=")), "/")
            cookie = Cookie(host, name, path, value, frozenset(attribute.lower() for attribute in attributes))
            if "max-age=0" in cookie.attributes:
                self.cookies.pop((host, name, path), None)
            else:
                self.cookies[host, name, path] = cookie


def _path_matches(path: str, cookie_path: str) -> bool:
    """RFC 6265, 5.1.4."""
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else f"{cookie_path}/")


def _page(url: str, response: requests.Response) -> Page:
    markup = _Markup()
    markup.feed(response.text)
    return Page(url, response.status_code, markup.role, markup.action, markup.fields)


def launch(browser: Browser, platform: Mapping[str, Any], user: str) -> Page:
    """Open the activity as this person: start, our login, the platform's authorization, our launch, our page."""
    form = browser.open(platform["start_urls"][user])
    assert form.fields.get("id_token"), f"no id_token came from {form.url}, which answered {form.status}"
    return browser.submit(form)


@pytest.mark.usefixtures("tool")
@pytest.mark.parametrize(
    ("user", "role"),
    [
        ("teacher", "teacher"),
        ("student1", "student"),
        ("assistant", "assistant"),  # Learner and Instructor#TeachingAssistant at once
        ("admin", "admin"),  # the site's staff: administrator of system, institution and course
    ],
)
def test_a_launch_opens_a_page_for_its_role(platform: dict[str, Any], user: str, role: str) -> None:
    page = launch(Browser(), platform, user)

    assert page.launch_path, f"the launch ended at {page.url} with {page.status}"
    assert (page.status, page.role) == (200, role)


@pytest.mark.usefixtures("tool")
def test_a_launch_is_a_session_of_its_own(platform: dict[str, Any]) -> None:
    """Two people at one browser, the second after the first: each page stays its own person's."""
    browser = Browser()
    of_teacher = launch(browser, platform, "teacher")
    of_student = launch(browser, platform, "student1")

    assert of_teacher.launch_path != of_student.launch_path
    assert browser.open(of_teacher.url).role == "teacher"
    assert browser.open(of_student.url).role == "student"


@pytest.mark.usefixtures("tool")
def test_the_session_cookie_works_in_a_frame_and_for_its_launch_alone(platform: dict[str, Any]) -> None:
    browser = Browser()
    page = launch(browser, platform, "student1")

    [cookie] = [cookie for cookie in browser.cookies.values() if cookie.path == page.launch_path]
    assert cookie.attributes >= {"secure", "httponly", "samesite=none", "partitioned"}
    assert Browser().open(page.url).status == 404


@pytest.mark.usefixtures("tool")
def test_a_launch_posted_twice_is_let_in_once(platform: dict[str, Any]) -> None:
    browser = Browser()
    form = browser.open(platform["start_urls"]["student1"])
    thief = Browser(dict(browser.cookies))  # with the state cookie, too: only the used nonce can refuse it

    assert browser.submit(form).role == "student"
    again = thief.submit(form)

    assert 400 <= again.status < 500
    assert not again.launch_path
    assert not again.role


@pytest.mark.usefixtures("tool")
def test_a_grade_and_the_roster_arrive(platform: dict[str, Any], tool_environment: dict[str, str]) -> None:
    """A grade of ours is in Open edX's gradebook, and its roster, which comes in three pages, is ours."""
    for user in ("teacher", "admin", "student1"):
        launch(Browser(), platform, user)
    people = requests.get(platform["state_url"], timeout=30).json()["people"]
    done = subprocess.run(
        [sys.executable, "tests/openedx/grade_and_read_roster.py", people["student1"]],
        cwd=ROOT,
        env={**tool_environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    ours = json.loads(done.stdout)
    theirs = requests.get(platform["state_url"], timeout=30).json()
    assert ours["delivery"] == "sent", ours["answer"]
    [score] = theirs["scores"]
    assert (score["user"], score["score_given"], score["score_maximum"]) == ("student1", 17.5, 20)
    assert (score["activity_progress"], score["grading_progress"]) == ("Completed", "FullyGraded")
    assert score["comment"] == "Well told"
    assert theirs["gradebook"] == {"student1": {"value": 17.5, "max_value": 20}}
    assert [call["query"].get("page", "1") for call in theirs["roster_calls"]] == ["1", "2", "3"]
    assert set(ours["roles"]) == set(people.values())
    assert ours["names"][people["student2"]] == "李 小龍"
    # A roster never lowers what a launch said: Open edX lists the admin, who launched, as a learner.
    assert {user: ours["roles"][people[user]] for user in ("teacher", "admin", "assistant", "student5")} == {
        "teacher": "teacher",
        "admin": "admin",
        "assistant": "assistant",
        "student5": "student",
    }
