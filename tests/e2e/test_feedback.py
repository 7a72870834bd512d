"""Feedback in a real browser: rich text by keyboard, files, and recorded words; and what its student gets of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Download, FrameLocator, Page, Playwright, Route, expect

from tests.e2e.browser import private_window, program
from tests.e2e.demo_run import Demo
from tests.e2e.people import ANA, TEACHER, launch
from tests.e2e.test_accessibility import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.skipif(program() is None, reason="Chromium is not installed")]

PRETENDED = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
ARRIVES_WITHIN = 150_000  # ms: longer than a connection that says nothing is waited for (uppy-run.ts)
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n"


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[BrowserContext]:
    with private_window(playwright, flags=PRETENDED) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "Notes on Ana's film – é.pdf"
    path.write_bytes(PDF)
    return path


@pytest.fixture
def link(page: Page, demo: Demo) -> int:
    """Ana has handed in."""
    new = demo.add_activity("Tell it in your own words")
    demo.set_up(new)
    demo.hand_in(new, ANA)
    return new


def open_room(page: Page, demo: Demo, link: int) -> FrameLocator:
    teacher = launch(page, demo, TEACHER, link)
    teacher.get_by_role("link", name=re.compile("^(Mark|Open) Ana")).click()
    teacher.locator("[data-feedback][data-ready]").wait_for()
    return teacher


def save(teacher: FrameLocator) -> None:
    teacher.get_by_role("spinbutton", name="Points", exact=True).fill("80")
    teacher.get_by_role("button", name="Save", exact=True).click()
    expect(teacher.get_by_text("Saved the mark")).to_be_visible()


def attach(teacher: FrameLocator, path: Path) -> None:
    teacher.locator("[data-files-input]").set_input_files(path)
    expect(teacher.locator("[data-files-list]").get_by_text(path.name).first).to_be_visible(timeout=ARRIVES_WITHIN)


def record(teacher: FrameLocator | Page, seconds: int = 2) -> None:
    """Up to where it can be listened to."""
    teacher.get_by_role("button", name="Record a word").click()
    expect(teacher.locator("[data-word-part=heard]")).to_have_text("We heard you.")
    teacher.get_by_role("button", name="Start recording").press("Enter")
    expect(teacher.locator("[data-word-part=time]")).to_have_text(f"0:0{seconds}")
    teacher.get_by_role("button", name="Stop").click()
    expect(teacher.get_by_label("Your recording")).to_be_visible()


def downloaded(page: Page, frame: FrameLocator, name: str) -> Download:
    """A window of its own opens for it, and goes when the browser has seen that it is no page."""
    saved: list[Download] = []

    def save(download: Download) -> None:
        saved.append(download)

    def listen(opened: Page) -> None:
        opened.on("download", save)

    page.on("download", save)
    page.context.on("page", listen)
    frame.get_by_role("link", name=f"Download {name}").click()
    for _ in range(100):
        if saved:
            break
        page.wait_for_timeout(100)
    page.context.remove_listener("page", listen)
    assert len(saved) == 1
    return saved[0]


def test_rich_text_by_keyboard_alone(page: Page, demo: Demo, link: int) -> None:
    teacher = open_room(page, demo, link)
    editor = teacher.get_by_role("textbox", name="Feedback")
    keys = page.keyboard
    teacher.get_by_role("spinbutton", name="Points", exact=True).click()
    keys.press("Tab")
    expect(teacher.get_by_role("button", name="Bold")).to_be_focused()
    keys.press("Tab")
    expect(editor).to_be_focused()
    keys.type("Well ")
    keys.press("Control+b")
    expect(teacher.get_by_role("button", name="Bold")).to_have_attribute("aria-pressed", "true")
    keys.type("told")
    keys.press("Control+b")
    keys.type(", a<b.")
    keys.press("Enter")
    keys.press("Shift+Tab")
    expect(teacher.get_by_role("button", name="Bold")).to_be_focused()
    for _ in range(4):
        keys.press("ArrowRight")
    expect(teacher.get_by_role("button", name="Bullets")).to_be_focused()
    keys.press("Enter")
    expect(editor).to_be_focused()
    keys.type("calm")
    keys.press("Enter")
    keys.type("clear")
    keys.press("Enter")
    keys.press("Enter")
    keys.press("Control+k")
    keys.type("javascript:alert(1)")
    keys.press("Enter")
    expect(teacher.get_by_text("This is no address")).to_be_visible()
    keys.press("Control+a")
    keys.type("example.org/more")
    keys.press("Tab")
    keys.type("Read on")
    keys.press("Enter")
    expect(editor).to_be_focused()
    keys.press("Tab")
    expect(editor).not_to_be_focused()

    expect(editor.locator("strong")).to_have_text("told")
    assert editor.locator("li").all_inner_texts() == ["calm", "clear"]
    kept = teacher.locator("textarea[name=feedback]").input_value()
    assert kept.startswith("<p>Well <strong>told</strong>, a&lt;b.</p><ul><li><p>calm</p></li>")
    teacher.get_by_role("spinbutton", name="Points", exact=True).fill("80")
    editor.click()
    keys.press("Control+End")
    keys.press("Control+Enter")  # the page's key, not a line break
    expect(teacher.get_by_text("Saved the mark")).to_be_visible()
    expect(editor.locator("strong")).to_have_text("told")
    assert editor.locator("p, li").count() == 6

    student = launch(page, demo, ANA, link).locator(".mark-shown")
    expect(student.locator("strong").filter(has_text="told")).to_be_visible()
    assert student.locator("li").all_inner_texts() == ["calm", "clear"]
    more = student.get_by_role("link", name="Read on")
    assert more.get_attribute("href") == "https://example.org/more"
    assert "noopener" in (more.get_attribute("rel") or "")
    assert "told, a<b." in demo.score(link, ANA).get("comment", "told, a<b.")


def test_what_was_written_comes_back_as_it_was(page: Page, demo: Demo, link: int) -> None:
    teacher = open_room(page, demo, link)
    editor = teacher.get_by_role("textbox", name="Feedback")
    editor.click()
    page.keyboard.press("Control+Shift+7")
    page.keyboard.type("one")
    teacher.get_by_role("button", name="Undo").click()
    teacher.get_by_role("button", name="Redo").click()
    page.keyboard.type(" more")
    kept = teacher.locator("textarea[name=feedback]").input_value()
    assert kept == "<ol><li><p>one more</p></li></ol>"
    save(teacher)
    expect(editor).to_have_text("one more")

    assert teacher.locator("textarea[name=feedback]").input_value() == kept


def test_pasted_words_are_cleaned(page: Page, demo: Demo, link: int) -> None:
    teacher = open_room(page, demo, link)
    editor = teacher.get_by_role("textbox", name="Feedback")
    editor.click()
    editor.evaluate(
        """(editor) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/html", '<meta><b style="font-weight:normal"><h1>Big</h1>' +
                '<p class="x" style="color:red"><span style="font-weight:700">bold</span> ' +
                '<a href="javascript:alert(1)">bad</a><img src=x onerror="document.title=1"></p></b>');
            editor.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true}));
        }"""
    )

    expect(editor.locator("h3")).to_have_text("Big")
    value = teacher.locator("textarea[name=feedback]").input_value()
    assert value == "<h3>Big</h3><p><strong>bold</strong> bad</p>"


def test_a_file_goes_to_the_student_and_can_be_taken_back(page: Page, demo: Demo, link: int, pdf: Path) -> None:
    teacher = open_room(page, demo, link)
    page_of_web = pdf.with_name("page.html")
    page_of_web.write_text("<script>alert(1)</script>")
    teacher.locator("[data-files-input]").set_input_files(page_of_web)
    expect(teacher.get_by_role("alert").filter(has_text="cannot be attached")).to_be_visible()
    attach(teacher, pdf)
    expect(teacher.get_by_role("alert").filter(has_text="cannot be attached")).to_be_hidden()
    save(teacher)

    student = launch(page, demo, ANA, link)
    expect(student.get_by_role("heading", name="Files with your feedback")).to_be_visible()
    file = downloaded(page, student, pdf.name)
    assert file.suggested_filename == pdf.name
    assert file.path().read_bytes() == PDF
    expect(student.get_by_role("heading", name="Files with your feedback")).to_be_visible()

    teacher = open_room(page, demo, link)
    teacher.get_by_role("button", name=f"Remove {pdf.name}").press("Enter")
    expect(teacher.get_by_role("button", name="Remove it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(teacher.locator("[data-files-list]").get_by_text(pdf.name).first).to_be_visible()
    teacher.get_by_role("button", name=f"Remove {pdf.name}").press("Enter")
    page.keyboard.press("Enter")
    expect(teacher.locator("[data-files-list] [data-file]")).to_have_count(0)
    expect(teacher.get_by_role("heading", name="Files for the student")).to_be_focused()
    student = launch(page, demo, ANA, link)
    expect(student.get_by_text(pdf.name)).to_have_count(0)


def test_a_large_file_dropped_goes_in_parts(page: Page, demo: Demo, link: int, tmp_path: Path) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(PDF + bytes(17 * 1024 * 1024))
    teacher = open_room(page, demo, link)
    attach(teacher, large)

    expect(teacher.locator("[data-file]")).to_have_count(1)
    expect(teacher.locator("[data-file]")).to_contain_text("17.0 MB")


def test_what_is_not_what_it_says_is_told(page: Page, demo: Demo, link: int, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pdf"
    wrong.write_text("no PDF")
    teacher = open_room(page, demo, link)
    teacher.locator("[data-files-input]").set_input_files(wrong)

    expect(teacher.get_by_text("What is in this file is not what its name says.").first).to_be_visible()
    teacher.get_by_role("button", name="Cancel wrong.pdf").click()
    expect(teacher.locator("[data-files-sending] li")).to_have_count(0)


def test_a_recorded_word_is_heard_by_the_student(page: Page, demo: Demo, link: int) -> None:
    teacher = open_room(page, demo, link)
    record(teacher)
    teacher.get_by_role("button", name="Record again").click()
    expect(teacher.locator("[data-word-part=heard]")).to_have_text("We heard you.")
    teacher.get_by_role("button", name="Start recording").click()
    expect(teacher.locator("[data-word-part=time]")).to_have_text(re.compile("0:0[1-9]"))
    teacher.get_by_role("button", name="Pause").click()
    expect(teacher.get_by_role("button", name="Go on")).to_be_focused()
    held = teacher.locator("[data-word-part=time]").inner_text()
    page.wait_for_timeout(1200)
    assert teacher.locator("[data-word-part=time]").inner_text() == held
    teacher.get_by_role("button", name="Go on").click()
    expect(teacher.locator("[data-word-part=time]")).to_have_text(re.compile("0:(0[4-9]|[1-5])"))
    teacher.get_by_role("button", name="Stop").click()
    teacher.get_by_role("button", name="Attach it").click()
    listen = teacher.get_by_role("button", name="Listen")
    expect(listen).to_be_visible(timeout=ARRIVES_WITHIN)
    expect(teacher.locator("[data-file]")).to_contain_text(re.compile("0:0[4-9]"))
    save(teacher)

    student = launch(page, demo, ANA, link)
    student.get_by_role("button", name="Listen").click()
    audio = student.locator(".file audio")
    expect(audio).to_be_focused()
    expect(audio).to_have_js_property("paused", False)
    assert 3 < audio.evaluate("audio => audio.duration") < 10, "mended on the server: a browser writes no length"
    audio.evaluate("audio => { audio.currentTime = 3 }")
    expect(audio).to_have_js_property("ended", True)
    # An address that has ended is replaced, and it goes on where it was.
    old = audio.get_attribute("src")
    audio.evaluate(
        "audio => { audio.currentTime = 1; audio.src = audio.src.replace(/Signature=.../, 'Signature=xxx') }"
    )
    expect(audio).to_have_js_property("error", None)
    expect(audio).to_have_js_property("paused", False)
    assert old
    assert downloaded(page, student, "Recording").suggested_filename.startswith("Recording 20")


def test_a_word_that_cannot_be_sent_is_not_lost(page: Page, demo: Demo, link: int) -> None:
    refusal = '{"error": {"code": "storage_refused", "message": "It is not set up.", "action": "Tell your admin."}}'
    teacher = open_room(page, demo, link)
    record(teacher)
    page.route("**/files/", lambda route: route.fulfill(status=502, content_type="application/json", body=refusal))
    teacher.get_by_role("button", name="Attach it").click()

    expect(teacher.get_by_text("It is not set up.").first).to_be_visible()
    with page.expect_download() as saving:
        teacher.get_by_role("link", name="Save a copy").click()
    assert saving.value.suggested_filename.startswith("Recording 20")
    assert saving.value.path().stat().st_size > 5000
    page.unroute("**/files/")
    teacher.get_by_role("button", name="Try again").click()
    expect(teacher.get_by_role("button", name="Listen")).to_be_visible(timeout=ARRIVES_WITHIN)


def test_a_storage_out_of_reach_is_waited_for(page: Page, demo: Demo, link: int, pdf: Path) -> None:
    blocked = True

    def storage(route: Route) -> None:
        route.abort("connectionreset") if blocked else route.continue_()

    page.route(lambda url: url.endswith("/reelmark-demo") or "X-Amz-" in url, storage)
    teacher = open_room(page, demo, link)
    teacher.locator("[data-files-input]").set_input_files(pdf)
    expect(teacher.locator("[data-files-sending]")).to_contain_text("trying again by itself")
    blocked = False
    expect(teacher.locator("[data-files-list]").get_by_text(pdf.name).first).to_be_visible(timeout=ARRIVES_WITHIN)


def test_a_denied_microphone_is_told_in_words(playwright: Playwright, demo: Demo, link: int) -> None:
    with private_window(
        playwright, flags=("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    ) as context:
        teacher = open_room(context.new_page(), demo, link)
        teacher.get_by_role("button", name="Record a word").click()

        expect(teacher.get_by_text("does not let this page use the microphone")).to_be_visible()
        expect(teacher.get_by_role("button", name="Try again")).to_be_focused()
        teacher.get_by_role("button", name="Cancel").click()
        expect(teacher.get_by_role("button", name="Record a word")).to_be_focused()


def test_without_a_script_there_are_words_and_links(playwright: Playwright, demo: Demo, page: Page, link: int) -> None:
    teacher = open_room(page, demo, link)
    teacher.get_by_role("textbox", name="Feedback").click()
    page.keyboard.press("Control+b")
    page.keyboard.type("Bold")
    save(teacher)
    home = page.frames[1].url
    cookies = page.context.cookies()
    plain: Browser = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
    try:
        context = plain.new_context(java_script_enabled=False)
        context.add_cookies([{**cookie, "partitionKey": None} for cookie in cookies])  # type: ignore[typeddict-item]
        opened = context.new_page()
        opened.goto(home)
        expect(opened.get_by_label("Feedback")).to_have_value("Bold")
        opened.get_by_role("spinbutton", name="Points", exact=True).fill("81")
        opened.get_by_role("button", name="Save", exact=True).click()
        expect(opened.get_by_text("Saved the mark")).to_be_visible()
    finally:
        plain.close()
    student = launch(page, demo, ANA, link)
    expect(student.locator(".mark-shown")).to_contain_text("81")
    expect(student.locator(".mark-shown .feedback strong")).to_have_text("Bold")


@pytest.mark.parametrize(("width", "height"), [(883, 577), (320, 640)], ids=["frame", "phone"])
def test_every_state_is_accessible(
    playwright: Playwright, demo: Demo, link: int, pdf: Path, width: int, height: int, tmp_path: Path
) -> None:
    with private_window(playwright, width=width, height=height, flags=PRETENDED) as context:
        page = context.new_page()

        def look(name: str) -> None:
            page.screenshot(path=tmp_path.parent / f"{name}-{width}.png")
            assert_accessible(page)

        page.goto(f"{demo.lms}/open/{link}/{TEACHER}?window=new")
        page.wait_for_url(f"{demo.tool}/l/**")
        page.get_by_role("link", name="Mark Ana").click()
        page.locator("[data-feedback][data-ready]").wait_for()
        page.get_by_role("textbox", name="Feedback").click()
        page.keyboard.press("Control+b")
        page.keyboard.type("Well told.")
        page.keyboard.press("Enter")
        page.keyboard.press("Control+Shift+8")
        page.keyboard.type("calm")
        look("editor")
        page.keyboard.press("Control+k")
        page.get_by_role("button", name="Set link").click()
        look("link")
        page.keyboard.press("Escape")
        page.locator("[data-files-input]").set_input_files(pdf)
        expect(page.locator("[data-file]")).to_have_count(1, timeout=ARRIVES_WITHIN)
        page.get_by_role("button", name="Record a word").click()
        expect(page.locator("[data-word-part=heard]")).to_have_text("We heard you.")
        page.get_by_role("button", name="Start recording").scroll_into_view_if_needed()
        look("word-check")
        page.get_by_role("button", name="Start recording").click()
        expect(page.locator("[data-word-part=time]")).to_have_text(re.compile("0:0[1-9]"))
        look("word-recording")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_label("Your recording")).to_be_visible()
        look("word-review")
        page.get_by_role("button", name="Attach it").click()
        page.get_by_role("button", name="Listen").click(timeout=ARRIVES_WITHIN)
        expect(page.locator(".file audio")).to_be_visible()
        page.get_by_role("button", name=f"Remove {pdf.name}").scroll_into_view_if_needed()
        look("files")
        page.get_by_role("button", name=f"Remove {pdf.name}").click()
        look("remove")
        page.keyboard.press("Escape")
        page.get_by_role("spinbutton", name="Points", exact=True).fill("80")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("Saved the mark")).to_be_visible()
        page.goto(f"{demo.lms}/open/{link}/{ANA}?window=new")
        page.wait_for_url(f"{demo.tool}/l/**")
        page.get_by_role("button", name="Listen").click()
        page.locator(".file audio").scroll_into_view_if_needed()
        look("student")
