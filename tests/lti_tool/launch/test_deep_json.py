"""A platform that answers with JSON nested without end is told of in words, whatever was asked of it."""

import pytest
import responses

from config.json_text import MOST_NESTED
from lti_tool import platform as http
from lti_tool.errors import PlatformRefused, PlatformUnavailable
from tests.lti_tool.platform_double import PlatformDouble

DEPTHS = (MOST_NESTED + 2, 900, 100_000)  # what Python's own reader lets through, and what it does not


def nested(depth: int) -> bytes:
    return b'{"keys": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("depth", DEPTHS)
def test_any_answer(platform: PlatformDouble, answers: responses.RequestsMock, depth: int) -> None:
    url = platform.row.jwks_url
    answers.replace(responses.GET, url, body=nested(depth), content_type="application/json")

    for ask in (http.fetch_key_set, http.fetch_configuration):
        with pytest.raises(PlatformUnavailable, match="not JSON"):
            ask(url)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_answer_to_a_token_request(
    platform: PlatformDouble, answers: responses.RequestsMock, depth: int, status: int
) -> None:
    answers.add(responses.POST, platform.row.token_url, body=nested(depth), status=status)

    with pytest.raises((PlatformRefused, PlatformUnavailable)):
        http.access_token(platform.row, ["scope"], fresh=True)
