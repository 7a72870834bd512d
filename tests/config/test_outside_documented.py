"""docs/operate.md tells how long other systems may take; it is held to what the code does."""

import re
import runpy
from pathlib import Path

from django.conf import settings

from config import outside
from config import settings as defaults
from lti_tool import platform
from lti_tool.checkup import platform_checks
from lti_tool.launch import platform_keys
from video.mail import sending
from video.storage import patience

TEXT = Path("docs/operate.md").read_text().partition("## Other systems")[2].partition("\n## ")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")]


def row(system: str, what: str) -> list[str]:
    """A page's seconds, its places, a worker's seconds, what is read."""
    (found,) = [cells for cells in ROWS if cells[0] == system and cells[1].startswith(what)]
    return found[2:]


def first(cell: str) -> int:
    found = re.match(r"\d+", cell)
    assert found, cell
    return int(found.group())


def test_platforms() -> None:
    page, answer = defaults.PAGE_PATIENCE_SECONDS, settings.PLATFORM_ANSWER_SECONDS
    for what, seconds, worker in (
        ("key set", page, answer),
        ("access token", page, answer),
        ("roster", page, answer * platform.LISTING_TIMES),
    ):
        cells = row("platform", what)
        assert (first(cells[0]), first(cells[2])) == (seconds, worker)
    assert first(row("platform", "registration")[0]) == platform.REGISTRATION_SECONDS
    assert first(row("platform", "a check")[0]) == platform_checks.CHECK_SECONDS
    places = f"{settings.PAGES_WAITING_FOR_ONE_PLATFORM} a host, {settings.PAGES_WAITING_FOR_PLATFORMS} in all"
    assert {cells[3] for cells in ROWS if cells[0] == "platform"} == {places}


def test_storage() -> None:
    usual = patience.USUAL_SECONDS
    for what, worker in (
        ("look", usual),
        ("put parts", patience.SECONDS["finish_parts"]),
        ("copy", patience.SECONDS["settle"]),
        ("send", patience.SECONDS["put"]),
    ):
        assert first(row("storage", what)[2]) == worker
    assert {cells[3] for cells in ROWS if cells[0] == "storage"} == {str(settings.PAGES_WAITING_FOR_STORAGE), "–"}
    assert f"leaves it alone for {patience.REST_SECONDS} s" in TEXT


def test_the_rest() -> None:
    conf = runpy.run_path("gunicorn.conf.py")
    assert f"process's {conf['threads']} threads" in TEXT
    assert f"`PAGE_PATIENCE_SECONDS` ({defaults.PAGE_PATIENCE_SECONDS})" in TEXT
    assert f"`Retry-After: {outside.AGAIN_SECONDS}`" in TEXT
    assert f"at most every {platform_keys.REFETCH_SECONDS} s" in TEXT
    assert first(row("mail server", "sign in")[2]) == sending.MAIL_SECONDS


def test_words_are_those_of_the_pages() -> None:
    code = "".join(
        Path(name).read_text()
        for name in (
            "lti_tool/launch/platform_keys.py",
            "lti_tool/platform.py",
            "lti_tool/registration/registration.py",
            "lti_tool/checkup/platform_checks.py",
            "video/problems.py",
            "video/roster/views.py",
            "video/gradebook/views.py",
            "config/views.py",
        )
    )
    quoted = [
        part.strip(" .") for cells in ROWS for one in re.findall("“([^”]+)”", cells[-1]) for part in one.split("…")
    ]
    assert [words for words in quoted if words not in code] == []
