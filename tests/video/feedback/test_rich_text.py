"""Feedback: what a marker wrote, and nothing that a page could run; nothing of their words is lost either."""

import html
import json
import time
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.video.visitor import Visitor
from video.feedback import rich_text
from video.feedback.rich_text import clean, from_plain, plain, typed
from video.models import Grade, Submission

SAMPLES: dict[str, str] = json.loads((Path(__file__).parent / "rich_samples.json").read_text())
PIECES = [
    *(f"<{tag}>" for tag in sorted(rich_text.TAGS)),
    *(f"</{tag}>" for tag in sorted(rich_text.TAGS)),
    *("<div>", "<table><tr><td>", "</table>", "<b>", "<svg>", "<math><mi>", "<style>", "</style>", "<!--", "-->"),
    *('<a href="https://example.org/?a=1&b=2">', '<a href="javascript:alert(1)">', '<a href="data:text/html,x">'),
    *("<script>", "</script>", "<img src=x onerror=alert(1)>", "&lt;", "&amp;lt;", "&#0;", "\x00", "<", ">", "&", '"'),
    *('<ol start="3">', "<ol start=x>", "words", " and ", "\n", "\n\n", "a<b", "]]>", "<![CDATA[", "é🎬", "\u2028"),
]
ALLOWED = {("a", "href"), ("a", "target"), ("a", "rel"), ("ol", "start")}
steady = settings(derandomize=True, deadline=None, database=None, max_examples=400)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_what_the_editor_makes_stays_as_it_is(sample: str) -> None:
    """frontend/tests/feedback/feedback.test.ts has the editor make these very samples."""
    assert clean(sample) == sample


def test_samples_hold_everything_that_is_allowed() -> None:
    assert {tag for tag in rich_text.TAGS if f"<{tag}" not in "".join(SAMPLES.values())} == set()


