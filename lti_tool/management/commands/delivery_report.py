from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Min, Q

from lti_tool.models import Platform, ScoreDelivery


class Command(BaseCommand):
    help = "How far each platform's gradebook is behind, and whether it answers. Names nobody."

    def handle(self, *args: Any, **options: Any) -> None:
        states = ScoreDelivery.State
        for platform in Platform.objects.select_related("health").order_by("issuer"):
            rows = ScoreDelivery.objects.filter(resource_link__platform=platform)
            counted = rows.aggregate(
                **{state.value: Count("pk", filter=Q(state=state)) for state in states},
                differs=Count("pk", filter=Q(differs=True)),
                oldest=Min("wanted_at", filter=Q(state=states.WAITING)),
            )
            oldest = counted.pop("oldest")
            self.stdout.write(f"{platform.issuer} ({platform.client_id})")
            self.stdout.write("  " + " ".join(f"{name}={count}" for name, count in counted.items()))
            if oldest:
                self.stdout.write(f"  waiting since {oldest:%Y-%m-%d %H:%M:%S} UTC")
            self._health(platform)

    def _health(self, platform: Platform) -> None:
        health = getattr(platform, "health", None)
        if health is None:
            return
        if health.failures:
            paused = f", left alone until {health.paused_until:%H:%M:%S} UTC" if health.paused_until else ""
            self.stdout.write(f"  {health.failures} failures in a row{paused}: {health.last_answer}")
        if health.clock_ahead:
            self.stdout.write(f"  its clock is {health.clock_ahead} s ahead of ours")
