"""Courses and their activities."""

import json
from typing import Any

from flask import abort

from demo.lms.site import site
from demo.lms.store import Row


def course(course_id: int) -> Row:
    """The course, or a 404."""
    return site().store.row("SELECT * FROM course WHERE id = ?", course_id) or abort(404)


def courses() -> list[Row]:
    return site().store.rows("SELECT * FROM course ORDER BY id")


def link(link_id: int) -> Row | None:
    return site().store.row("SELECT * FROM link WHERE id = ? AND deleted = 0", link_id)


def links(course_id: int) -> list[Row]:
    return site().store.rows("SELECT * FROM link WHERE course_id = ? AND deleted = 0 ORDER BY id", course_id)


def deleted(course_id: int) -> list[Row]:
    """What is in the course's recycle bin."""
    return site().store.rows("SELECT * FROM link WHERE course_id = ? AND deleted = 1 ORDER BY id", course_id)


def delete(link_id: int) -> None:
    """Into the recycle bin: the activity cannot be opened any more, and its grade columns are not there."""
    store = site().store
    store.write("UPDATE link SET deleted = 1 WHERE id = ?", link_id)
    # Out of the course, so that no service finds them, and yet known to the bin.
    store.write("UPDATE lineitem SET course_id = 0 WHERE link_id = ?", link_id)


def restore(link_id: int) -> int | None:
    """Out of the recycle bin as Moodle 5.1 does it: a new activity with the old parameters, columns and grades; its id.

    None for what is not in the bin.
    """
    store = site().store
    old = store.take("UPDATE link SET deleted = 2 WHERE id = ? AND deleted = 1 RETURNING *", link_id)
    if old is None:
        return None
    new_id = store.insert(
        "INSERT INTO link (course_id, title, description, graded, url, custom)"
        " SELECT course_id, title, description, graded, url, custom FROM link WHERE id = ?",
        link_id,
    )
    for item in lineitems(link_id):
        item_id = store.insert(
            "INSERT INTO lineitem (course_id, link_id, label, maximum, resource_id, tag, review)"
            " SELECT ?, ?, label, maximum, resource_id, tag, review FROM lineitem WHERE id = ?",
            old["course_id"],
            new_id,
            item["id"],
        )
        store.write("UPDATE score SET lineitem_id = ? WHERE lineitem_id = ?", item_id, item["id"])
        store.write("DELETE FROM lineitem WHERE id = ?", item["id"])
    return new_id


def lineitems(link_id: int) -> list[Row]:
    return site().store.rows("SELECT * FROM lineitem WHERE link_id = ?", link_id)


def add_link(
    course_id: int, title: str, *, text: str = "", url: str = "", custom: dict[str, str] | None = None, graded: bool
) -> int:
    """An activity; its grade column is added apart. The new activity's id."""
    return site().store.insert(
        "INSERT INTO link (course_id, title, description, url, custom, graded) VALUES (?, ?, ?, ?, ?, ?)",
        course_id,
        title,
        text,
        url,
        json.dumps(custom or {}),
        int(graded),
    )


def add_lineitem(course_id: int, link_id: int | None, label: str, item: dict[str, Any]) -> int:
    """A grade column from a line item as the services and Deep Linking write one. The new column's id."""
    return site().store.insert(
        "INSERT INTO lineitem (course_id, link_id, label, maximum, resource_id, tag, review)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        course_id,
        link_id,
        label,
        item["scoreMaximum"],
        item.get("resourceId"),
        item.get("tag"),
        review_column(item),
    )


def review_column(item: dict[str, Any]) -> str | None:
    """A line item's submissionReview as it is kept: None without one, `{}` for the activity's own address."""
    review = item.get("submissionReview")
    return json.dumps(review) if isinstance(review, dict) else None


def copy(course_id: int) -> int:
    """A second course with the same activities and empty grade columns; its id. The nearest ancestor comes first."""
    old = course(course_id)
    history = ",".join(filter(None, (str(old["id"]), old["history"])))
    store = site().store
    new_id = store.insert("INSERT INTO course (title, history) VALUES (?, ?)", f"{old['title']} (copy)", history)
    for one in links(course_id):
        link_id = store.insert(
            "INSERT INTO link (course_id, title, description, graded, url, custom)"
            " SELECT ?, title, description, graded, url, custom FROM link WHERE id = ?",
            new_id,
            one["id"],
        )
        store.write(
            "INSERT INTO lineitem (course_id, link_id, label, maximum, resource_id, tag, review)"
            " SELECT ?, ?, label, maximum, resource_id, tag, review FROM lineitem WHERE link_id = ? ORDER BY id",
            new_id,
            link_id,
            one["id"],
        )
    return new_id
