from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from lti_tool.gradebook import delivery, outbox
from lti_tool.models import Platform, ScoreDelivery


class Command(BaseCommand):
    help = "Send what is due to the platforms' gradebooks, here and now: for when no worker runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--platform", help="only to the platform of this issuer")
        parser.add_argument("--again", action="store_true", help="also what was refused or is stuck")

    def handle(self, *args: Any, **options: Any) -> None:
        platforms = Platform.objects.filter(active=True)
        if options["platform"]:
            platforms = platforms.filter(issuer=options["platform"])
        if options["again"]:
            refused = ScoreDelivery.objects.filter(
                resource_link__platform__in=platforms,
                state__in=[ScoreDelivery.State.REFUSED, ScoreDelivery.State.STUCK],
            )
            outbox.send_again(list(refused.values_list("pk", flat=True)))
        for platform in platforms:
            of_it = ScoreDelivery.objects.filter(resource_link__platform=platform)
            before = of_it.filter(state=ScoreDelivery.State.SENT).count()
            delivery.deliver_to(platform)
            sent = of_it.filter(state=ScoreDelivery.State.SENT).count() - before
            waiting = of_it.filter(state=ScoreDelivery.State.WAITING).count()
            self.stdout.write(f"{platform.issuer}: {sent} sent, {waiting} waiting")
