"""Lists in pages: every `Link` header that RFC 8288 allows and platforms send; to the end, never to another site."""

from itertools import islice

import pytest

from lti_tool import paging
from lti_tool.errors import PlatformRefused
from lti_tool.paging import next_page
from tests.lti_tool.platform_double import PlatformDouble

LIST = "https://moodle.example/list?type_id=1"
TWO = "https://moodle.example/list?type_id=1&from=2"


def curly(*pages: tuple[str, str]) -> str:
    """As Moodle 4.5 sends it with line items (recorded), and as requests reads it."""
    return ", ".join(f"<{url}>; rel=“{rel}”" for url, rel in pages).encode().decode("latin-1")


@pytest.mark.parametrize(
    "header",
    [
        f'<{TWO}>; rel="next"',
        f'<{TWO}>; rel = "next"',
        f"<{TWO}>;rel=next",
        f"<{TWO}>\t;\trel\t=\tnext",
        f'<{TWO}>; rel="last next"',
        f'<{TWO}>; rel="  next   last "',
        f'<{TWO}>; REL="Next"',
        f"<{TWO}>; rel='next'",
        f"<{TWO}>; rel=“next”",
        f"<{TWO}>; rel=“last next”",
        curly((LIST, "first"), (LIST, "canonical"), (TWO.replace("&", "&amp;"), "next"), (TWO, "last")),
        f'<{LIST}>; rel="prev"; title="a, <{LIST}&b=3>; rel=next", <{TWO}>; title="c, d"; rel="next"',
        f'<{LIST}>; rel="first", <{TWO}>; rel="next", <{LIST}&from=9>; rel="last"',
        f'<{LIST}>; title="it says \\"next\\""; rel=first, <{TWO}>; rel=next',
        f"<{LIST}>, <{TWO}>; rel=next",
        f"<{TWO}>; title*=UTF-8''Seite%202; rel=next",
        f'<{TWO}>; crossorigin; rel="next";',
        f'<{TWO}>; rel="next"; rel="prev"',
        f'nonsense, <{TWO}>; rel="next"',
        f'<{LIST}&from=9>; rel="next"; anchor="/other", <{TWO}>; rel="next"',
        f'<{TWO}>; rel="next"; anchor="{LIST}"',
        f'<{TWO}#row7>; rel="next"',
        '</list?type_id=1&from=2>; rel="next"',
        '<?type_id=1&from=2>; rel="next"',
        '<list?type_id=1&from=2>; rel="next"',
        '<//moodle.example/list?type_id=1&from=2>; rel="next"',
    ],
)
def test_next_is_found(header: str) -> None:
    assert next_page(LIST, header) == TWO


@pytest.mark.parametrize(
    "address",
    [
        "https://moodle.example/list?From=2&Page=aBc",  # case counts
        "https://moodle.example/list?ids=1,2,3",
        "https://moodle.example/list;v=1?from=2",
        "https://moodle.example/list?from=2&region=1&copy=2",  # HTML would read ® and ©
        "https://moodle.example:443/list?from=2",
        "https://Moodle.example/list?from=2",
    ],
)
def test_address_is_taken_as_it_is(address: str) -> None:
    assert next_page(LIST, f'<{address}>; rel="next"') == address


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"<{TWO}>",
        f'<{TWO}>; rel="prev"',
        f'<{TWO}>; rel="nextpage"; title="next"',
        f'<{TWO}>; rev="next"',
        f'<{TWO}>; rel="first"; title="a, <{TWO}>; rel=next"',
        f'<{TWO}>; rel="next"; anchor="https://[oops"',
        f'<{TWO}; rel="next"',
    ],
)
def test_no_next(header: str | None) -> None:
    assert next_page(LIST, header) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/list?from=2",
        "//evil.example/list?from=2",
        "http://moodle.example/list?from=2",
        "https://moodle.example:8443/list?from=2",
        "https://moodle.example.evil.example/",
        "https://moodle.example@evil.example/list",
        "https://name:password@moodle.example/list",  # would be sent in place of the token
        "https://[oops",
        "https://moodle.example:port/list",
        "javascript:alert(1)",
    ],
)
def test_token_does_not_leave_the_site(address: str) -> None:
    with pytest.raises(PlatformRefused, match="another site"):
        next_page(LIST, f'<{address}>; rel="next"')


class TestPages:
    @pytest.fixture(autouse=True)
    def token(self, platform: PlatformDouble) -> None:
        platform.answers.post(platform.token_url, json={"access_token": "t", "expires_in": 3600})

    @staticmethod
    def page(platform: PlatformDouble, url: str, told: str, following: str = "") -> None:
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        platform.answers.get(url, json=[told], headers=headers)

    @staticmethod
    def read(platform: PlatformDouble) -> list[str]:
        found = paging.pages(platform.row, LIST, scopes=["s"], accept="application/json")
        return [told for answer in islice(found, 10) for told in answer.json]

    def test_all_are_read_in_their_order(self, platform: PlatformDouble) -> None:
        self.page(platform, LIST, "one", f"{LIST}&from=1")
        self.page(platform, f"{LIST}&from=1", "two", "?type_id=1&from=2")
        self.page(platform, f"{LIST}&from=2", "three")

        assert self.read(platform) == ["one", "two", "three"]

    def test_link_to_itself_is_the_end(self, platform: PlatformDouble) -> None:
        self.page(platform, LIST, "one", TWO)
        self.page(platform, TWO, "two", TWO)

        assert self.read(platform) == ["one", "two"]

    def test_circle_is_told(self, platform: PlatformDouble) -> None:
        self.page(platform, LIST, "one", TWO)
        self.page(platform, TWO, "two", LIST)

        with pytest.raises(PlatformRefused, match="circle"):
            self.read(platform)

    def test_too_many_are_told(self, platform: PlatformDouble, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(paging, "MOST_PAGES", 2)
        self.page(platform, LIST, "one", TWO)
        self.page(platform, TWO, "two", f"{LIST}&from=3")

        with pytest.raises(PlatformRefused, match="more than 2 pages"):
            self.read(platform)
