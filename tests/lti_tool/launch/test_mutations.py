"""Hundreds of random changes to good tokens, states and logins: never a fault of ours, never a session that is not due.

What may be let in is judged here from the posted bytes alone, by the specifications and with `cryptography`: nothing of
the tool's own reading is used. The judge is strict; where it says no, the tool must say no as well.
"""

import base64
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.db import transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from lti_tool import registered
from lti_tool.models import ContentSelection, Course, LaunchSession, Person, ResourceLink
from tests.lti_tool import nonsense
from tests.lti_tool.nonsense import Change, Slip
from tests.lti_tool.platform_double import CONTEXT_ROLE, DEEP_LINKING, LTI, Claims, PlatformDouble, reviewing, selecting

pytestmark = pytest.mark.property

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/"
ROLE_LISTS = {
    "student": [f"{CONTEXT_ROLE}Learner"],
    "assistant": [f"{CONTEXT_ROLE}Instructor", f"{VOCABULARY}membership/Instructor#TeachingAssistant"],
    "teacher": [f"{CONTEXT_ROLE}Instructor"],
    "admin": [f"{VOCABULARY}institution/person#Administrator", f"{VOCABULARY}system/person#User"],
}
NAMELESS: Claims = {"name": ..., "given_name": ..., "family_name": ...}
MESSAGES: dict[str, Claims] = {
    "link": {},
    "selection": selecting(data="op=1"),
    "review": reviewing("6"),
    "nameless": NAMELESS,
}
RANKS = ("student", "assistant", "teacher", "admin")
MADE = (LaunchSession, ContentSelection, Person, Course, ResourceLink)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


# Nothing is remembered between runs: `make test` draws the same examples every time.
steady = settings(derandomize=True, deadline=None, database=None)


@pytest.fixture
def other(platform: PlatformDouble) -> PlatformDouble:
    """A second platform with a key of its own; its login address already has a query."""
    double = PlatformDouble(platform.answers, host="canvas.example", client_id="tool-1")
    double.rotate()
    double.row.authorization_url = "https://canvas.example/auth?x=1"
    double.row.save()
    platform.row.authorization_url = "https://moodle.example/mod/lti/auth.php"
    platform.row.save()
    return double


# --- tokens -------------------------------------------------------------------------------------------------------
def test_changed_claims_let_in_nobody_whom_they_do_not_name(platform: PlatformDouble, other: PlatformDouble) -> None:
    seen: Counter[str] = Counter()

    @settings(steady, max_examples=300)
    @given(st.sampled_from(list(MESSAGES)), st.sampled_from(RANKS), nonsense.changes())
    def every(message: str, role: str, changes: list[Change]) -> None:
        def sign(claims: Claims) -> str:
            for change in changes:
                claims = change.apply(claims)
            return signed(claims, platform)

        with a_launch(platform, message, role) as launch:
            seen[launch.judge(launch.post(sign(launch.claims)), [platform, other])] += 1

    every()
    assert min(seen["let in"], seen["refused"]) > 30, seen


@pytest.mark.parametrize(
    "text",
    [
        "\ud800",
        "6\x00",
        "\"'><img src=x onerror=alert(1)>",
        "x@y" * 110,
        "x" * 2001,
        "https://[bad",
    ],
    ids=[
        "half a pair",
        "NUL",
        "a script",
        "330 characters of an address",
        "2001 letters",
        "half an address",
    ],
)
def test_no_text_of_a_launch_can_break_it(platform: PlatformDouble, other: PlatformDouble, text: str) -> None:
    for message in MESSAGES:
        for where, value in enumerate(nonsense.values_in(good(platform, message))):
            if isinstance(value, str):
                with a_launch(platform, message, "teacher") as launch:
                    claims = Change("replace", where, text).apply(launch.claims)
                    launch.judge(launch.post(signed(claims, platform)), [platform, other])


