"""A platform's side of a launch: real RS256 keys and tokens, its HTTP answered at the edge."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import responses
from cryptography.hazmat.primitives.asymmetric import rsa
from django.http import HttpResponse
from django.test import Client

from lti_tool.models import Deployment, Platform

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
CONTEXT_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
LEARNER, INSTRUCTOR = f"{CONTEXT_ROLE}Learner", f"{CONTEXT_ROLE}Instructor"
SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
LINEITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"

DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
RETURN_URL = "https://moodle.example/mod/lti/contentitem_return.php?course=2&id=1&sesskey=Dld6wiJtPU"

Claims = dict[str, Any]
_KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def selecting(**settings: Any) -> Claims:
    """What differs in a Deep Linking launch (recorded from Moodle 4.5)."""
    return {
        f"{LTI}message_type": "LtiDeepLinkingRequest",
        f"{LTI}resource_link": ...,
        f"{LTI}launch_presentation": {"locale": "en"},
        DEEP_LINKING: {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["frame", "iframe", "window"],
            "accept_multiple": True,
            "auto_create": False,
            "deep_link_return_url": RETURN_URL,
            "title": "Reelmark",
            "text": "",
            **settings,
        },
    }


def reviewing(sub: str) -> Claims:
    """What differs in a submission review of somebody's work: Moodle leaves the lineitem out (recorded)."""
    return {
        f"{LTI}message_type": "LtiSubmissionReviewRequest",
        f"{LTI}for_user": {"user_id": sub},
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
            "scope": [SCORE, LINEITEM],
            "lineitems": "https://moodle.example/lineitems?type_id=1",
        },
    }


class PlatformDouble:
    """One registered platform that a test drives: it logs people in and signs what the test wants."""

    def __init__(
        self, answers: responses.RequestsMock, *, host: str = "moodle.example", client_id: str = "tool-1"
    ) -> None:
        self.answers = answers
        self.issuer = f"https://{host}"
        self.key, self.kid = _KEYS[0], f"key-{uuid.uuid4().hex[:8]}"
        self.jwks_url = f"{self.issuer}/jwks"
        self.token_url = f"{self.issuer}/token"
        self.row = Platform.objects.create(
            name=f"Moodle at {host}",
            issuer=self.issuer,
            client_id=client_id,
            authorization_url=f"{self.issuer}/auth",
            token_url=self.token_url,
            jwks_url=self.jwks_url,
        )
        Deployment.objects.create(platform=self.row, deployment_id="1")
        self.publish(self.public_jwk())

    def public_jwk(self, *, key: rsa.RSAPrivateKey | None = None, kid: str | None = None) -> dict[str, Any]:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk((key or self.key).public_key()))
        return {**jwk, "kid": kid or self.kid, "alg": "RS256", "use": "sig"}

    def publish(self, *keys: Mapping[str, Any]) -> None:
        """Answer the key set address with these keys from now on."""
        self.answers.upsert(responses.GET, self.jwks_url, json={"keys": list(keys)})

    def rotate(self) -> None:
        """A new key under a new id; the old one is no longer published."""
        self.key, self.kid = _KEYS[1], f"key-{uuid.uuid4().hex[:8]}"
        self.publish(self.public_jwk())

    def claims(self, nonce: str, **changes: Any) -> Claims:
        """A launch as Moodle 4.5 signs it (recorded), with `changes`; a change to ... leaves the claim out."""
        now = int(time.time())
        claims: Claims = {
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
            "iss": self.issuer,
            "aud": self.row.client_id,
            f"{LTI}deployment_id": "1",
            f"{LTI}target_link_uri": "https://tool.example/lti/launch/",
            "sub": "6",
            f"{LTI}roles": [LEARNER],
            f"{LTI}context": {"id": "2", "label": "FILM", "title": "Film and Sound", "type": ["CourseSection"]},
            f"{LTI}resource_link": {"title": "Interview", "description": "Film an interview.", "id": "1"},
            "given_name": "Ana",
            "family_name": "Student",
            "name": "Ana Student",
            "email": "ana@example.org",
            f"{LTI}version": "1.3.0",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}launch_presentation": {"locale": "en", "document_target": "iframe", "return_url": self.issuer},
            "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
                "scope": [SCORE, LINEITEM],
                "lineitems": f"{self.issuer}/lineitems?type_id=1",
                "lineitem": f"{self.issuer}/lineitems/1/lineitem?type_id=1",
            },
            "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
                "context_memberships_url": f"{self.issuer}/members",
                "service_versions": ["2.0"],
            },
        }
        for name, value in changes.items():
            claim = {"roles": f"{LTI}roles"}.get(name, name)
            claims[claim] = value
        return {claim: value for claim, value in claims.items() if value is not ...}

    def sign(
        self, claims: Any, *, header: Mapping[str, Any] | None = None, key: rsa.RSAPrivateKey | None = None
    ) -> str:
        headers = {"kid": self.kid, **(header or {})}
        headers = {name: value for name, value in headers.items() if value is not None}
        # As bytes: `jwt.encode` would refuse to sign the nonsense that some tests want signed.
        return jwt.PyJWS().encode(json.dumps(claims).encode(), key or self.key, algorithm="RS256", headers=headers)

    def login(self, client: Client, **params: str) -> dict[str, str]:
        """Begin a login; what the tool asked of the authorization address (state, nonce, …)."""
        asked = {
            "iss": self.issuer,
            "client_id": self.row.client_id,
            "login_hint": "6",
            "lti_message_hint": '{"cmid":3,"launchid":"ltilaunch1_7"}',
            "target_link_uri": "https://tool.example/lti/launch/",
            "lti_deployment_id": "1",
            **params,
        }
        response = client.post("/lti/login/", asked, secure=True)
        assert response.status_code == 302, response.content.decode()
        query = parse_qs(urlsplit(response["Location"]).query)
        return {name: values[0] for name, values in query.items()}

    def launch(
        self,
        client: Client,
        *,
        mend: Callable[[Claims], Any] = lambda claims: claims,
        header: Mapping[str, Any] | None = None,
        key: rsa.RSAPrivateKey | None = None,
        **changes: Any,
    ) -> HttpResponse:
        """A whole login and launch; the tool's answer to the posted id_token."""
        asked = self.login(client)
        token = self.sign(mend(self.claims(asked["nonce"], **changes)), header=header, key=key)
        return self.post(client, id_token=token, state=asked["state"])

    def post(self, client: Client, **fields: str) -> HttpResponse:
        response: HttpResponse = client.post("/lti/launch/", fields, secure=True)  # type: ignore[assignment]
        return response

    def open_page(self, client: Client, **changes: Any) -> str:
        """Launch, and the path of the page the launch leads to."""
        response = self.launch(client, **changes)
        assert response.status_code == 302, response.content.decode()
        return response["Location"]
