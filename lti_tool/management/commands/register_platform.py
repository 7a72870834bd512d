"""Register a platform by hand, or change one: the same issuer and client id update it and add the deployment."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from lti_tool.models import Deployment, Platform


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="What to call the platform, such as “Moodle of Our School”.")
        parser.add_argument("--issuer", required=True, help="Moodle: Platform ID.")
        parser.add_argument("--client-id", required=True, help="Moodle: Client ID.")
        parser.add_argument("--deployment-id", required=True, help="Moodle: Deployment ID.")
        parser.add_argument("--authorization-url", required=True, help="Moodle: Authentication request URL.")
        parser.add_argument("--token-url", required=True, help="Moodle: Access token URL.")
        parser.add_argument("--jwks-url", required=True, help="Moodle: Public keyset URL.")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        urls = {key: options[key] for key in ("authorization_url", "token_url", "jwks_url")}
        for key, url in urls.items():
            parts = urlsplit(url)
            secure = parts.scheme == "https" or (parts.scheme == "http" and (settings.DEBUG or settings.DEMO))
            if not secure or not parts.netloc:
                raise CommandError(f"--{key.replace('_', '-')} must be an https address, not {url!r}")
        for key, longest in {"name": 200, "issuer": 500, "client_id": 255, "deployment_id": 255}.items():
            if not 0 < len(options[key].strip()) <= longest:
                raise CommandError(f"--{key.replace('_', '-')} must have 1 to {longest} characters")
        platform, created = Platform.objects.update_or_create(
            issuer=options["issuer"],
            client_id=options["client_id"],
            defaults={"name": options["name"], "active": True, **urls},
        )
        Deployment.objects.get_or_create(platform=platform, deployment_id=options["deployment_id"])
        self.stdout.write(
            f"{'Registered' if created else 'Updated'} {platform.name}, deployment {options['deployment_id']}."
        )