def test_launch_leads_to_this_tool_alone(platform: PlatformDouble, other: PlatformDouble) -> None:
    for text in nonsense.TEXTS:
        with a_launch(platform, "link", "student") as launch:
            token = signed({**launch.claims, f"{LTI}target_link_uri": text}, platform)
            launch.judge(launch.post(token), [platform, other])


@pytest.mark.parametrize(
    "numbers",
    [
        [
            0,
            -1,
            2**31,
            2**63,
            -(2**64),
            1e308,
            float("inf"),
            float("-inf"),
            float("nan"),
            True,
            [],
            {},
            "1",
            "soon",
            None,
        ],
        [10**400, -(10**400)],
    ],
    ids=["strange", "too large for a float"],
)
@pytest.mark.parametrize("claim", ["iat", "exp"])
def test_no_number_as_a_time_can_break_a_launch(
    platform: PlatformDouble, other: PlatformDouble, claim: str, numbers: list[Any]
) -> None:
    for number in numbers:
        with a_launch(platform, "link", "student") as launch:
            token = signed({**launch.claims, claim: number}, platform)
            assert launch.judge(launch.post(token), [platform, other]) == "refused", number


@pytest.mark.parametrize("claim", ["iat", "exp"])
def test_time_in_a_text_is_refused(platform: PlatformDouble, other: PlatformDouble, claim: str) -> None:
    with a_launch(platform, "link", "student") as launch:
        token = signed({**launch.claims, claim: str(launch.claims[claim])}, platform)
        assert launch.post(token).status_code == 400


def test_role_of_another_vocabulary_gives_nothing(platform: PlatformDouble, other: PlatformDouble) -> None:
    with a_launch(platform, "link", "student") as launch:
        token = signed({**launch.claims, f"{LTI}roles": [f"{VOCABULARY}system/person#x#Administrator"]}, platform)
        launch.judge(launch.post(token), [platform, other])


def test_roles_never_give_more_than_they_say(platform: PlatformDouble, other: PlatformDouble) -> None:
    spots = ["membership#", "membership#", "membership/Instructor#", "membership/Learner#", "membership/Administrator#"]
    spots += ["institution/person#", "system/person#", "membership/", "x#", ""]
    words = [
        "Learner",
        "Learner",
        "Instructor",
        "Instructor",
        "Administrator",
        "SysAdmin",
        "TeachingAssistant",
        "Grader",
    ]
    words += ["instructor", " Instructor", "Instructor#", "Administrator/x", "Student", "", "\x00"]
    roots = st.sampled_from([VOCABULARY] * 5 + ["", "https://evil.example/lis/v2/"])
    known = st.sampled_from(
        [role for roles in ROLE_LISTS.values() for role in roles] + [f"{VOCABULARY}system/person#SysAdmin"]
    )
    uris = known | st.tuples(roots, st.sampled_from(spots), st.sampled_from(words)).map("".join)
    lists = st.lists(uris, min_size=1, max_size=3)
    seen: Counter[str] = Counter()

    @settings(steady, max_examples=150)
    @given(lists, st.lists(nonsense.values(), max_size=1))
    def every(named: list[str], strange: list[Any]) -> None:
        with a_launch(platform, "link", "student") as launch:
            token = signed({**launch.claims, f"{LTI}roles": [*strange, *named]}, platform)
            launch.judge(launch.post(token), [platform, other])
            session = LaunchSession.objects.first()
            seen[session.role if session else "refused"] += 1

    every()
    assert all(seen[role] > 5 for role in RANKS), seen


def test_token_that_was_tampered_with_opens_nothing(platform: PlatformDouble, other: PlatformDouble) -> None:
    places = st.sampled_from(["header", "payload", "signature", "whole"])
    orders = st.permutations([0, 1, 2])
    between = st.sampled_from([".", ".", "..", "", " . ", "%2E"])

    @settings(steady, max_examples=150)
    @given(st.sampled_from(list(MESSAGES)), places, nonsense.slips(), orders, between, st.booleans())
    def every(message: str, place: str, slips: list[Slip], order: list[int], dot: str, only_slips: bool) -> None:
        with a_launch(platform, message, "teacher") as launch:
            parts = signed(launch.claims, platform).split(".")
            for slip in slips:
                at = ["header", "payload", "signature"].index(place) if place != "whole" else None
                parts = [slip.apply(part) if number == at else part for number, part in enumerate(parts)]
            token = ".".join(parts) if only_slips else dot.join(parts[number] for number in order)
            if place == "whole":
                for slip in slips:
                    token = slip.apply(token)
            launch.judge(launch.post(token), [platform, other])

    every()


