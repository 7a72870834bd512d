"""Access tokens for the services: client credentials with a signed assertion (IMS Security 1.0, 4.1)."""

import secrets
import threading
import time
from typing import Any

import jwt
import requests
from flask import Blueprint, Response, g, jsonify, request

from demo.lms import tools
from demo.lms.site import site
from demo.lms.tools import Tool

TOKEN_SECONDS = 3600
_LONGEST = 3600
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_tool_keys: dict[tuple[str, str], Any] = {}  # by key set address and key id
_lock = threading.Lock()
pages = Blueprint("tokens", __name__)


class Refused(Exception):
    """An OAuth error code and why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


@pages.post("/token")
def give_token() -> tuple[Response, int]:
    form = request.form
    try:
        if form.get("grant_type") != "client_credentials":
            raise Refused("unsupported_grant_type", "grant_type must be client_credentials")
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise Refused("invalid_request", "wrong client_assertion_type")
        tool = _check_assertion(form.get("client_assertion", ""))
        granted = sorted(set(form.get("scope", "").split()) & set(tool.scopes))
        if not granted:
            raise Refused("invalid_scope", "none of these scopes is granted to this tool")
    except Refused as refused:
        return jsonify(error=refused.code, error_description=str(refused)), 400
    value = secrets.token_urlsafe(24)
    ends = time.time() + TOKEN_SECONDS
    sql = "INSERT INTO token (value, scopes, ends, client_id) VALUES (?, ?, ?, ?)"
    site().store.write(sql, value, " ".join(granted), ends, tool.client_id)
    answer = {
        "access_token": value,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": " ".join(granted),
    }
    return jsonify(answer), 200


def check_token(scopes: set[str]) -> int:
    """200 when the bearer token holds one of `scopes`, 401 when it is none of ours, 403 when it is for other things.

    The tool it was given to is then `g.tool`: Moodle's addresses name a tool (`type_id`), and open to that one alone.
    """
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    token = site().store.row("SELECT * FROM token WHERE value = ? AND ends > ?", value, time.time())
    tool = tools.active(token["client_id"]) if token else None
    if kind.lower() != "bearer" or token is None or tool is None:
        return 401
    if request.args.get("type_id", str(tool.id)) != str(tool.id):
        return 403
    g.tool = tool
    return 200 if scopes & set(token["scopes"].split()) else 403


def _check_assertion(assertion: str) -> Tool:
    """The tool that signed it."""
    tool = tools.active(_claimed_client(assertion))
    if tool is None:
        raise Refused("invalid_client", "no such client (iss)")
    try:
        claims = jwt.decode(
            assertion,
            tool_key(tool, assertion),
            algorithms=["RS256"],
            audience=site().token_url,
            issuer=tool.client_id,
            options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
        )
    except jwt.PyJWTError as error:
        raise Refused("invalid_client", f"the assertion is not valid: {error}") from error
    if claims["sub"] != tool.client_id:
        raise Refused("invalid_client", "sub must be the client id")
    if lives_long(claims):
        raise Refused("invalid_client", "the assertion lives too long")
    if not first_use(str(claims["jti"])):
        raise Refused("invalid_client", "the assertion was used before (jti)")
    return tool


def lives_long(claims: dict[str, Any]) -> bool:
    return int(claims["exp"]) - int(claims["iat"]) > _LONGEST


def first_use(unique: str) -> bool:
    """True the first time this is asked."""
    return bool(site().store.write("INSERT OR IGNORE INTO jti VALUES (?)", unique))


def tool_key(tool: Tool, signed: str) -> Any:
    """The tool's key that `signed` names; its key set is fetched once, and again for an unknown id.

    Raises:
        Refused: no such key.
        jwt.PyJWTError: `signed` is not a JWT.
    """
    wanted = (tool.jwks_url, str(jwt.get_unverified_header(signed).get("kid", "")))
    with _lock:
        if wanted not in _tool_keys:
            try:
                keys = requests.get(tool.jwks_url, timeout=10).json()["keys"]
                _tool_keys.update({(tool.jwks_url, key["kid"]): jwt.PyJWK(key).key for key in keys})
            except (requests.RequestException, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
                raise Refused("invalid_client", "the tool's key set cannot be read") from error
        if wanted not in _tool_keys:
            raise Refused("invalid_client", "no such key (kid) in the tool's key set")
        return _tool_keys[wanted]


def _claimed_client(assertion: str) -> str:
    """Who an assertion says it is from: nothing is believed before its signature is checked."""
    try:
        return str(jwt.decode(assertion, options={"verify_signature": False}).get("iss"))
    except jwt.PyJWTError:
        return ""
