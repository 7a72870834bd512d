"""Marks are released and changed while everything between us and the gradebook breaks. `make chaos CHAOS_SEEDS=20`.

For each seed: so many people, CHANGES grades each. Meanwhile workers are killed -9 (at random, and exactly when the
gradebook got a score, when it has stored it, and when it has answered), Redis stops and comes back empty, PostgreSQL
restarts, and the gradebook answers 500, 503, 429, 409, nothing, half of an answer, or forgets the token; a locked
column of the same site, for everybody as well, is due first and answers 500 to the end. Then the faults end, and the
gradebook must come to say what was released last: `lost` counts those where it does not within PATIENCE, `doubled` rows
that are there twice, `reverted` grades that were ever replaced by an older one.
"""

import argparse
import contextlib
import itertools
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests import services
from tests.chaos.gradebook import Gradebook
from tests.chaos.workers import RUNNING, Workers

CHANGES = 3
PATIENCE = 120  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--seconds", type=int, default=25, help="over which each seed's grades are released")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reelmark-chaos-") as name, _services(Path(name)) as (postgres, redis):
        _prepare(Path(name), postgres, redis)
        totals = {"lost": 0, "doubled": 0, "reverted": 0, "killed": 0}
        longest = 0.0
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            found, standstill = Run(seed, asked.students, asked.seconds, Path(name), postgres, redis).go()
            totals = {key: value + found[key] for key, value in totals.items()}
            longest = max(longest, standstill)
    figures = {"seeds": asked.seeds, **totals, "longest_standstill_s": f"{longest:.1f}"}
    print(" ".join(f"{name}={value}" for name, value in figures.items()))
    return 1 if totals["lost"] or totals["doubled"] or totals["reverted"] else 0


@contextlib.contextmanager
def _services(folder: Path) -> Iterator[tuple[services.Postgres, services.Redis]]:
    (folder / "pg").mkdir()
    folder.chmod(0o755)
    postgres, redis = services.Postgres(folder / "pg", careful=True), services.Redis()
    postgres.start()
    redis.start()
    try:
        yield postgres, redis
    finally:
        redis.stop()
        postgres.stop()


def _prepare(folder: Path, postgres: services.Postgres, redis: services.Redis) -> None:
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        DATABASE_URL=postgres.url,
        REDIS_URL=redis.url,
        SECRET_KEY="only for a test, and long enough for the checks to like it",
        DEBUG="1",
        DATA_DIR=str(folder / "data"),
        KEYS_DIR=str(folder / "keys"),
        PRIVATE_PLATFORM_HOSTS="127.0.0.1",
        LOG_LEVEL="WARNING",
        # As in production, only faster: a test has no minutes.
        PLATFORM_REQUESTS_A_SECOND="400",
        PLATFORM_ANSWER_SECONDS="1",
        PLATFORM_PAUSE_SECONDS="2",
        DELIVERY_LEASE_SECONDS="4",
        DELIVERY_CHECK_SECONDS="1",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