@pytest.mark.parametrize(
    ("given_", "cleaned"),
    [
        ("", ""),
        ("<p> </p><p><br></p>", ""),
        ("\x00", ""),
        ("<p>\x00a\ud800b</p>", "<p>ab</p>"),
        ("a<b", "<p>a&lt;b</p>"),
        ("if a<b and b>c", "<p>if a&lt;b and b&gt;c</p>"),
        ("5 > 3 & 3 < 5", "<p>5 &gt; 3 &amp; 3 &lt; 5</p>"),
        ("Hi.\r\n\r\nThere\nnow", "<p>Hi.</p><p>There<br>now</p>"),
        ("<p><strong>Good", "<p><strong>Good</strong></p>"),
        ("<p>a</p>tail", "<p>a</p><p>tail</p>"),
        ("lost <em>in</em> space", "<p>lost <em>in</em> space</p>"),
        ("<p onclick='x()' style='color:red' class=c>a</p>", "<p>a</p>"),
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ("<script>alert(1)</script>hello", "<p>hello</p>"),
        ("<p><a href='JaVaScRiPt:alert(1)'>a</a></p>", "<p>a</p>"),
        ("<p><a href=' java\nscript:alert(1)'>a</a></p>", "<p>a</p>"),
        ("<p><a href='&#106;avascript:alert(1)'>a</a></p>", "<p>a</p>"),
        ("<p><a href='data:text/html,x'>a</a></p>", "<p>a</p>"),
        ("<p><a href='//evil.example'>a</a> <a href='/l/1/'>b</a> <a href='#x'>c</a></p>", "<p>a b c</p>"),
        ("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("<p>a<img src=x onerror=alert(1)>b</p>", "<p>ab</p>"),
        ("<p>b<svg><a xlink:href='javascript:x'>a</a></svg></p>", "<p>b</p>"),
        ("<ol start='3'><li>a</li></ol>", '<ol start="3"><li>a</li></ol>'),
        ("<ol start='3;x'><li>a</li></ol>", "<ol><li>a</li></ol>"),
        ("<ul><li>a</ul>", "<ul><li>a</li></ul>"),
    ],
)
def test_clean(given_: str, cleaned: str) -> None:
    assert clean(given_) == cleaned


def test_links_open_beside_the_page_and_tell_nothing() -> None:
    cleaned = clean('<p><a href="https://example.org/?a=1&b=2" onclick="x()">a</a></p>')

    assert 'href="https://example.org/?a=1&amp;b=2"' in cleaned
    assert 'target="_blank" rel="noopener noreferrer nofollow"' in cleaned
    assert "onclick" not in cleaned


@pytest.mark.parametrize(
    "bomb", ["<blockquote>", "<ul><li>", "<p><a href=https://x.y>", "<p><strong>", "<p>", "<a ", "<", "&lt;", "<b><p>"]
)
def test_bombs_end_in_little(bomb: str) -> None:
    """50,000 characters are what `marks` lets through; a page with thousands of levels would stop a browser."""
    long = bomb * (50_000 // len(bomb))
    began = time.process_time()
    cleaned = clean(f"{long}deep")
    assert time.process_time() - began < 20, "a bound on what never ends, not a measure"
    assert "deep" in plain(cleaned)
    depth = deepest = 0
    for piece in cleaned.split("<")[1:]:
        depth += -1 if piece.startswith("/") else 0 if piece.startswith("br") else 1
        deepest = max(deepest, depth)
    assert deepest <= rich_text.DEEPEST + 1


@pytest.mark.parametrize("tag", ['<strong id="{}">', "<STRONG\tid={}>", "<strong/id={}>", '<strong id="<{}">'])
def test_formatting_that_is_left_open_is_opened_again_three_times_at_most(tag: str) -> None:
    """Whatever its attributes: all of it, in each paragraph, would be as many elements as one has squared."""
    left_open = "".join(tag.format(number) for number in range(6))
    last = clean(f"<p>{left_open}a<p>b").rpartition("<p>")[2]

    assert last.count("<strong>") == 3
    assert last.endswith("b</strong></strong></strong></p>")


def test_what_grows_too_long_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    html = "<p><em><s>a" + "<p>b" * 9
    assert len(clean(html)) > 100 > len(html)
    monkeypatch.setattr(rich_text, "_put_in_order", lambda html: pytest.fail("this would take its time"))
    for of in ({"text": html, "shown": ""}, {"text": "a", "shown": html}):
        with pytest.raises(rich_text.TooLong):
            typed(**of, longest=100)


@steady
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60))
def test_clean_is_idempotent_and_all_of_it_is_allowed(drawn: str) -> None:
    once = clean(drawn)

    assert clean(once) == once
    assert plain(clean(once)) == plain(once)
    read = Read()
    read.feed(once)
    assert {tag for tag, _, _ in read.found} <= rich_text.TAGS
    assert {(tag, name) for tag, name, _ in read.found if name} <= ALLOWED
    assert all(value.startswith("https://example.org/") for _, name, value in read.found if name == "href")


