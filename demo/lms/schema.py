"""The tables, and what is in them at first."""

import sqlite3

_TABLES = """
CREATE TABLE IF NOT EXISTS tool (
    id INTEGER PRIMARY KEY, client_id TEXT NOT NULL UNIQUE, domain TEXT NOT NULL, name TEXT NOT NULL,
    login_url TEXT NOT NULL, redirect_uris TEXT NOT NULL, jwks_url TEXT NOT NULL, target_link_uri TEXT NOT NULL,
    deep_linking_url TEXT NOT NULL, custom TEXT NOT NULL, scopes TEXT NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS course (id INTEGER PRIMARY KEY, title TEXT NOT NULL, history TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS link (
    id INTEGER PRIMARY KEY, title TEXT NOT NULL, description TEXT NOT NULL, graded INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lineitem (
    id INTEGER PRIMARY KEY, link_id INTEGER, label TEXT NOT NULL, maximum REAL NOT NULL, resource_id TEXT, tag TEXT);
CREATE TABLE IF NOT EXISTS score (
    lineitem_id INTEGER NOT NULL, user_id TEXT NOT NULL, grade REAL, comment TEXT, activity TEXT NOT NULL,
    grading TEXT NOT NULL, second INTEGER NOT NULL, stamp TEXT NOT NULL, posts INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (lineitem_id, user_id));
DROP TABLE IF EXISTS hint;
CREATE TABLE IF NOT EXISTS launch (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id TEXT NOT NULL, course_id INTEGER NOT NULL, link_id INTEGER,
    message TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS selection (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, course_id INTEGER NOT NULL, data TEXT, multiple INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS jti (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS token (value TEXT PRIMARY KEY, scopes TEXT NOT NULL, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS call (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, sent TEXT NOT NULL,
    status INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, status INTEGER NOT NULL, times INTEGER NOT NULL, retry_after INTEGER);
"""
# Columns that came later: a demo's data outlives an update of the demo.
_ADDED = (
    ("link", "course_id", "INTEGER NOT NULL DEFAULT 2"),
    ("link", "url", "TEXT NOT NULL DEFAULT ''"),
    ("link", "custom", "TEXT NOT NULL DEFAULT '{}'"),
    ("lineitem", "course_id", "INTEGER NOT NULL DEFAULT 2"),
    ("link", "deleted", "INTEGER NOT NULL DEFAULT 0"),  # it is in the recycle bin
    ("lineitem", "review", "TEXT"),  # the submissionReview, as JSON
    ("token", "client_id", "TEXT NOT NULL DEFAULT 'reelmark-demo'"),
)
_FIRST_LINKS = (
    (1, "Interview", "Film an interview of two minutes. We look at SOUND, light and questions.", 1),
    (2, "Product pitch", "Present your product in one minute.", 1),
    (3, "Practice (not graded)", "Try it out: this activity has no grade column.", 0),
)
FIRST_COURSE = 2


def prepare(db: sqlite3.Connection) -> None:
    """Make what is not there yet."""
    db.executescript(_TABLES)
    for table, column, kind in _ADDED:
        if column not in {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    db.execute("INSERT OR IGNORE INTO course VALUES (?, 'Film and Sound', '')", (FIRST_COURSE,))
    if db.execute("SELECT id FROM link").fetchone() is None:
        for link in _FIRST_LINKS:
            db.execute("INSERT INTO link (id, title, description, graded) VALUES (?, ?, ?, ?)", link)
            if link[3]:
                db.execute(
                    "INSERT INTO lineitem (id, link_id, label, maximum) VALUES (?, ?, ?, 100)", (*link[:1], *link[:2])
                )