class Run:
    """One seed."""

    def __init__(
        self,
        seed: int,
        students: int,
        seconds: int,
        folder: Path,
        postgres: services.Postgres,
        redis: services.Redis,
    ) -> None:
        from lti_tool.gradebook import ags
        from lti_tool.models import Course, Deployment, Person, Platform, ResourceLink

        self.seconds = seconds
        self.seed, self.random = seed, random.Random(seed)
        self.postgres, self.redis = postgres, redis
        self.book = Gradebook(seed)
        row = Platform.objects.create(
            name=f"Seed {seed}",
            issuer=self.book.url,
            client_id="chaos",
            authorization_url=f"{self.book.url}/auth",
            token_url=f"{self.book.url}/token",
            jwks_url=f"{self.book.url}/jwks",
        )
        deployment = Deployment.objects.create(platform=row, deployment_id="1")
        course = Course.objects.create(platform=row, deployment=deployment, context_id="1", title="Film")
        self.link = ResourceLink.objects.create(
            platform=row,
            course=course,
            resource_link_id="1",
            title="Interview",
            lineitem_url=f"{self.book.url}/lineitem?type_id=1",
            scopes=[ags.SCOPE_SCORE, ags.SCOPE_RESULT_READONLY],
        )
        self.locked = ResourceLink.objects.create(
            platform=row,
            course=course,
            resource_link_id="2",
            title="Locked",
            lineitem_url=f"{self.book.url}/locked?type_id=1",
            scopes=self.link.scopes,
        )
        self.people = Person.objects.bulk_create(
            Person(platform=row, sub=str(number), name=f"P{number}") for number in range(students)
        )
        self.released: dict[str, int] = {}
        self.folder = folder
        self.over = threading.Event()

    def go(self) -> tuple[dict[str, int], float]:
        """The counts, and the longest time without a score arriving once the faults had ended."""
        from django.db import connection

        self.workers = Workers(dict(os.environ), self.folder)
        breaking = threading.Thread(target=self._break)
        self.book.on_post, self.book.chance = self._on_post, 0.25
        breaking.start()
        try:
            for person in self.people:
                self._release(person, 1, self.locked)
            self._release_all()
            time.sleep(2)
            self.over.set()
            breaking.join()
            connection.close()  # PostgreSQL may have gone and come since
            self.book.on_post, self.book.chance = lambda phase: None, 0.0
            ended = time.monotonic()
            arrived = self._wait(ended + PATIENCE)
            return self._counts(arrived), self._standstill(ended)
        finally:
            self.over.set()
            self.workers.stop()
            self.book.close()
            self._forget()

    def _release_all(self) -> None:
        """Every person's marks, in any order of people, each later one better: so an older one can be told."""
        todo = [(person, change) for change in range(1, CHANGES + 1) for person in self.people]
        # Changes mix, but one person's stay in their order.
        todo.sort(key=lambda one: one[1] + self.random.random() * 1.5)
        last: dict[str, int] = {}
        for person, _ in todo:
            last[person.sub] = last.get(person.sub, 0) + 1
            self._release(person, last[person.sub], self.link)
            self.released[person.sub] = 100 * last[person.sub] + int(person.sub) % 100
            # Some come at once, as by “release all”.
            if self.random.random() < 0.3:
                time.sleep(self.seconds / len(todo) / 0.3)

    def _release(self, person: Any, change: int, link: Any) -> None:
        """As a teacher does, who presses the button again while the server says that it is not well."""
        from django.db import DatabaseError, connection

        from lti_tool.gradebook import outbox

        while True:
            try:
                outbox.wish_graded(
                    resource_link=link,
                    person=person,
                    points=Decimal(100 * change + int(person.sub) % 100),
                    maximum=Decimal(1000),
                    comment=f"Change {change}",
                )
            except DatabaseError:
                connection.close()
                time.sleep(0.2)
            else:
                return

    def _on_post(self, phase: str) -> None:
        """A worker dies at this very point of sending; which one is at it cannot be told, so each may be."""
        with self.book.lock:
            dies = self.book.random.random() < 0.02
            number = self.book.random.randrange(RUNNING)
        if dies and not self.over.is_set():
            self.workers.kill(number)

    def _break(self) -> None:
        """Everything else, in an order of its own."""
        chosen = random.Random(self.seed * 1000)
        while not self.over.wait(chosen.uniform(0.5, 2.0)):
            what = chosen.choice(["worker", "worker", "redis", "postgres"])
            if what == "worker":
                self.workers.kill(chosen.randrange(RUNNING))
            elif what == "redis":
                self.redis.stop()
                time.sleep(chosen.uniform(0.1, 1.0))
                self.redis.start()
            else:
                self.postgres.stop(chosen.choice(["fast", "immediate"]))
                time.sleep(chosen.uniform(0, 0.5))
                self.postgres.start()

    def _wait(self, until: float) -> bool:
        while time.monotonic() < until:
            if self._wrong() == 0:
                return True
            time.sleep(0.1)
        print("out of patience")
        return False

    def _wrong(self) -> int:
        with self.book.lock:
            return sum(self.book.grades.get(sub, (None, 0))[0] != points for sub, points in self.released.items())

    def _counts(self, arrived: bool) -> dict[str, int]:
        from django.db.models import Count

        from lti_tool.models import ScoreDelivery

        rows = ScoreDelivery.objects.filter(resource_link=self.link)
        reverted, best = 0, dict[str, float]()
        for one in self.book.applied:
            points = one.points or 0
            reverted += points < best.get(one.sub, 0)
            best[one.sub] = max(points, best.get(one.sub, 0))
        counts = {
            "lost": self._wrong(),
            "doubled": rows.count() - len(self.people),
            "reverted": reverted,
            "killed": self.workers.killed,
        }
        state = "as released" if arrived else "NOT as released"
        print(f"seed {self.seed}: {state}; {counts}; answers {dict(sorted(self.book.answers.items()))}", flush=True)
        locked = ScoreDelivery.objects.filter(resource_link=self.locked)
        said = dict(locked.values_list("state").annotate(Count("pk")))
        print(f"  locked: {said}, {self.book.knocks} knocks for {len(self.people)}", flush=True)
        for row in rows.exclude(state=ScoreDelivery.State.SENT).select_related("person")[:5]:
            there, ours = self.book.grades.get(row.person.sub), self.released[row.person.sub]
            print(f"  {row.state} v{row.wanted_version}: {row.last_answer} (there {there}, released {ours})")
        return counts

    def _standstill(self, ended: float) -> float:
        moments = [ended, *(one.at for one in self.book.applied if one.at > ended)]
        return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)

    def _forget(self) -> None:
        """The next seed begins with nothing due."""
        self.link.platform.delete()


if __name__ == "__main__":
    sys.exit(main())