class Read(HTMLParser):
    """Every tag, attribute and value in it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, "", ""), *((tag, name, value or "") for name, value in attrs)]


@steady
@given(st.text(max_size=200))
def test_plain_text_keeps_its_words(drawn: str) -> None:
    words = drawn.replace("\x00", "").split()

    assert plain(from_plain(drawn)).split() == words
    assert clean(from_plain(drawn)) == from_plain(drawn)


@pytest.mark.parametrize(
    ("of", "lines"),
    [
        ("<p>a<br>b</p><p>c</p>", "a\nb\n\nc"),
        ("<ul><li><p>a</p></li><li><p>b</p></li></ul><p>c</p>", "- a\n- b\n\nc"),
        ('<ol start="3"><li><p>c</p><ul><li><p>x</p></li></ul></li><li><p>d</p></li></ol>', "3. c\n  - x\n4. d"),
        ('<p>See <a href="https://example.org/a">this</a>.</p>', "See this (https://example.org/a)."),
        ('<p><a href="mailto:a@b.example">a@b.example</a></p>', "a@b.example"),
        ("<h3>Sound</h3><p>Fine &amp; clear &lt;3</p>", "Sound\n\nFine & clear <3"),
        ("<blockquote><p>said</p></blockquote>", "said"),
        ("", ""),
    ],
)
def test_plain(of: str, lines: str) -> None:
    assert plain(of) == lines


class TestWithoutAScript:
    """A page without scripts shows the words alone; saving them as they were must not strip them."""

    RICH = "<p>Well <strong>told</strong>.</p><ul><li><p>calm</p></li></ul>"

    def test_words_as_shown_keep_their_formatting(self) -> None:
        assert typed("Well told.\r\n\r\n- calm", shown=self.RICH) == self.RICH

    def test_other_words_replace_them(self) -> None:
        assert typed("Well told.\n\n- calm and slow", shown=self.RICH) == "<p>Well told.</p><p>- calm and slow</p>"

    def test_emptied_is_empty(self) -> None:
        assert typed("", shown=self.RICH) == ""

    def test_what_was_shown_is_no_way_around_the_list(self) -> None:
        assert typed("a", shown="<p>a<script>alert(1)</script></p>") == "<p>a</p>"


class TestInTheRoom:
    @pytest.fixture
    def submission(self, teacher: Visitor, handed_in: Submission) -> Submission:
        teacher.post(f"submissions/{handed_in.pk}/", {"points": "5", "feedback": TestWithoutAScript.RICH})
        return handed_in

    def test_form_without_a_script_shows_words_and_keeps_formatting(
        self, teacher: Visitor, submission: Submission
    ) -> None:
        page = teacher.text(f"submissions/{submission.pk}/")
        assert "Well told.\n\n- calm</textarea>" in page
        sent = {"points": "6", "feedback": "Well told.\r\n\r\n- calm", "feedback_was": TestWithoutAScript.RICH}
        assert teacher.post(f"submissions/{submission.pk}/", {**sent, "version": "1"}).status_code == 302

        grade = Grade.objects.get()
        assert (grade.points, grade.feedback) == (Decimal(6), TestWithoutAScript.RICH)

    def test_a_mistake_elsewhere_loses_neither_words_nor_formatting(
        self, teacher: Visitor, submission: Submission
    ) -> None:
        wrong = {"points": "many", "feedback": "Well told.\n\n- calm", "feedback_was": TestWithoutAScript.RICH}
        page = teacher.post(f"submissions/{submission.pk}/", {**wrong, "version": "1"}).content.decode()

        assert "Well told.\n\n- calm</textarea>" in page
        assert f'name="feedback_was" value="{html.escape(TestWithoutAScript.RICH)}"' in page

    @pytest.mark.parametrize("feedback", ["\ud800", "<p>\ud800\x00</p>", 5, ["<p>x</p>"], {"a": 1}, None])
    def test_hostile_values_are_no_fault_of_ours(
        self, teacher: Visitor, submission: Submission, feedback: object
    ) -> None:
        attempt = submission.attempts.get()
        body = {"points": "5", "feedback": feedback, "private_note": "\ud800\x00", "version": 1}

        assert teacher.send(f"attempts/{attempt.pk}/mark/", body).status_code == 200

    @pytest.mark.parametrize("feedback", ["&" * 20_000, "<p><em><s>a" + "<p>b" * 4_000])
    def test_more_than_fits_is_told(self, teacher: Visitor, submission: Submission, feedback: str) -> None:
        """Also what grows by being written as HTML: it could not be saved again from the editor."""
        attempt = submission.attempts.get()
        answer = teacher.send(f"attempts/{attempt.pk}/mark/", {"feedback": feedback, "version": 1})

        assert answer.status_code == 422
        assert "at most 50,000" in json.loads(answer.content)["fields"]["feedback"][0]