def test_header_of_a_token_chooses_neither_key_nor_algorithm(platform: PlatformDouble, other: PlatformDouble) -> None:
    jwk = {"kty": "RSA", "kid": "K", "alg": "RS256", "n": "AQAB", "e": "AQAB"}
    named: dict[str, st.SearchStrategy[Any]] = {
        "alg": st.sampled_from(
            ["none", "None", "HS256", "RS384", "RS512", "PS256", "ES256", "rs256", "", None, 1, ["RS256"]]
        ),
        "kid": st.sampled_from(["other's", "../../dev/null", "' OR 1=1--", "", None, 7, ["K"], {}]) | nonsense.values(),
        "typ": nonsense.values(),
        "cty": nonsense.values(),
        "crit": st.sampled_from([["exp"], ["b64"], [], "b64", None]) | nonsense.values(),
        "b64": st.booleans() | nonsense.values(),
        "jku": st.just("https://evil.example/jwks") | nonsense.values(),
        "jwk": st.just(jwk) | nonsense.values(),
        "x5u": st.just("https://evil.example/cert") | nonsense.values(),
        "x5c": nonsense.values(),
        "zip": st.just("DEF") | nonsense.values(),
    }
    headers = st.lists(st.sampled_from(list(named)), min_size=1, max_size=2, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: named[name] for name in names})
    )
    keys: dict[str, Callable[[], rsa.RSAPrivateKey]] = {
        "platform's": lambda: platform.key,
        "other's": lambda: other.key,
        "stranger's": lambda: STRANGER,
    }
    seen: Counter[str] = Counter()

    @settings(steady, max_examples=150)
    @given(st.sampled_from(list(MESSAGES)), headers, st.sampled_from(["platform's", *keys]))
    def every(message: str, header: Claims, whose: str) -> None:
        header = {name: other.kid if value == "other's" else value for name, value in header.items()}
        with a_launch(platform, message, "teacher") as launch:
            token = signed(launch.claims, platform, header=header, key=keys[whose]())
            seen[launch.judge(launch.post(token), [platform, other])] += 1

    every()
    assert min(seen["let in"], seen["refused"]) > 10, seen


def test_key_of_another_platform_opens_nothing_here(platform: PlatformDouble, other: PlatformDouble) -> None:
    for changes in ({}, {"iss": other.issuer}, {"aud": other.row.client_id, "iss": other.issuer}):
        for kid in (platform.kid, other.kid):
            with a_launch(other, "link", "student") as first:
                first.post(signed(first.claims, other))  # so that both platforms' keys are known
            with a_launch(platform, "link", "teacher") as launch:
                token = signed({**launch.claims, **changes}, platform, header={"kid": kid}, key=other.key)
                assert launch.judge(launch.post(token), [platform]) == "refused"


