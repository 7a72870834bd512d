"""Uploads in parts from a real browser, over a line as bad as real ones are.

At the end of each, what is stored is the file, byte for byte, and no upload is left unfinished. Parts are held back by
their numbers, not by time, so that "in the middle" is the same middle each time.
"""

import contextlib
import hashlib
import random
import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Frame, FrameLocator, Page, Playwright, expect

from tests import faults
from tests.e2e import demo_run
from tests.e2e.browser import chromium, crash, private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, launch
from tests.faults import FaultProxy
from tests.films import film
from tests.services import free_ports

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

MIB = 1024 * 1024
BUCKET = "reelmark-demo"
SIZE, PART = 40 * MIB, 8 * MIB
PARTS = SIZE // PART
SLOTS = 5  # parts that a page sends at once
ARRIVES_WITHIN = 150_000  # ms: longer than a connection that says nothing is waited for (uppy-run.ts)


@dataclass(frozen=True)
class Place:
    """The demo, and the line between its S3 server and everybody else."""

    demo: Demo
    line: FaultProxy

    def unfinished(self) -> list[str]:
        found = self.demo.objects.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [upload["Key"] for upload in found]

    def stored(self) -> set[str]:
        found = self.demo.objects.list_objects_v2(Bucket=BUCKET, Prefix="videos/").get("Contents", [])
        return {each["Key"] for each in found}

    def done(self) -> set[int]:
        """Numbers of the parts that storage has said it has."""
        return {request.part for request in self.line.seen(faults.parts) if request.status == 200 and request.part}

    def times(self) -> dict[int, int]:
        """How often each part's sending began."""
        assert len({key for key, _ in self.line.puts()}) == 1, "one upload"
        return {number: times for (_, number), times in self.line.puts().items()}


def held(*numbers: int) -> faults.Of:
    """Parts with these numbers."""
    return lambda request: faults.parts(request) and request.part in numbers


@contextlib.contextmanager
def _place(folder: Path, settings: dict[str, str] | None = None) -> Iterator[Place]:
    first = free_ports(demo_run.PORTS + 1)
    with (
        FaultProxy(f"http://localhost:{first + 2}", port=first + demo_run.PORTS) as line,
        demo_run.running(folder, settings=settings, first_port=first, s3_address=line.address) as demo,
    ):
        yield Place(demo, line)


@pytest.fixture(scope="module")
def _shared_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with _place(tmp_path_factory.mktemp("demo"), {"UPLOAD_TICKETS_A_MINUTE": "1000", "UPLOADS_OPEN": "1000"}) as place:
        yield place


@pytest.fixture
def place(_shared_place: Place) -> Iterator[Place]:
    place = _shared_place
    place.line.forget()
    yield place
    place.line.heal()
    for upload in place.demo.objects.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):  # of a test that failed
        place.demo.objects.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])


@pytest.fixture(scope="module")
def browser(_shared_place: Place, playwright: Playwright) -> Iterator[BrowserContext]:
    with private_window(playwright) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    opened = new_page(browser)
    yield opened
    opened.close()


def new_page(browser: BrowserContext) -> Page:
    page = browser.new_page()
    page.on("dialog", lambda dialog: dialog.accept())  # "Leave site?"
    page.clock.install()  # it goes as others do, until a test is in a hurry
    return page


@pytest.fixture
def activity(place: Place, page: Page) -> int:
    link = place.demo.add_activity("Interview")
    place.demo.set_up(link)
    return link


def _film_file(path: Path, seed: int) -> Path:
    """A film that plays, and 40 MiB of padding that a player skips: no two parts are alike."""
    content = film()
    padding = random.Random(seed).randbytes(SIZE - len(content) - 8)
    path.write_bytes(content + struct.pack(">I4s", len(padding) + 8, b"free") + padding)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _film_file(tmp_path_factory.mktemp("file") / "interview.mp4", 1)


@pytest.fixture
def whole(place: Place) -> Callable[[Path], None]:
    """Says that exactly one object came to be, equal to the file, and that nothing is unfinished."""
    before = place.stored()

    def check(file: Path) -> None:
        [key] = place.stored() - before
        body = place.demo.objects.get_object(Bucket=BUCKET, Key=key)["Body"]
        digest, size = hashlib.sha256(), 0
        for chunk in body.iter_chunks(MIB):
            digest.update(chunk)
            size += len(chunk)
        assert size == file.stat().st_size
        assert digest.hexdigest() == hashlib.sha256(file.read_bytes()).hexdigest()
        assert place.unfinished() == []

    return check


