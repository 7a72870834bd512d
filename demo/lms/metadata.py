"""What a tool must say of itself to be registered (LTI Dynamic Registration 1.0, section 3)."""

import json
from typing import Any
from urllib.parse import urlsplit

from demo.lms.site import SCOPES

TOOL_CLAIM = "https://purl.imsglobal.org/spec/lti-tool-configuration"
_MESSAGES = {"LtiResourceLinkRequest", "LtiDeepLinkingRequest", "LtiSubmissionReviewRequest"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Refused(Exception):
    """The RFC 7591 error code and why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


def checked(sent: Any) -> dict[str, Any]:
    """The columns of a tool's row, JSON where they hold lists.

    Raises:
        Refused: something is missing or wrong.
    """
    _need(isinstance(sent, dict), "the body must be a JSON object")
    _check_client(sent)
    tool = sent.get(TOOL_CLAIM)
    _need(isinstance(tool, dict), f"{TOOL_CLAIM} is required")
    domain = _text(tool, "domain")
    for name, url in (
        ("target_link_uri", tool.get("target_link_uri")),
        ("initiate_login_uri", sent["initiate_login_uri"]),
    ):
        _need(_is_url(url) and _is_in(url, domain), f"{name} must be an https address in the domain {domain}")
    for uri in sent["redirect_uris"]:
        if not (_is_url(uri) and _is_in(uri, domain)):
            raise Refused("invalid_redirect_uri", f"{uri} is not an https address in the domain {domain}")
    _need(_are_texts(tool.get("claims")), "claims must be a list of claim names")
    return {
        "domain": domain,
        "name": sent["client_name"],
        "login_url": sent["initiate_login_uri"],
        "redirect_uris": json.dumps(sent["redirect_uris"]),
        "jwks_url": sent["jwks_uri"],
        "target_link_uri": tool["target_link_uri"],
        "deep_linking_url": _deep_linking_url(tool, domain),
        "custom": json.dumps(_custom(tool)),
        "scopes": json.dumps(sorted(set(sent.get("scope", "").split()) & SCOPES)),
    }


def _check_client(sent: dict[str, Any]) -> None:
    _need(sent.get("application_type") == "web", "application_type must be web")
    _need("id_token" in _texts(sent, "response_types"), "response_types must have id_token")
    _need({"client_credentials", "implicit"} <= set(_texts(sent, "grant_types")), "grant_types must have both")
    _need(sent.get("token_endpoint_auth_method") == "private_key_jwt", "token_endpoint_auth_method: private_key_jwt")
    _text(sent, "client_name")
    _texts(sent, "redirect_uris")
    _need(_is_url(sent.get("initiate_login_uri")), "initiate_login_uri must be an https address")
    _need(_is_url(sent.get("jwks_uri")), "jwks_uri must be an https address")
    _need(isinstance(sent.get("scope", ""), str), "scope must be a text with spaces")


def _deep_linking_url(tool: dict[str, Any], domain: str) -> str:
    """Where Deep Linking goes, or empty. Every message is checked."""
    messages = tool.get("messages")
    _need(isinstance(messages, list) and bool(messages), "messages must be a list of messages")
    found = ""
    for message in messages or []:
        _need(isinstance(message, dict) and message.get("type") in _MESSAGES, "each message needs a known type")
        url = message.get("target_link_uri", tool["target_link_uri"])
        _need(_is_url(url) and _is_in(url, domain), "a message's target_link_uri must be in the domain")
        for name in ("placements", "supported_types"):
            _need(name not in message or _are_texts(message[name]), f"{name} must be a list of texts")
        if message["type"] == "LtiDeepLinkingRequest":
            found = url
    return found


def _custom(tool: dict[str, Any]) -> dict[str, str]:
    custom = tool.get("custom_parameters", {})
    _need(isinstance(custom, dict) and _are_texts(list(custom.values())), "custom_parameters: texts by name")
    return dict(custom)


def _need(good: bool, why: str) -> None:
    if not good:
        raise Refused("invalid_client_metadata", why)


def _text(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name)
    _need(isinstance(value, str) and bool(value), f"{name} is required")
    return str(value)


def _texts(sent: dict[str, Any], name: str) -> list[str]:
    value = sent.get(name)
    _need(_are_texts(value) and bool(value), f"{name} must be a list of texts")
    return list(value or [])


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_url(value: Any) -> bool:
    """http is for this machine alone."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _is_in(url: str, domain: str) -> bool:
    """`domain` is with its port, as Moodle takes it, or without."""
    parts = urlsplit(url)
    return domain in (parts.netloc, parts.hostname)
