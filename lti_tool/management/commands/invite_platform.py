"""Make an address that registers one platform, once: its admin pastes it into Moodle's Manage tools."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lti_tool.models import Invitation

LONGEST_HOURS = 24 * 90


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--expires", type=int, default=72, metavar="HOURS", help="good for so long (default 72)")
        parser.add_argument("--note", default="", help="what to call the platform, such as “Moodle of Our School”")

    def handle(self, *args: Any, **options: Any) -> None:
        hours, note = options["expires"], options["note"].strip()
        if not 1 <= hours <= LONGEST_HOURS:
            raise CommandError(f"--expires must be from 1 to {LONGEST_HOURS} hours, not {hours}")
        if len(note) > 200:
            raise CommandError("--note must have at most 200 characters")
        invitation, address = Invitation.make(hours=hours, note=note)
        self.stdout.write(address)
        # Apart from the address, so that it can be piped on.
        ends = timezone.localtime(invitation.expires_at)
        self.stderr.write(
            f"Good once, until {ends:%d %b %Y, %H:%M} UTC. In Moodle: Site administration > Plugins > Activity modules "
            "> External tool > Manage tools; paste it into Tool URL and press “Add LTI Advantage”."
        )
