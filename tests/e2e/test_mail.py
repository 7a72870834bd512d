"""E-mail by the whole of it: beat and worker send to a server, a person ends it in a browser."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Playwright, expect

from tests.e2e import demo_run
from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, TEACHER, hand_in, launch, wait_for
from tests.e2e.test_accessibility import assert_accessible
from tests.video.post_office import PostOffice

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

SIZES = [(1280, 900), (883, 577), (320, 640)]


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    office = PostOffice()
    yield office
    office.close()


@pytest.fixture
def demo(post_office: PostOffice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    settings = {
        "EMAIL_URL": f"smtp://127.0.0.1:{post_office.port}",
        "DEFAULT_FROM_EMAIL": "Reelmark <video@example.org>",
    }
    with demo_run.running(tmp_path_factory.mktemp("demo"), settings=settings) as run:
        yield run


def test_a_released_mark_is_told_once_and_can_be_ended(
    playwright: Playwright, demo: Demo, post_office: PostOffice
) -> None:
    link = demo.add_activity("Interview")
    with private_window(playwright) as context:
        page = context.new_page()
        demo.set_up(link)
        hand_in(launch(page, demo, ANA, link), demo)
        teacher = launch(page, demo, TEACHER, link)
        teacher.get_by_role("link", name="Mark Ana").click()
        teacher.get_by_role("spinbutton", name="Points", exact=True).fill("87.5")
        teacher.get_by_role("button", name="Save").first.click()
        expect(teacher.get_by_text("Saved the mark")).to_be_visible()
        assert ask(demo, "UPDATE video_mail SET due_at = wanted_at") == 1, "as if ten minutes were over"
        demo.call("video.mail.tasks.send_due_mail")
        wait_for(page, lambda: post_office.received, "an e-mail")
        wait_for(page, lambda: ask(demo, "DELETE FROM video_mail WHERE state = 'sent'"), "its note")

    (mail,) = post_office.received
    assert mail.subject == "Your video for “Interview” was marked"
    found = re.search(r"http://\S+/mail/\?choice=\S+", mail.text)
    assert found
    for width, height in SIZES:
        with private_window(playwright, width=width, height=height) as context:
            page = context.new_page()
            page.goto(found.group())
            for label in ("No more of these e-mails", "Send them again"):
                assert_accessible(page)
                # The keyboard alone gets there.
                page.keyboard.press("Tab")
                expect(page.get_by_role("button", name=label)).to_be_focused()
                page.keyboard.press("Enter")
                other = "Send them again" if label.startswith("No") else "No more of these e-mails"
                expect(page.get_by_role("button", name=other)).to_be_visible()


def ask(demo: Demo, statement: str) -> int:
    """How many rows of the tool's database it changes."""
    with closing(sqlite3.connect(demo.folder / "reelmark.sqlite3", timeout=20)) as database, database:
        return database.execute(statement).rowcount
