"""Which addresses of others get into our Content-Security-Policy, and in what form."""

import pytest
from django.http import HttpResponse

from config.security import allow_form_to, allow_frames


def policy(address: str) -> dict[str, list[str]]:
    response = allow_form_to(allow_frames(HttpResponse(), [address]), address)
    replaced: dict[str, list[str]] = response._csp_replace  # type: ignore[attr-defined]
    return replaced


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://moodle.example/mod/lti/auth.php?a=1", "https://moodle.example"),
        ("https://Moodle.Example:8443", "https://moodle.example:8443"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("https://user:pass@moodle.example/", "https://moodle.example"),
        ("https://schüle.example/", "https://xn--schle-mva.example"),
        ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443"),
    ],
)
def test_origin_is_all_that_gets_in(address: str, origin: str) -> None:
    assert policy(address) == {"frame-ancestors": ["'self'", origin], "form-action": ["'self'", origin]}


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example;script-src 'unsafe-inline'/",
        "https://evil.example, *",
        "https://*",
        "https://[bad",
        "https://moodle.example:port/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//moodle.example/",
        "moodle.example",
        "",
    ],
)
def test_what_is_no_web_address_gets_nothing(address: str) -> None:
    assert policy(address) == {"frame-ancestors": ["'self'"], "form-action": ["'self'"]}
