"""Make the tool's next signing key: published now, used later, so that every platform knows it in time.

The key it replaces stays published for a day after that, and is deleted by the next run. Nothing has to be restarted;
with several servers, KEYS_DIR must be the same folder for all, or the new file copied to each.
"""

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lti_tool import keys
from lti_tool.keys import KeyFile

LONGEST_HOURS = 24 * 30


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--in", dest="hours", type=int, default=24, metavar="HOURS", help="used from then (24)")
        parser.add_argument("--leaked", action="store_true", help="use the new key at once and delete the others")
        parser.add_argument("--list", action="store_true", help="show the keys and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["list"]:
            self._rotate(0 if options["leaked"] else options["hours"], leaked=options["leaked"])
        now, signing = timezone.now(), keys.tool_key().kid
        for file in keys.key_files():
            self.stdout.write(f"{file.key.kid[:12]}…  {_state(file, signing, now)}")

    def _rotate(self, hours: int, *, leaked: bool) -> None:
        if not 0 <= hours <= LONGEST_HOURS:
            raise CommandError(f"--in must be from 0 to {LONGEST_HOURS} hours, not {hours}")
        waiting = [file for file in keys.key_files() if file.used_from > timezone.now()]
        if waiting and not leaked:
            raise CommandError(f"A key is waiting already: it is used from {_when(waiting[0].used_from)}.")
        for file in waiting:
            file.path.unlink(missing_ok=True)
        keys.look_again()
        keys.add_key(used_from=timezone.now() + timedelta(hours=hours))
        for gone in keys.remove_replaced(at_once=leaked):
            self.stdout.write(f"{gone.path.name} deleted")


def _state(file: KeyFile, signing: str, now: datetime) -> str:
    if file.key.kid == signing:
        return "signs"
    if file.used_from > now:
        return f"published, signs from {_when(file.used_from)}"
    return f"replaced, published until {_when(file.published_until)}" if file.published_until else "replaced"


def _when(at: datetime) -> str:
    return f"{at:%d %b %Y, %H:%M} UTC"
