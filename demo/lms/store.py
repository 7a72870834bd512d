"""Everything the LMS keeps, in one SQLite file."""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from demo.lms import schema

Row = dict[str, Any]


class Store:
    """SQLite behind one lock: a demo has few people, and a lock cannot be forgotten."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        schema.prepare(self._db)

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def row(self, sql: str, *values: Any) -> Row | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def write(self, sql: str, *values: Any) -> int:
        """Run a change; the number of rows it changed."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def insert(self, sql: str, *values: Any) -> int:
        """Run an INSERT; the new row's id."""
        with self._lock:
            return int(self._db.execute(sql, values).lastrowid or 0)

    def take(self, sql: str, *values: Any) -> Row | None:
        """A `DELETE … RETURNING`: the row, for the one caller that removed it."""
        with self._lock:
            found = [dict(row) for row in self._db.execute(sql, values).fetchall()]
        return found[0] if found else None

    def put_score(self, lineitem_id: int, user_id: str, score: Row) -> bool:
        """Store a score unless the stored one is as late or later; True if it was stored."""
        values = (
            lineitem_id,
            user_id,
            *(score[key] for key in ("grade", "comment", "activity", "grading", "second", "stamp")),
        )
        return bool(
            self.write(
                """INSERT INTO score (lineitem_id, user_id, grade, comment, activity, grading, second, stamp)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET grade = excluded.grade, comment = excluded.comment,
                    activity = excluded.activity, grading = excluded.grading, second = excluded.second,
                    stamp = excluded.stamp, posts = posts + 1
                WHERE excluded.second > score.second""",
                *values,
            )
        )

    def log_call(self, method: str, path: str, sent: str, status: int, answer: str) -> None:
        self.write(
            "INSERT INTO call (at, method, path, sent, status, answer) VALUES (?, ?, ?, ?, ?, ?)",
            time.time(),
            method,
            path,
            sent[:4000],
            status,
            answer[:1000],
        )
        self.write("DELETE FROM call WHERE id <= (SELECT max(id) FROM call) - 2000")

    def next_fault(self, path: str) -> Row | None:
        """A fault that was asked for on this path; counted down (times 0: until it is taken away)."""
        with self._lock:
            for fault in self.rows("SELECT * FROM fault ORDER BY id"):
                if fault["path"] in path:
                    if fault["times"] == 1:
                        self.write("DELETE FROM fault WHERE id = ?", fault["id"])
                    elif fault["times"] > 1:
                        self.write("UPDATE fault SET times = times - 1 WHERE id = ?", fault["id"])
                    return fault
        return None

    def gradebook(self) -> dict[str, dict[str, Row]]:
        """Line item id -> user id -> score."""
        book: dict[str, dict[str, Row]] = {}
        for score in self.rows("SELECT * FROM score"):
            book.setdefault(str(score["lineitem_id"]), {})[score["user_id"]] = score
        return book
