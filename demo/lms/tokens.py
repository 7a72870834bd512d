"""Access tokens for the services: client credentials with a signed assertion (IMS Security 1.0, 4.1)."""

import secrets
import threading
import time
from typing import Any

import jwt
import requests
from flask import Blueprint, Response, jsonify, request

from demo.lms.oidc import site
from demo.lms.site import CLIENT_ID, SCOPES

TOKEN_SECONDS = 3600
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_tool_keys: dict[str, Any] = {}
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
        _check_assertion(form.get("client_assertion", ""))
        granted = sorted(set(form.get("scope", "").split()) & SCOPES)
        if not granted:
            raise Refused("invalid_scope", "none of these scopes is granted to this tool")
    except Refused as refused:
        return jsonify(error=refused.code, error_description=str(refused)), 400
    value = secrets.token_urlsafe(24)
    ends = time.time() + TOKEN_SECONDS
    site().store.write("INSERT INTO token VALUES (?, ?, ?)", value, " ".join(granted), ends)
    answer = {
        "access_token": value,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": " ".join(granted),
    }
    return jsonify(answer), 200


def check_token(scopes: set[str]) -> int:
    """200 when the bearer token holds one of `scopes`, 401 when it is none of ours, 403 when it is for other things."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    token = site().store.row("SELECT * FROM token WHERE value = ? AND ends > ?", value, time.time())
    if kind.lower() != "bearer" or token is None:
        return 401
    return 200 if scopes & set(token["scopes"].split()) else 403


def _check_assertion(assertion: str) -> None:
    try:
        kid = jwt.get_unverified_header(assertion).get("kid", "")
        claims = jwt.decode(
            assertion,
            _tool_key(kid),
            algorithms=["RS256"],
            audience=site().token_url,
            issuer=CLIENT_ID,
            options={"require": ["iss", "sub", "aud", "iat", "exp", "jti"]},
        )
    except jwt.PyJWTError as error:
        raise Refused("invalid_client", f"the assertion is not valid: {error}") from error
    if claims["sub"] != CLIENT_ID:
        raise Refused("invalid_client", "sub must be the client id")
    if claims["exp"] - claims["iat"] > 3600:
        raise Refused("invalid_client", "the assertion lives too long")
    if not site().store.write("INSERT OR IGNORE INTO jti VALUES (?)", str(claims["jti"])):
        raise Refused("invalid_client", "the assertion was used before (jti)")


def _tool_key(kid: str) -> Any:
    """The tool's key of that id; its key set is fetched once, and again for an unknown id."""
    with _lock:
        if kid not in _tool_keys:
            try:
                keys = requests.get(site().tool_jwks_url, timeout=10).json()["keys"]
            except (requests.RequestException, ValueError, KeyError) as error:
                raise Refused("invalid_client", "the tool's key set cannot be read") from error
            _tool_keys.clear()
            _tool_keys.update({key["kid"]: jwt.PyJWK(key).key for key in keys})
        if kid not in _tool_keys:
            raise Refused("invalid_client", "no such key (kid) in the tool's key set")
        return _tool_keys[kid]