def test_payload_that_is_no_plain_json_is_refused(platform: PlatformDouble, other: PlatformDouble) -> None:
    """Signed all the same. Two readers that differ about such bytes would be two truths about one token."""
    twice = f'{{"sub":"6","{LTI}roles":["Instructor"],'.encode()
    ways: dict[str, Callable[[bytes], bytes]] = {
        "a mark before it": lambda whole: b"\xef\xbb\xbf" + whole,
        "UTF-16": lambda whole: whole.decode().encode("utf-16"),
        "UTF-32": lambda whole: whole.decode().encode("utf-32-be"),
        "broken UTF-8": lambda whole: whole.replace(b"Ana", b"\xff\xfe", 1),
        "half a pair as UTF-8": lambda whole: whole.replace(b"Ana", b"\xed\xa0\x80", 1),
        "endless number": lambda whole: b'{"a":' + b"9" * 5000 + b"," + whole[1:],
        "endless exponent": lambda whole: whole.replace(b'"exp": ', b'"exp": 1e999, "e": ', 1),
        "too deep": lambda whole: b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"," + whole[1:],
        "two of each": lambda whole: twice + whole[1:],
        "more after it": lambda whole: whole + whole,
        "a comment": lambda whole: b"/* */" + whole,
        "nothing": lambda whole: b"",
        "cut": lambda whole: whole[:-1],
    }
    for way, change in ways.items():
        with a_launch(platform, "link", "student") as launch:
            token = signed(change(json.dumps(launch.claims).encode()), platform)
            outcome = launch.judge(launch.post(token), [platform, other])
            assert way == "two of each" or outcome == "refused", way


def test_state_that_was_tampered_with_opens_nothing(platform: PlatformDouble, other: PlatformDouble) -> None:
    whose = st.sampled_from(["own", "own", "own, of another login", "another platform's", "nobody's"])
    fields = st.sampled_from(["alone", "alone", "first", "last", "missing"])
    kinds = st.sampled_from(["application/x-www-form-urlencoded"] * 6 + [
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=nonsense",
        "multipart/form-data",
        "multipart/form-data; boundary=é",
        "application/json",
        "",
    ])  # fmt: skip
    seen: Counter[str] = Counter()

    @settings(steady, max_examples=120)
    @given(whose, st.none() | nonsense.slips(), fields, kinds, nonsense.texts())
    def every(from_whom: str, slips: list[Slip] | None, field: str, kind: str, text: str) -> None:
        with a_launch(platform, "link", "student") as launch:
            state = {
                "own": lambda: launch.asked["state"],
                "own, of another login": lambda: platform.login(launch.client)["state"],
                "another platform's": lambda: other.login(launch.client)["state"],
                "nobody's": lambda: text,
            }[from_whom]()
            for slip in slips or []:
                state = slip.apply(state)
            good = launch.asked["state"]
            states = {"alone": [state], "first": [state, good], "last": [good, state], "missing": []}[field]
            token = signed(launch.claims, platform)
            seen[launch.judge(launch.post(token, states=states, kind=kind), [platform, other])] += 1

    every()
    assert min(seen["let in"], seen["refused"]) > 5, seen


# --- logins -------------------------------------------------------------------------------------------------------
Param = tuple[str, str, str]  # how, which, text
PARAMS = ("iss", "client_id", "login_hint", "lti_message_hint", "target_link_uri", "lti_deployment_id")


def hints() -> st.SearchStrategy[str]:
    """Moodle's message hint with a strange `cmid`, and what is no JSON."""
    whole = st.builds(lambda cmid: nonsense.as_json({"cmid": cmid, "launchid": "l7"}).decode(), nonsense.values())
    raw = st.sampled_from(['{"cmid":' + "9" * 3900 + "}", '{"cmid":1', '{"cmid":NaN}', '"cmid"', "[1]"])
    return whole | whole | raw | nonsense.texts()


def login_changes() -> st.SearchStrategy[list[Param]]:
    ways = st.sampled_from(["drop", "twice", "before", "replace", "replace"])
    strange = st.tuples(ways, st.sampled_from(PARAMS), nonsense.texts() | st.text(max_size=4500))
    hinted = st.tuples(st.sampled_from(["replace", "twice"]), st.just("lti_message_hint"), hints())
    return st.lists(strange | hinted, min_size=1, max_size=3)


