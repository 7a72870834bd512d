from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from lti_tool.models import Deployment, Platform

GOOD = {
    "name": "Moodle of Our School",
    "issuer": "https://moodle.example",
    "client_id": "abc",
    "deployment_id": "1",
    "authorization_url": "https://moodle.example/mod/lti/auth.php",
    "token_url": "https://moodle.example/mod/lti/token.php",
    "jwks_url": "https://moodle.example/mod/lti/certs.php",
}


def register(**changes: str) -> str:
    out = StringIO()
    call_command("register_platform", stdout=out, **{**GOOD, **changes})
    return out.getvalue()


def test_registers_then_updates_and_adds_the_deployment(db: None) -> None:
    assert "Registered" in register()
    assert "Updated" in register(name="New name", deployment_id="2")

    platform = Platform.objects.get()
    assert platform.name == "New name"
    assert sorted(platform.deployments.values_list("deployment_id", flat=True)) == ["1", "2"]


def test_another_client_id_is_another_platform(db: None) -> None:
    register()
    register(client_id="def")

    assert Platform.objects.count() == Deployment.objects.count() == 2


@pytest.mark.parametrize("url", ["", "moodle.example/certs", "ftp://moodle.example", "javascript:alert(1)", "http://m"])
def test_address_that_cannot_be_meant_is_refused(db: None, url: str, settings: object) -> None:
    with pytest.raises(CommandError, match="--jwks-url"):
        register(jwks_url=url)

    assert not Platform.objects.exists()


@pytest.mark.parametrize("field", ["issuer", "client_id", "deployment_id", "name"])
def test_empty_value_is_refused(db: None, field: str) -> None:
    with pytest.raises(CommandError):
        register(**{field: " "})

    assert not Platform.objects.exists()
