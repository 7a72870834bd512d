"""What a browser does on a page without scripts, for steps before the one that a test is about: follow, fill, press."""

from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener


class _Forms(HTMLParser):
    """The forms of a page, with what their fields hold. All are posted."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str]]]] = []  # where each goes, and its fields
        self._text: str | None = None  # name of the text area or list that is open
        self._held: str | None = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        name, value = has.get("name") or "", has.get("value") or ""
        if tag == "form":
            self.found.append((has.get("action") or "", []))
        elif tag in ("textarea", "select"):
            self._text, self._held = name, "" if tag == "textarea" else None
        elif tag == "option" and self._text and ("selected" in has or self._held is None):
            self._held = value
        elif tag == "input" and self.found and name and "disabled" not in has:
            choice = has.get("type") in ("checkbox", "radio")
            if has.get("type") not in ("submit", "button", "file") and (not choice or "checked" in has):
                self.found[-1][1].append((name, (value or "on") if choice else value))

    def handle_data(self, data: str) -> None:
        if self._text and self.lasttag == "textarea":
            self._held = (self._held or "") + data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select") and self._text and self.found:
            self.found[-1][1].append((self._text, self._held or ""))
            self._text = None


class Visit:
    """Somebody's launch of an activity. `address` and `page` are where it has come to; HTTPError where it cannot go."""

    def __init__(self, lms: str, link: int, person: str) -> None:
        # Secure cookies go to http://localhost, as browsers have it; requests would keep them back.
        jar = CookieJar(DefaultCookiePolicy(secure_protocols=("https", "http")))
        self._opener = build_opener(HTTPCookieProcessor(jar))
        self._go(Request(f"{lms}/open/{link}/{person}"))
        self.press()  # the login's beginning, which leads to the LMS's answer
        self.press()  # the answer, which leads to the tool's page

    def press(self, button: str = "", **changes: str) -> None:
        """Send the page's form, or that which has these words on its button, with some fields changed."""
        part = self.page
        if button:
            before = part[: part.index(f">{button}</button>")]
            part = before[before.rindex("<form") :]
        parser = _Forms()
        parser.feed(part)
        action, fields = parser.found[0]
        to = urljoin(self.address, action) if action else self.address
        fields = [(name, value) for name, value in fields if name not in changes] + list(changes.items())
        self._go(Request(to, urlencode(fields).encode(), {"Referer": self.address}))

    def _go(self, request: Request) -> None:
        with self._opener.open(request, timeout=30) as answer:
            self.address, self.page = answer.url, answer.read().decode()


def set_up(lms: str, link: int, teacher: str, **changes: str) -> None:
    """Press Save on what is offered for a new activity, with some fields changed."""
    visit = Visit(lms, link, teacher)
    visit.press("Save", **changes)
    assert "Students can now hand in" in visit.page, visit.page