def test_changed_logins_lead_nowhere_else_and_their_refusals_offer_nothing_else(
    platform: PlatformDouble, other: PlatformDouble
) -> None:
    doubles, seen = {"moodle": platform, "other": other}, Counter[str]()
    plain = {again: shape(a_refusal(platform, other if again else platform)) for again in (False, True)}

    @settings(steady, max_examples=300)
    @given(st.sampled_from(list(doubles)), st.sampled_from(["get", "post"]), login_changes())
    def every(name: str, method: str, changes: list[Param]) -> None:
        double = doubles[name]
        pairs = login_of(double)
        for how, which, text in changes:
            at = [number for number, (param, _) in enumerate(pairs) if param == which]
            rest = [(param, value) for param, value in pairs if param != which]
            kept = [pairs[number] for number in at]
            pairs = (
                rest
                + {
                    "drop": [],
                    "twice": [*kept, (which, text)],
                    "before": [(which, text), *kept],
                    "replace": [(which, text)],
                }[how]
            )
        with transaction.atomic():
            seen[judge_login(double, method, pairs, plain)] += 1
            transaction.set_rollback(True)

    every()
    assert min(seen["begun"], seen["refused"], seen["offered again"]) > 30, seen


@pytest.mark.parametrize(
    "hints",
    [
        [
            json.dumps({"cmid": cmid})
            for cmid in (*nonsense.TEXTS, *nonsense.NUMBERS, [], [[1], 2], {"a": "<b>"}, True, None)
        ],
        [json.dumps({"cmid": "\ud800"})],
        ["[" * 3999, '{"cmid":' * 400],
    ],
    ids=["strange", "half a pair", "deep"],
)
def test_no_hint_can_break_a_login(platform: PlatformDouble, other: PlatformDouble, hints: list[str]) -> None:
    plain = {again: shape(a_refusal(platform, other if again else platform)) for again in (False, True)}
    for hint in hints:
        params = {**dict(login_of(platform)), "lti_message_hint": hint}
        judge_login(platform, "post", list(params.items()), plain)


@pytest.mark.parametrize("param", PARAMS)
def test_no_text_of_a_login_leads_elsewhere(platform: PlatformDouble, other: PlatformDouble, param: str) -> None:
    plain = {again: shape(a_refusal(platform, other if again else platform)) for again in (False, True)}
    for text in nonsense.TEXTS:
        for double in (platform, other):
            judge_login(double, "get", list({**dict(login_of(double)), param: text}.items()), plain)


def login_of(double: PlatformDouble) -> list[tuple[str, str]]:
    return [
        ("iss", double.issuer),
        ("client_id", double.row.client_id),
        ("login_hint", "6"),
        ("lti_message_hint", '{"cmid":3,"launchid":"ltilaunch1_7"}'),
        ("target_link_uri", "https://tool.example/lti/launch/"),
        ("lti_deployment_id", "1"),
    ]


def begin(client: Client, method: str, pairs: Sequence[tuple[str, str]]) -> Any:
    # "surrogatepass": half a surrogate pair goes out as bytes that are no UTF-8.
    query = urlencode(pairs, errors="surrogatepass")
    if method == "get":
        return client.get(f"/lti/login/?{query}", secure=True)
    return client.post("/lti/login/", query, content_type="application/x-www-form-urlencoded", secure=True)


def judge_login(double: PlatformDouble, method: str, pairs: list[tuple[str, str]], plain: dict[bool, list[Any]]) -> str:
    client = a_browser()
    response = begin(client, method, pairs)
    told = dict(as_received(pairs))  # the last of each name
    if response.status_code != 302:
        assert_plain_refusal(response)
        assert not response.cookies
        return "refused"

    # Only a login that names this platform and somebody, for a page of ours.
    assert told.get("iss") == double.issuer
    assert told.get("client_id") in (double.row.client_id, "", None)
    assert told.get("login_hint")
    target = told.get("target_link_uri", "")
    assert not target or target.startswith("https://tool.example/") or target == "https://tool.example"

    asked, expected = urlsplit(response["Location"]), urlsplit(double.row.authorization_url)
    assert asked[:3] == expected[:3], "the platform's own address and no other"
    query = parse_qs(asked.query, keep_blank_values=True)
    assert all(len(given) == 1 for given in query.values())
    assert query.pop("state") != query.pop("nonce")
    assert query == {
        **parse_qs(expected.query),
        "scope": ["openid"],
        "response_type": ["id_token"],
        "response_mode": ["form_post"],
        "prompt": ["none"],
        "client_id": [double.row.client_id],
        "redirect_uri": ["https://tool.example/lti/launch/"],
        "login_hint": [told["login_hint"]],
        **({"lti_message_hint": [told["lti_message_hint"]]} if told.get("lti_message_hint") else {}),
    }
    return judge_page_without_cookie(double, response["Location"], plain)


