"""Lists that come in pages: a `Link` header names the next (RFC 8288; NRPS 2.0, 2.4.2; AGS 2.0, 3.2.4 and 3.3.4)."""

from collections.abc import Iterable, Iterator
from urllib.parse import urljoin, urlsplit

import structlog
from weblinking import Link, parse

from lti_tool.errors import PlatformRefused
from lti_tool.models import Platform
from lti_tool.platform import Answer, call_service

log = structlog.get_logger(__name__)

MOST_PAGES = 1000  # Canvas has 50 people on each
_PORTS = {"https": 443, "http": 80}
_QUOTES = "'\"“”‘’"


def pages(platform: Platform, url: str, *, scopes: Iterable[str], accept: str) -> Iterator[Answer]:
    """Every page of a list, as it comes, to the end: a page without a next one, or with itself as the next.

    Raises:
        PlatformUnavailable, PlatformRefused: as `call_service`; also where the next page is on another site, or an
            earlier one again, or there are more than MOST_PAGES. What came before is then a part of the list.
    """
    following: str | None = url
    seen = set[str]()
    while following is not None:
        url = following
        seen.add(url)
        answer = call_service(platform, "GET", url, scopes=scopes, accept=accept)
        yield answer
        following = next_page(url, answer.headers.get("Link"))
        if following == url:
            return
        if following in seen:
            raise PlatformRefused("Moodle's list goes in a circle: its next page is one that was read already.")
        if following is not None and len(seen) >= MOST_PAGES:
            raise PlatformRefused(f"Moodle's list has more than {MOST_PAGES} pages.")


def next_page(url: str, header: str | None) -> str | None:
    """The absolute address of the page after `url`, by the `Link` header that came with it; None at the end.

    The access token goes along, so the address must be on the same site.

    Raises:
        PlatformRefused: it is on another site, or is no address.
    """
    found = next((link.uri for link in parse(_decoded(header or "")) if _is_next(link, url)), None)
    if found is None:
        return None
    try:
        # Moodle's line items escape it as for HTML. Only `&amp;`: `&region=1` would become `®ion=1` by HTML's rules.
        following = urljoin(url, found.strip().replace("&amp;", "&"))
        same_site = _site(following) == _site(url)
    except ValueError:
        same_site = False
    if not same_site:
        log.warning("next_page_refused", host=urlsplit(url).hostname)
        raise PlatformRefused("Moodle's next page of a list is on another site, where this tool does not follow.")
    return following.partition("#")[0]


def _is_next(link: Link, url: str) -> bool:
    # Moodle's line items have curly quotes, which are no quotes to RFC 8288 but part of the word.
    relations = (link.rel or "").strip(_QUOTES).lower().split()
    about = link.anchor  # another page's next is not this one's (RFC 8288, 3.2)
    return "next" in relations and (about is None or _joined(url, about) == url)


def _joined(url: str, reference: str) -> str:
    try:
        return urljoin(url, reference)
    except ValueError:
        return ""


def _decoded(header: str) -> str:
    """HTTP headers are read as Latin-1; what is valid UTF-8 was meant so."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _site(url: str) -> tuple[str, str | None, int | None, str | None]:
    """What has to be equal before a token may go there. Names and passwords in an address would replace the token.

    Raises:
        ValueError: the port is no number, or the host no address.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.username
