"""List what lies in storage and no row knows; with --delete, remove it."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from video.cleanup import leftovers
from video.storage.base import StorageError


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--storage", default=settings.STORAGE, help=f"which one (default: {settings.STORAGE})")
        parser.add_argument("--older-than", type=int, default=24, metavar="HOURS", help="leave younger ones (24)")
        parser.add_argument("--delete", action="store_true", help="remove them")

    def handle(self, *args: Any, **options: Any) -> None:
        count = size = 0
        try:
            for orphan in leftovers.orphans(options["storage"], older_than=timedelta(hours=options["older_than"])):
                count, size = count + 1, size + orphan.size
                what = "unfinished upload" if orphan.upload_id else filesizeformat(orphan.size)
                self.stdout.write(f"{orphan.since:%Y-%m-%d %H:%M}  {what:>18}  {orphan.key}")
                if options["delete"]:
                    leftovers.remove_orphan(options["storage"], orphan)
        except StorageError as error:
            raise CommandError(error.reason) from error
        done = "removed" if options["delete"] else "found; nothing was changed (--delete removes them)"
        self.stdout.write(f"{count} orphan{'' if count == 1 else 's'}, {filesizeformat(size)}, {done}.")
