"""A gradebook by Moodle's rules (`moodle.md`, 1–6) that fails in every way that a site can."""

import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Applied:
    """A score that changed the gradebook. `at` is monotonic."""

    sub: str
    points: float | None
    at: float


@dataclass
class Gradebook:
    """What the site holds. `chance` of a fault, from 0 to 1; `on_post` is called before and after one is applied.

    A second column, `/locked`, answers each score with an empty 500 and all else well, as Moodle 5.1.3 does.
    """

    seed: int
    chance: float = 0.0
    on_post: Callable[[str], None] = lambda phase: None
    grades: dict[str, tuple[float | None, int]] = field(default_factory=dict)
    applied: list[Applied] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    tokens: set[str] = field(default_factory=set)
    knocks: int = 0  # scores for the locked column

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        gradebook = self

        class Handler(_Handler):
            book = gradebook

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fault(self) -> str:
        """What goes wrong with this request; mostly nothing."""
        with self.lock:
            if self.random.random() >= self.chance:
                return ""
            faults = ["500", "503", "429", "silence", "half", "lost answer", "409", "token"]
            return self.random.choice(faults)

    def put(self, sub: str, points: float | None, second: int) -> bool:
        """False where a score of the same second or later is stored."""
        with self.lock:
            if sub in self.grades and self.grades[sub][1] >= second:
                return False
            self.grades[sub] = points, second
            self.applied.append(Applied(sub, points, time.monotonic()))
            return True

    def count(self, status: object) -> None:
        with self.lock:
            self.answers[str(status)] = self.answers.get(str(status), 0) + 1


class _Handler(BaseHTTPRequestHandler):
    book: Gradebook
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.book.fault()
        if self._broken(fault):
            return
        if self.path.startswith("/token"):
            token = str(uuid.uuid4())
            self.book.tokens.add(token)
            self._answer(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"})
        elif self._token_is_good(fault):
            self._score(json.loads(body), fault)

    def do_GET(self) -> None:
        fault = self.book.fault()
        if self._broken(fault) or not self._token_is_good(fault):
            return
        if self.path.startswith("/locked"):
            self._answer(200, [])
            return
        wanted = parse_qs(urlsplit(self.path).query).get("user_id")
        with self.book.lock:
            rows = [
                {
                    "userId": sub,
                    "resultScore": points,
                    "resultMaximum": 1000,
                    "timestamp": datetime.fromtimestamp(second).astimezone().isoformat(),
                }
                for sub, (points, second) in self.book.grades.items()
                if points is not None and (wanted is None or sub in wanted)
            ]
        self._answer(200, rows)

    def _score(self, score: dict[str, Any], fault: str) -> None:
        if self.path.startswith("/locked"):
            with self.book.lock:
                self.book.knocks += 1
            self._answer(500)
            return
        self.book.on_post("before")
        if fault == "409":
            self._answer(409)
            return
        points = score.get("scoreGiven") if score["gradingProgress"] == "FullyGraded" else None
        taken = self.book.put(score["userId"], points, int(datetime.fromisoformat(score["timestamp"]).timestamp()))
        self.book.on_post("applied")
        if fault == "lost answer":
            self.close_connection = True
            return
        self._answer(200 if taken else 409)
        self.book.on_post("answered")

    def _broken(self, fault: str) -> bool:
        if fault in ("500", "503", "429"):
            self._answer(int(fault), headers={} if fault == "500" else {"Retry-After": "1"})
        elif fault == "silence":
            self.book.count("silence")
            time.sleep(1.5)  # longer than PLATFORM_ANSWER_SECONDS of the run
            self.close_connection = True
        elif fault == "half":
            self.book.count("half")
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            self.close_connection = True
        else:
            return False
        return True

    def _token_is_good(self, fault: str) -> bool:
        if fault == "token":
            self.book.tokens.clear()
        if self.headers.get("Authorization", "").removeprefix("Bearer ") in self.book.tokens:
            return True
        self._answer(401)
        return False

    def _answer(self, status: int, body: object = None, headers: dict[str, str] | None = None) -> None:
        self.book.count(status)
        content = b"" if body is None else json.dumps(body).encode()
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:  # the worker was killed meanwhile
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Silent."""