def judge_page_without_cookie(double: PlatformDouble, location: str, plain: dict[bool, list[Any]]) -> str:
    asked = parse_qs(urlsplit(location).query)
    client = a_browser()
    response = double.post(client, id_token=signed(double.claims(asked["nonce"][0]), double), state=asked["state"][0])
    assert response.status_code == 403
    assert_plain_refusal(response)
    links = hrefs(response)
    assert shape(response) == plain[bool(links)], "no element or attribute came from the login"
    if not links:
        return "begun"
    [again] = links
    parts = urlsplit(again)
    if not parts.scheme and not parts.netloc:
        assert parts.path == "/lti/login/"
        onward = urlsplit(a_browser().get(again, secure=True)["Location"])
        assert onward[:3] == urlsplit(double.row.authorization_url)[:3]
    else:
        assert parts[:3] == ("https", "moodle.example", "/mod/lti/launch.php")
        assert [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)] == ["id", "triggerview"]
    return "offered again"


def a_refusal(platform: PlatformDouble, double: PlatformDouble) -> Any:
    """The page of a launch without its cookie: with a link to begin again, or (Moodle without a course module) none."""
    params = {} if double is not platform else {"lti_message_hint": "{}"}
    asked = double.login(a_browser(), **params)
    return double.post(a_browser(), id_token=signed(double.claims(asked["nonce"]), double), state=asked["state"])


def as_received(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value.encode(errors="surrogatepass").decode(errors="replace")) for name, value in pairs]


# --- one launch, and the judge ------------------------------------------------------------------------------------
def good(platform: PlatformDouble, message: str, nonce: str = "", role: str = "teacher") -> Claims:
    """A launch that may come in, with every claim that the tool reads."""
    more = {
        "azp": platform.row.client_id,
        f"{LTI}custom": {"assignment": "01920000-0000-7000-8000-000000000000", "context_history": "7,8"},
        f"{LTI}tool_platform": {"product_family_code": "moodle", "version": "2024100700", "guid": "x"},
    }
    return platform.claims(nonce, roles=ROLE_LISTS[role], **more, **MESSAGES[message])


class Attempted:
    """A login that was begun well, the good claims for it, and what comes of posting something."""

    def __init__(self, platform: PlatformDouble, message: str, role: str) -> None:
        self.client = a_browser()
        self.asked = platform.login(self.client)
        self.claims = good(platform, message, self.asked["nonce"], role)
        self.fields: list[tuple[str, str]] = []

    def post(
        self, token: str, *, states: Sequence[str] | None = None, kind: str = "application/x-www-form-urlencoded"
    ) -> Any:
        self.fields = [("state", state) for state in ([self.asked["state"]] if states is None else states)]
        self.fields.append(("id_token", token))
        body = urlencode(self.fields, errors="surrogatepass")
        return self.client.generic("POST", "/lti/launch/", body, content_type=kind, secure=True)

    def judge(self, response: Any, doubles: Sequence[PlatformDouble]) -> str:
        """Assert the property of one answer; "let in" or "refused"."""
        if response.status_code != 302:
            assert_plain_refusal(response)
            assert "launch" not in response.cookies
            assert [model.objects.count() for model in MADE] == [0] * len(MADE)
            return "refused"
        told = dict(as_received(self.fields))
        assert told["state"] == self.asked["state"]
        signer = signer_of(told["id_token"], doubles)
        assert signer is not None, "signed by no platform"
        claims = json.loads(decoded(told["id_token"].split(".")[1]))
        assert why_not(claims, signer, self.asked["nonce"]) == []
        opened: list[LaunchSession | ContentSelection] = [*LaunchSession.objects.all()]
        opened.extend(ContentSelection.objects.all())
        [session] = opened
        assert response["Location"].startswith(session.path)
        assert response.cookies["launch"]["path"] == session.path
        assert session.person.platform_id == signer.row.pk
        assert session.person.sub == claims["sub"]
        assert session.course.platform_id == signer.row.pk
        assert RANKS.index(session.role) <= highest(claims[f"{LTI}roles"])
        self.look_around(session)
        return "let in"

    def look_around(self, session: LaunchSession | ContentSelection) -> None:
        """Whatever was let in is no fault of ours later either."""
        page = self.client.get(session.start, secure=True, follow=True)
        assert page.status_code in (200, 403, 404)
        assert "<script>alert(1)" not in page.content.decode()
        if isinstance(session, ContentSelection):
            assert self.client.post(f"{session.path}cancel/", secure=True).status_code == 200


