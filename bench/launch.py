"""How fast a launch is, beside others in the same run. `make bench-launch`; `bench/README.md` says what it prints.

All are served at once and launched in turn by one client, so that whatever else the machine does meets all of them.
Ratios are of medians over the rounds. CPU is user and system time of the web server's processes; PostgreSQL's apart.
"""

import argparse
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import environment, peers, platform, processes
from bench.browser import Browser
from bench.peers import Served
from bench.people import MEMBERS

CONNECTIONS = 8
_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (\w+)")
_OF_TRANSACTIONS = {"BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}


@dataclass(frozen=True)
class Turn:
    """What one turn of one server gave: launches a second, and CPU in ms for each of them."""

    rate: float
    web: float
    database: float
    client: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each turn")
    parser.add_argument("--only", nargs="*", help="names of those to compare; all without it")
    options = parser.parse_args()
    own = environment.prepare()
    chosen = [peer for peer in peers.every() if not options.only or peer.name in options.only]
    with platform.key_set_server() as issuer, ExitStack() as stack:
        servers = [
            stack.enter_context(peers.served(peer, issuer, number, own)) for number, peer in enumerate(chosen, start=1)
        ]
        database = Database(own["DATABASE_URL"])
        for server in servers:
            _turn(server, issuer, database, seconds=3)  # keys, templates and plans are there from now on
        whole, without_page = _rounds(servers, issuer, database, options.rounds, options.seconds)
        sql = {server.peer.name: database.statements(server, issuer, "Learner") for server in servers}
        rss = {server.peer.name: _memory(server) for server in servers}
        of_teacher = database.statements(servers[0], issuer, "Instructor")
        _print(whole, without_page, sql, rss)
        print(f"A teacher's launch: {sum(of_teacher):.0f} statements, {of_teacher[1]:.0f} of them of transactions.")
        print(" ".join(f"{name}={value}" for name, value in _figures(whole, without_page, sql, rss).items()))


class Database:
    """The PostgreSQL that all share: its CPU, and what it was asked."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._root = processes.parent(int(self._one("SELECT pg_backend_pid()")))
        self._log = Path(self._one("SHOW data_directory")).parent / "log"  # as `tests.services` starts it

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self._root)

    def statements(self, server: Served, issuer: str, role: str) -> tuple[float, float]:
        """Of one launch: statements that ask or change something, and those of transactions."""
        browser, launches = Browser(issuer, server.tool), 10
        for number in range(2):
            browser.launch(str(number), role)
        with self._logged():
            for number in range(launches):
                browser.launch(str(number), role)
            time.sleep(0.3)
            words = _STATEMENT.findall(self._log.read_text(errors="replace")[self._begins :])
        browser.close()
        of_transactions = sum(word.upper() in _OF_TRANSACTIONS for word in words)
        return (len(words) - of_transactions) / launches, of_transactions / launches

    @contextmanager
    def _logged(self) -> Iterator[None]:
        self._log_statements("all")
        self._begins = len(self._log.read_text(errors="replace"))
        try:
            yield
        finally:
            self._log_statements("none")

    def _log_statements(self, which: str) -> None:
        self._connection.execute(f"ALTER SYSTEM SET log_statement = '{which}'".encode())
        self._connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.5)  # each backend reads it before its next statement

    def _one(self, query: str) -> str:
        row = self._connection.execute(query.encode()).fetchone()
        assert row is not None
        return str(row[0])


def _rounds(
    servers: list[Served], issuer: str, database: Database, rounds: int, seconds: float
) -> tuple[dict[str, Turn], dict[str, Turn]]:
    """Medians by name: of whole launches, and of login and launch alone."""
    turns: dict[tuple[str, bool], list[Turn]] = defaultdict(list)
    for number in range(rounds):
        in_turn = servers[number % len(servers) :] + servers[: number % len(servers)]
        for page in (True, False):
            for server in in_turn:
                turns[server.peer.name, page].append(_turn(server, issuer, database, seconds=seconds, page=page))
    medians = {
        key: Turn(
            *(statistics.median(getattr(one, name) for one in taken) for name in ("rate", "web", "database", "client"))
        )
        for key, taken in turns.items()
    }
    names = [server.peer.name for server in servers]
    return {name: medians[name, True] for name in names}, {name: medians[name, False] for name in names}


def _turn(server: Served, issuer: str, database: Database, *, seconds: float, page: bool = True) -> Turn:
    before = processes.cpu_seconds(server.root), database.cpu_seconds(), time.process_time()
    began = time.perf_counter()

    def launches_until_the_end(number: int) -> int:
        browser, count = Browser(issuer, server.tool), 0
        while time.perf_counter() < began + seconds:
            browser.launch(str((number * MEMBERS // CONNECTIONS + count) % MEMBERS), page=page)
            count += 1
        browser.close()
        return count

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        done = sum(pool.map(launches_until_the_end, range(CONNECTIONS)))
    took = time.perf_counter() - began
    after = processes.cpu_seconds(server.root), database.cpu_seconds(), time.process_time()
    web, of_database, client = ((end - start) / done * 1000 for start, end in zip(before, after, strict=True))
    return Turn(done / took, web, of_database, client)


def _memory(server: Served) -> tuple[float, float]:
    """RSS and PSS of one of its processes that answer, in MB."""
    answering = processes.children(server.root)
    return (
        statistics.mean(processes.resident_mb(pid) for pid in answering),
        statistics.mean(processes.proportional_mb(pid) for pid in answering),
    )


def _print(
    whole: dict[str, Turn],
    without_page: dict[str, Turn],
    sql: dict[str, tuple[float, float]],
    rss: dict[str, tuple[float, float]],
) -> None:
    print("CPU in ms of one launch; medians\n")
    print(
        "            whole: a second   web  PostgreSQL  client   login + launch: a second   web  PostgreSQL   SQL    MB"
    )
    for name, one in whole.items():
        alone, (asked, of_transactions), (resident, proportional) = without_page[name], sql[name], rss[name]
        print(
            f"{name:12}{one.rate:16.0f}{one.web:6.1f}{one.database:12.1f}{one.client:8.1f}"
            f"{alone.rate:27.0f}{alone.web:6.1f}{alone.database:12.1f}"
            f"   {asked:.0f} + {of_transactions:.0f}  {resident:.0f} ({proportional:.0f})"
        )
    print()


def _figures(
    whole: dict[str, Turn],
    without_page: dict[str, Turn],
    sql: dict[str, tuple[float, float]],
    rss: dict[str, tuple[float, float]],
) -> dict[str, str]:
    def ratio(of: dict[str, Turn], field: str, other: str) -> str:
        if other not in of:
            return "not-measured"
        return f"{getattr(of['reelmark'], field) / getattr(of[other], field):.2f}"

    return {
        f"cpu_vs_{peers.EARLIER}": ratio(whole, "web", peers.EARLIER),
        "login_launch_vs_ltijs": ratio(without_page, "rate", "ltijs"),
        "whole_vs_ltijs": ratio(whole, "rate", "ltijs"),
        "sql": f"{sum(sql['reelmark']):.0f}",
        "rss_mb": f"{rss['reelmark'][0]:.0f}",
    }


if __name__ == "__main__":
    main()
