"""What the parts of the LMS share: its addresses, its key, and its data."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import current_app

from demo.lms.store import Row, Store

CLIENT_ID = "reelmark-demo"
KID = "demo-lms-1"

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
NRPS_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
GRADE_SCOPES = [f"{AGS}lineitem", f"{AGS}lineitem.readonly", f"{AGS}result.readonly", f"{AGS}score"]
SCOPES = {*GRADE_SCOPES, NRPS_SCOPE}


@dataclass(frozen=True)
class Site:
    issuer: str
    tool: str
    folder: Path
    store: Store

    @property
    def token_url(self) -> str:
        return f"{self.issuer}/token"

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        """The LMS's signing key, made on first need."""
        file = self.folder / "lms-key.pem"
        if not file.exists():
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            file.touch(mode=0o600)
            file.write_bytes(
                made.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    @property
    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**jwk, "kid": KID, "alg": "RS256", "use": "sig"}]}

    def lineitems_url(self, course_id: int, tool_id: int) -> str:
        return f"{self.issuer}/ags/{course_id}/lineitems?type_id={tool_id}"

    def lineitem_url(self, item: Row, tool_id: int) -> str:
        """With a query, as Moodle's are: `/scores` has to go before it."""
        return f"{self.issuer}/ags/{item['course_id']}/lineitems/{item['id']}/lineitem?type_id={tool_id}"

    def members_url(self, course_id: int) -> str:
        return f"{self.issuer}/nrps/{course_id}/members"

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KID})


def site() -> Site:
    found: Site = current_app.config["SITE"]
    return found