@contextmanager
def a_launch(platform: PlatformDouble, message: str, role: str) -> Iterator[Attempted]:
    """Whatever it stores is gone after it."""
    registered.forget()
    with transaction.atomic():
        yield Attempted(platform, message, role)
        transaction.set_rollback(True)


def a_browser() -> Client:
    return Client(HTTP_HOST="tool.example", headers={"Accept": "text/html"})


def signed(
    claims: Claims | bytes,
    double: PlatformDouble,
    *,
    header: Claims | None = None,
    key: rsa.RSAPrivateKey | None = None,
) -> str:
    """RS256 whatever the header says; a header of None leaves the name out."""
    head = {"alg": "RS256", "typ": "JWT", "kid": double.kid, **(header or {})}
    payload = claims if isinstance(claims, bytes) else nonsense.as_json(claims)
    head = {name: value for name, value in head.items() if value is not None}
    text = f"{encoded(nonsense.as_json(head))}.{encoded(payload)}"
    signature = (key or double.key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{encoded(signature)}"


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    """As leniently as can be: what is no base64 is passed over."""
    letters = re.sub(r"[^A-Za-z0-9_-]", "", part)
    return base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))


def signer_of(token: str, doubles: Sequence[PlatformDouble]) -> PlatformDouble | None:
    """Whose key made this token's signature, if its header asks for just that and nothing unknown is critical."""
    if token.count(".") != 2:
        return None
    text, _, signature = token.rpartition(".")
    for double in doubles:
        try:
            double.key.public_key().verify(decoded(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            continue
        header = json.loads(decoded(text.partition(".")[0]))
        fits = header.get("alg") == "RS256" and header.get("kid") == double.kid and "crit" not in header
        return double if fits else None
    return None


def why_not(claims: Any, double: PlatformDouble, nonce: str) -> list[str]:
    """What is wrong with these claims as a launch; nothing if they must be called good."""
    now = time.time()

    def dig(name: str) -> Any:
        return claims.get(f"{LTI}{name}")

    def an_id(value: Any) -> bool:
        return isinstance(value, str) and 0 < len(value) <= 255 and "\x00" not in value

    def moment(value: Any) -> bool:
        return type(value) in (int, float) and abs(value) < 2**53

    if not isinstance(claims, dict):
        return ["no object"]
    claims = {**claims, **{name: int(claims[name]) for name in ("iat", "exp") if is_digits(claims.get(name))}}
    audience = claims.get("aud")
    several = audience if isinstance(audience, list) else [audience]
    link, context, settings_ = dig("resource_link"), dig("context"), claims.get(DEEP_LINKING)
    selection = dig("message_type") == "LtiDeepLinkingRequest"
    rules = {
        "iss": claims.get("iss") == double.issuer,
        "aud": double.row.client_id in several,
        "azp": claims.get("azp") == double.row.client_id or (claims.get("azp") is None and len(several) == 1),
        "nonce": claims.get("nonce") == nonce,
        "iat": moment(claims.get("iat")) and now - 665 < claims["iat"] <= now + 61,
        "exp": moment(claims.get("exp")) and now - 65 < claims["exp"] < now + 86_465,
        "nbf": claims.get("nbf") is None or (moment(claims["nbf"]) and claims["nbf"] <= now + 61),
        "sub": an_id(claims.get("sub")),
        "deployment": dig("deployment_id") == "1",
        "version": dig("version") == "1.3.0",
        "message": dig("message_type")
        in ("LtiResourceLinkRequest", "LtiDeepLinkingRequest", "LtiSubmissionReviewRequest"),
        "target": isinstance(dig("target_link_uri"), str)
        and re.match(r"https://tool\.example([/?#]|$)", dig("target_link_uri")) is not None,
        "roles": isinstance(dig("roles"), list),
        # What is optional and of the wrong kind is as absent; of what is there, the id must be one.
        "context": not isinstance(context, dict) or not any(context.values()) or an_id(context.get("id")),
    }
    if selection:
        rules["settings"] = (
            isinstance(settings_, dict)
            and isinstance(settings_.get("deep_link_return_url"), str)
            and re.match(r"https?://[^/\[\]]+", settings_["deep_link_return_url"]) is not None
            and isinstance(settings_.get("accept_types"), list)
            and "ltiResourceLink" in settings_["accept_types"]
        )
        rules["course"] = isinstance(context, dict) and an_id(context.get("id"))
        rules["may choose"] = isinstance(dig("roles"), list) and highest(dig("roles")) >= RANKS.index("teacher")
    else:
        rules["link"] = isinstance(link, dict) and an_id(link.get("id"))
    if dig("message_type") == "LtiSubmissionReviewRequest":
        rules["for whom"] = isinstance(dig("for_user"), dict) and an_id(dig("for_user").get("user_id"))
    return [rule for rule, holds in rules.items() if not holds]


def is_digits(value: Any) -> bool:
    """Of a time: see `test_time_in_a_text_is_refused`."""
    return isinstance(value, str) and re.fullmatch(r"[0-9]{10}", value) is not None


def highest(roles: list[Any]) -> int:
    """The most that a list of roles can mean, as a place in RANKS; the least where a course says more and less."""
    # A sub-role is said after its core role: `…/membership/Instructor#Lecturer`.
    uri = re.compile(rf"{re.escape(VOCABULARY)}(membership|institution/person|system/person)(?:/(\w+))?(?:#(.*))?")
    assists = re.compile("Grader|TeachingAssistant(Group|Section|SectionAssociation|Offering|Template)?")
    texts = [role for role in roles if isinstance(role, str)]
    found = [found.groups() for text in texts if (found := uri.fullmatch(text))]
    of_course = [(core, name) for place, core, name in found if place == "membership"]
    core = {core or name for core, name in of_course} | {text for text in texts if re.fullmatch(r"\w+", text)}
    sub_roles = {name or "" for core, name in of_course if core}
    elsewhere = {name for place, _, name in found if place != "membership"}
    if "Administrator" in core:
        return 3
    if elsewhere & {"Administrator", "SysAdmin"} and (
        "Learner" not in core or core & {"Instructor", "TeachingAssistant"}
    ):
        return 3
    if "TeachingAssistant" in core or any(assists.fullmatch(name) for name in sub_roles):
        return 1
    return 2 if "Instructor" in core else 0


# --- pages --------------------------------------------------------------------------------------------------------
class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _elements(response: Any) -> _Elements:
    page = _Elements()
    page.feed(response.content.decode())
    return page


def shape(response: Any) -> list[Any]:
    """Every element with its attributes' names, in order."""
    return [(tag, sorted(attrs)) for tag, attrs in _elements(response).found]


def hrefs(response: Any) -> list[str]:
    return [attrs["href"] or "" for tag, attrs in _elements(response).found if tag == "a"]


def assert_plain_refusal(response: Any) -> None:
    """A page in words, for the person."""
    assert 400 <= response.status_code < 500
    assert response["Content-Type"].startswith("text/html")
    page = _elements(response)
    assert "What to do:" in page.text or "If that does not help:" in page.text
    assert not [attrs for _, attrs in page.found if any(name.startswith("on") for name in attrs)]
