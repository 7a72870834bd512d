"""Verify a posted id_token: pylti1p3's checks, and those that we make beside them.

The library verifies the signature, the registration, the deployment and the message. Checked here: `exp` and `iat` are
there and a token's age is bounded, `aud` and `azp` are as OIDC says, a nonce serves once, the target is on our host,
and every claim is of its type (decision 2; the tests have a token for each).
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.http import HttpRequest
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_decode
from pylti1p3.contrib.django.cookie import DjangoCookieService
from pylti1p3.contrib.django.message_launch import DjangoMessageLaunch
from pylti1p3.contrib.django.request import DjangoRequest
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException
from pylti1p3.registration import Registration
from pylti1p3.session import SessionService
from pylti1p3.tool_config.abstract import ToolConfAbstract

from config import json_text
from lti_tool import registered
from lti_tool.errors import LaunchRefused
from lti_tool.launch import claims, oidc, platform_keys
from lti_tool.launch.claims import Launch

LEEWAY = 60  # seconds that clocks may differ: Moodle's token itself lives for 60
OLDEST = 600  # seconds since `iat`
LONGEST = 24 * 3600  # seconds a token may live: Open edX gives an hour, Moodle a minute
_FAR = 1e12  # seconds; beyond it, arithmetic with what was sent is not safe
_RS256 = RSAAlgorithm(RSAAlgorithm.SHA256)
_NO_REQUESTS = requests.Session()  # the library wants one; keys come through platform_keys


def verify(request: HttpRequest) -> tuple[Launch, oidc.State]:
    """The launch that this POST carries, and its state, whose nonce the caller uses up before anything comes of it.

    Raises:
        LaunchRefused: for every reason why it must not be let in, each with what to tell the admin.
    """
    if "error" in request.POST:
        raise _refused_by_platform(request)
    state = oidc.read_state(request)
    message = _Message(request, state)
    try:
        message.validate()
    except LtiException as error:
        raise LaunchRefused(f"{error}.".replace("..", ".")) from error
    return message.launch(), replace(state, registration=message.registration)


def _refused_by_platform(request: HttpRequest) -> LaunchRefused:
    """Moodle posts `error` back for a wrong client id, login hint, response mode or prompt (OIDC core 3.1.2.6)."""
    error = request.POST.get("error", "")[:100]
    if error == "login_required":
        return LaunchRefused(
            "The platform answered login_required.",
            what="Moodle says that you are not signed in.",
            next_step="Sign in to Moodle again and open the activity from the course.",
        )
    return LaunchRefused(f"The platform answered the login with the error “{error}”.")


def _is_signed(content: bytes, signature: bytes, keys: Sequence[RSAPublicKey]) -> bool:
    return any(_RS256.verify(content, key, signature) for key in keys)


class _RegisteredPlatform(ToolConfAbstract[DjangoRequest]):
    """One registered platform in the shape the library asks for."""

    def __init__(self, registration: registered.Registration) -> None:
        self.registration = registration

    def check_iss_has_one_client(self, iss: str) -> bool:
        return False

    def check_iss_has_many_clients(self, iss: str) -> bool:
        return True

    def find_registration_by_issuer(self, iss: str, *args: Any, **kwargs: Any) -> Registration:
        raise NotImplementedError("a launch always names its client id")

    def find_deployment(self, iss: str, deployment_id: str) -> Deployment | None:
        raise NotImplementedError("a launch always names its client id")

    def find_registration_by_params(self, iss: str, client_id: str, *args: Any, **kwargs: Any) -> Registration:
        platform = self.registration.platform
        return Registration().set_issuer(platform.issuer).set_client_id(platform.client_id)

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Deployment | None:
        raise NotImplementedError("_Message asks the registration itself")


class _Message(DjangoMessageLaunch):
    """The library's launch, asking our state and keys, with our checks beside its own."""

    def __init__(self, request: HttpRequest, state: oidc.State) -> None:
        django_request = DjangoRequest(request, post_only=True)  # type: ignore[no-untyped-call]
        super().__init__(  # type: ignore[no-untyped-call]
            django_request,
            _RegisteredPlatform(state.registration),
            session_service=SessionService(django_request),
            cookie_service=DjangoCookieService(django_request),  # type: ignore[no-untyped-call]
            requests_session=_NO_REQUESTS,
        )
        self.state = state
        self.registration = state.registration
        self._launch: Launch | None = None

    @property
    def body(self) -> dict[str, Any]:
        return cast(dict[str, Any], self._jwt["body"])

    def validate(self) -> "_Message":
        # The order differs from the library's: nothing of the token's content is judged before its signature.
        self._validated = True
        self.validate_jwt_format()
        self.validate_registration()
        self.validate_jwt_signature()
        self.validate_nonce()
        self.launch()  # every claim's type, before the library's validators take them for granted
        self.validate_deployment()
        self.validate_message()
        if not oidc.is_ours(self.launch().target_link_uri):
            raise LaunchRefused("The target_link_uri is not an address of this tool. Check the tool's URL in Moodle.")
        return self

    def validate_deployment(self) -> "_Message":
        # A deployment that was registered a moment ago is looked for once more.
        deployment_id = self.launch().deployment_id
        fresh = registered.with_id(self.state.platform.pk, deployment_id=deployment_id)
        if fresh is None or deployment_id not in fresh.deployments:
            raise LaunchRefused("The id_token names a deployment id that is not registered here.")
        self.registration = fresh
        return self

    def validate_message(self) -> "_Message":
        """The library's, but for submission reviews: it wants a lineitem in them, and Moodle's have none."""
        if self.launch().message_type != claims.SUBMISSION_REVIEW_REQUEST:
            super().validate_message()
        elif self.body.get(claims.VERSION) != "1.3.0":
            raise LaunchRefused("Incorrect version, expected 1.3.0.")
        return self

    def launch(self) -> Launch:
        if self._launch is None:
            self._launch = claims.read(self.body, client_id=self.state.platform.client_id)
        return self._launch

    def validate_jwt_format(self) -> "_Message":
        super().validate_jwt_format()
        if not isinstance(self._jwt["header"], dict) or not isinstance(self._jwt["body"], dict):
            raise LaunchRefused("The id_token does not hold an object.")
        if json_text.is_too_deep(self._jwt["header"]) or json_text.is_too_deep(self._jwt["body"]):
            raise LaunchRefused("The id_token is nested too deeply.")
        return self

    def get_client_id(self) -> str:
        """Ours, if the token is meant for us (OIDC core 3.1.3.7, 3 to 5)."""
        ours = self.state.platform.client_id
        audience = self.body.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if ours not in audiences:
            raise LaunchRefused("The id_token is meant for another client id (aud).")
        azp = self.body.get("azp")
        if azp != ours and (azp is not None or len(audiences) > 1):
            raise LaunchRefused("The id_token was issued to another party (azp).")
        return ours

    def validate_registration(self) -> "_Message":
        super().validate_registration()
        if self.body.get("iss") != self.state.platform.issuer:
            raise LaunchRefused("The id_token is from another issuer (iss).")
        return self

    def validate_jwt_signature(self) -> "_Message":
        """By the library's algorithm, over the very bytes that were read as header and body.

        `jwt.decode` does the same, and looks at every character in Python before: four times the signature's own cost.
        """
        header = self._jwt["header"]
        kid = header.get("kid")
        if header.get("alg") != "RS256" or not isinstance(kid, str) or not kid or "crit" in header:
            raise LaunchRefused("The id_token must be signed with RS256 and name its key (kid).")
        content, _, signature = self._get_id_token().rpartition(".")
        try:
            signed, by = content.encode(), base64url_decode(signature)
        except ValueError as error:
            raise LaunchRefused("The id_token's signature is not valid.") from error
        jwks_url = self.state.platform.jwks_url
        if not _is_signed(signed, by, platform_keys.known(jwks_url, kid)):
            # A new key, perhaps under the old one's id.
            keys = platform_keys.fetched(jwks_url, kid)
            if not keys:
                raise LaunchRefused("The id_token names a key (kid) that the platform's key set does not hold.")
            if not _is_signed(signed, by, keys):
                raise LaunchRefused("The id_token's signature is not valid.")
        self._check_times()
        return self

    def _check_times(self) -> None:
        now, expires, issued = time.time(), self._moment("exp"), self._moment("iat")
        if expires < now - LEEWAY:
            raise LaunchRefused("The id_token has expired (exp): compare the clocks of Moodle and this tool.")
        if issued > now + LEEWAY or (self.body.get("nbf") is not None and self._moment("nbf") > now + LEEWAY):
            raise LaunchRefused("The id_token is from the future: compare the clocks of Moodle and this tool.")
        if now - issued > OLDEST + LEEWAY:
            raise LaunchRefused("The id_token is too old (iat): compare the clocks of Moodle and this tool.")
        if expires - now > LONGEST + LEEWAY:
            raise LaunchRefused("The id_token would live for more than a day (exp).")

    def _moment(self, name: str) -> float:
        """A NumericDate (RFC 7519, 2): seconds since 1970, never a text, a truth value or NaN."""
        value = self.body.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not -_FAR < value < _FAR:
            raise LaunchRefused(f"The id_token has no time that can be read ({name}).")
        return value

    def validate_nonce(self) -> "_Message":
        if self.body.get("nonce") != self.state.nonce:
            raise LaunchRefused("The id_token was not issued for this login (nonce).")
        return self