def choose(page: Page, place: Place, activity: int, file: Path) -> FrameLocator:
    student = launch(page, place.demo, ANA, activity)
    student.locator("input[type=file]").set_input_files(file)
    return student


def arrives(student: FrameLocator) -> None:
    """All of it is in storage, and a worker has found that it plays; the page need not wait to ask for that."""
    student.locator("#checking-title, #check-title").wait_for(timeout=ARRIVES_WITHIN)
    checked = student.get_by_role("heading", name="Check your video")
    until(student.owner.page, checked.is_visible, hurry=True)


def until(page: Page, happened: Callable[[], object], *, hurry: bool = False) -> None:
    """Look again and again; in a `hurry`, the page's clock jumps on meanwhile: its pauses are not what is tried."""
    for _ in range(600):
        if happened():
            return
        if hurry:
            page.clock.fast_forward(1000)
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def waits_at(page: Page, place: Place, done: Collection[int]) -> None:
    """Until these parts have arrived, and the others of the first slots are on their way."""
    until(page, lambda: place.done() >= set(done) and len(place.line.puts()) >= min(PARTS, len(done) + SLOTS))


def tool_frame(page: Page, place: Place) -> Frame:
    return next(frame for frame in page.frames if frame.url.startswith(place.demo.tool))


def test_connections_are_reset_in_the_middle(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.reset(of=faults.parts, after=3 * MIB, times=3)
    arrives(choose(page, place, activity, file))

    assert place.line.hits == 3
    assert sum(place.times().values()) == PARTS + 3
    whole(file)


def test_storage_asks_to_slow_down(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.slow_down(of=faults.parts)
    student = choose(page, place, activity, file)
    until(page, lambda: place.line.hits >= 3 * SLOTS, hurry=True)
    assert place.done() == set()
    place.line.heal()

    arrives(student)
    assert place.done() == set(range(1, PARTS + 1))
    whole(file)


def test_requests_are_cut_short(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.truncate_requests(of=faults.parts, times=2)
    arrives(choose(page, place, activity, file))

    assert sum(place.times().values()) == PARTS + 2
    whole(file)


def test_answers_are_lost_though_the_parts_arrived(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.truncate_answers(of=faults.parts, times=2)
    arrives(choose(page, place, activity, file))

    assert place.line.hits == 2
    whole(file)


def test_a_connection_stands_still_for_a_while(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(2, 3, 4, 5))
    student = choose(page, place, activity, file)
    waits_at(page, place, {1})
    place.line.release()

    arrives(student)
    assert set(place.times().values()) == {1}
    whole(file)


def test_connections_that_say_nothing_any_more_are_given_up(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(2, 3, 4, 5))
    student = choose(page, place, activity, file)
    waits_at(page, place, {1})
    place.line.release(lost=True)
    until(page, lambda: place.done() == set(range(1, PARTS + 1)), hurry=True)

    arrives(student)
    assert place.times() == {1: 1, 2: 2, 3: 2, 4: 2, 5: 2}
    whole(file)


def test_storage_is_down_for_a_while(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(4, 5))
    student = choose(page, place, activity, file)
    waits_at(page, place, {1, 2, 3})
    place.line.refuse()
    place.line.release()
    stage = student.locator("[data-upload=stage]")
    until(page, lambda: "trying again by itself" in stage.inner_text(), hurry=True)
    place.line.listen()

    until(page, lambda: place.done() == set(range(1, PARTS + 1)), hurry=True)
    arrives(student)
    assert {number: times for number, times in place.times().items() if number < 4} == {1: 1, 2: 1, 3: 1}
    whole(file)


def test_the_device_is_offline_for_a_while(
    place: Place, page: Page, browser: BrowserContext, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(4, 5))
    student = choose(page, place, activity, file)
    waits_at(page, place, {1, 2, 3})
    browser.set_offline(True)
    place.line.release(lost=True)
    stage = student.locator("[data-upload=stage]")
    until(page, lambda: "when you are online again" in stage.inner_text(), hurry=True)
    browser.set_offline(False)

    until(page, lambda: place.done() == set(range(1, PARTS + 1)), hurry=True)
    arrives(student)
    assert {number: times for number, times in place.times().items() if number < 4} == {1: 1, 2: 1, 3: 1}
    whole(file)


def test_after_a_reload_the_same_file_goes_on(
    place: Place, page: Page, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(4, 5))
    student = choose(page, place, activity, file)
    waits_at(page, place, {1, 2, 3})
    tool_frame(page, place).evaluate("location.reload()")
    expect(student.get_by_text("is not all here yet")).to_contain_text("60 %")
    place.line.release(lost=True)

    student.locator("input[type=file]").set_input_files(file)
    arrives(student)
    assert place.times() == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
    whole(file)


def test_after_a_crash_a_new_browser_goes_on(
    place: Place, page: Page, playwright: Playwright, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    with chromium(playwright) as doomed:
        place.line.stall(of=held(4, 5))
        other = new_page(doomed)
        choose(other, place, activity, file)
        waits_at(other, place, {1, 2, 3})
        crash(doomed)
    place.line.release(lost=True)

    arrives(choose(page, place, activity, file))
    assert place.times() == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
    whole(file)


def test_another_file_is_asked_about_and_never_mixed(
    place: Place, page: Page, activity: int, file: Path, tmp_path: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(4, 5))
    student = choose(page, place, activity, file)
    waits_at(page, place, {1, 2, 3})
    tool_frame(page, place).evaluate("location.reload()")
    expect(student.get_by_text("is not all here yet")).to_contain_text("60 %")
    place.line.heal()
    [unfinished] = place.unfinished()
    # The same name, size and beginning; another video all the same.
    another = _film_file(tmp_path / file.name, 2)

    student.locator("input[type=file]").set_input_files(another)
    student.get_by_role("button", name="Choose again").click()
    assert place.unfinished() == [unfinished]
    student.locator("input[type=file]").set_input_files(another)
    student.get_by_role("button", name="Send this one").click()

    arrives(student)
    until(page, lambda: not place.unfinished())
    assert len({key for key, _ in place.line.puts()}) == 2
    whole(another)


def test_two_tabs_with_the_same_file_make_one_video(
    place: Place, page: Page, browser: BrowserContext, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(4, 5))
    choose(page, place, activity, file)
    waits_at(page, place, {1, 2, 3})
    with contextlib.closing(new_page(browser)) as tab:
        second = choose(tab, place, activity, file)
        until(tab, lambda: place.times()[5] == 2)
        place.line.heal()
        arrives(second)
    arrives(launch(page, place.demo, ANA, activity))

    assert place.times() == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
    whole(file)


def test_two_devices_with_the_same_file_make_one_video(
    place: Place, page: Page, playwright: Playwright, activity: int, file: Path, whole: Callable[[Path], None]
) -> None:
    place.line.stall(of=held(4, 5))
    choose(page, place, activity, file)
    waits_at(page, place, {1, 2, 3})
    with private_window(playwright) as second_device:
        other = new_page(second_device)
        second = choose(other, place, activity, file)
        until(other, lambda: place.times()[5] == 2)
        place.line.heal()
        # Whoever is second to finish hears of it when the page next asks how things are.
        until(other, second.get_by_role("heading", name="Check your video").is_visible, hurry=True)
    arrives(launch(page, place.demo, ANA, activity))

    assert place.times() == {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
    whole(file)


def test_addresses_that_ran_out_are_signed_anew(tmp_path: Path, playwright: Playwright, file: Path) -> None:
    """As after a laptop's sleep: the requests had begun, and storage hears of them too late."""
    with (
        _place(tmp_path, {"UPLOAD_TICKET_SECONDS": "2"}) as place,
        private_window(playwright) as browser,
    ):
        page = new_page(browser)
        link = place.demo.add_activity("Interview")
        place.demo.set_up(link)
        place.line.stall(of=faults.parts)
        student = choose(page, place, link, file)
        until(page, lambda: len(place.line.puts()) == SLOTS)
        page.wait_for_timeout(3500)
        place.line.release()
        arrives(student)
        refused = [request.part for request in place.line.seen(faults.parts) if request.status == 403]
        assert {1, 2, 3, 4} <= set(refused)
        [key] = place.stored()
        stored = place.demo.objects.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert hashlib.sha256(stored).hexdigest() == hashlib.sha256(file.read_bytes()).hexdigest()
        assert place.unfinished() == []
