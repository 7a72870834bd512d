"""A platform that does nothing but sign launches, as fast as it can, and publish its key."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bench import environment

if TYPE_CHECKING:
    from django.test import Client

KID = "bench"
CLIENT_ID = "bench"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
ROLES = {role: f"http://purl.imsglobal.org/vocab/lis/v2/membership#{role}" for role in ("Learner", "Instructor")}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def key_set_server() -> Iterator[str]:
    """Publishes the key; yields the platform's issuer."""
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
    body = json.dumps({"keys": [{**jwk, "kid": KID, "alg": "RS256", "use": "sig"}]}).encode()

    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    answer = head.encode() + b"\r\n" + body

    class KeySet(BaseRequestHandler):
        """Little work, because some of the tools that are compared ask at every launch."""

        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(answer)

    server = ThreadingTCPServer(("127.0.0.1", 0), KeySet)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def login(issuer: str, sub: str, target: str) -> dict[str, str]:
    """The parameters of a login initiation, as Moodle posts them."""
    return {
        "iss": issuer,
        "client_id": CLIENT_ID,
        "login_hint": sub,
        "lti_message_hint": '{"cmid":3,"launchid":"ltilaunch1_7"}',
        "target_link_uri": target,
        "lti_deployment_id": "1",
    }


def launched(issuer: str, client: "Client", sub: str, role: str) -> str:
    """A whole launch in this process by Django's test client; the page's path."""
    target = f"{environment.BASE_URL}/lti/launch/"
    answer = client.post("/lti/login/", login(issuer, sub, target), secure=True)
    asked = parse_qs(urlsplit(answer["Location"]).query)
    token = id_token(issuer, target, sub=sub, role=role, nonce=asked["nonce"][0])
    answer = client.post("/lti/launch/", {"id_token": token, "state": asked["state"][0]}, secure=True)
    page = client.get(answer["Location"], secure=True)
    assert page.status_code == 200, page.status_code
    return str(answer["Location"])


def id_token(issuer: str, target: str, *, sub: str, role: str, nonce: str) -> str:
    """A launch as large as Moodle's usual one (3 kB)."""
    now = int(time.time())
    claims = {
        "nonce": nonce,
        "iat": now,
        "exp": now + 60,
        "iss": issuer,
        "aud": CLIENT_ID,
        f"{LTI}deployment_id": "1",
        f"{LTI}target_link_uri": target,
        "sub": sub,
        f"{LTI}roles": [ROLES[role]],
        f"{LTI}context": {"id": "2", "label": "FILM", "title": "Film and Sound", "type": ["CourseSection"]},
        f"{LTI}resource_link": {"id": "1", "title": "Interview", "description": "Film an interview."},
        "name": f"Person {sub}",
        "email": f"person{sub}@school.example",
        f"{LTI}version": "1.3.0",
        f"{LTI}message_type": "LtiResourceLinkRequest",
        f"{LTI}launch_presentation": {"locale": "en", "document_target": "iframe", "return_url": issuer},
        f"{LTI}tool_platform": {"product_family_code": "moodle", "version": "2024100706", "guid": "f" * 32},
        f"{LTI}custom": {"context_history": "", "group_ids": "1,2"},
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
            "scope": [f"https://purl.imsglobal.org/spec/lti-ags/scope/{scope}" for scope in ("lineitem", "score")],
            "lineitems": f"{issuer}/lineitems?type_id=1",
            "lineitem": f"{issuer}/lineitems/1/lineitem?type_id=1",
        },
        "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
            "context_memberships_url": f"{issuer}/members",
            "service_versions": ["1.0", "2.0"],
        },
    }
    return jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": KID})
