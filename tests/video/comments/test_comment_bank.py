"""The comment bank: everybody's own, with keys that are there once."""

import json
from typing import Any

import pytest

from lti_tool.models import Person
from tests.video.visitor import Visitor
from video.comments import comment_bank
from video.models import Assignment, BankComment

ENTRY = {"text": "Look up.", "key": "1", "criterion": "Clarity", "points": "2,5"}


def add(visitor: Visitor, **changes: Any) -> list[dict[str, Any]]:
    response = visitor.send("bank/", {**ENTRY, **changes})
    assert response.status_code == 200, response.content.decode()
    return whole(response)


def whole(response: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(response.content)["bank"]
    return found


def test_add_change_delete(teacher: Visitor) -> None:
    [entry] = add(teacher)
    assert {**entry, "id": ""} == {**ENTRY, "id": "", "key": 1, "points": "2.5"}

    changed = {"text": "Look down.", "key": "", "criterion": "", "points": ""}
    [entry] = whole(teacher.send(f"bank/{entry['id']}/", changed))
    assert {**entry, "id": ""} == {"id": "", "text": "Look down.", "key": None, "criterion": "", "points": None}

    assert whole(teacher.send(f"bank/{entry['id']}/delete/")) == []
    assert teacher.send(f"bank/{entry['id']}/delete/").status_code == 404


def test_those_on_keys_come_first(teacher: Visitor) -> None:
    for text, key in (("third", ""), ("second", "7"), ("first", "2")):
        add(teacher, text=text, key=key)

    assert [one["text"] for one in whole(teacher.get("bank/"))] == ["first", "second", "third"]


def test_keys_are_swapped(teacher: Visitor) -> None:
    add(teacher, text="one", key="1")
    two = add(teacher, text="two", key="2")[1]
    teacher.send(f"bank/{two['id']}/", {**ENTRY, "text": "two", "key": "1"})
    assert [(one["key"], one["text"]) for one in whole(teacher.get("bank/"))] == [(1, "two"), (2, "one")]

    add(teacher, text="three", key=1)
    assert [(one["key"], one["text"]) for one in whole(teacher.get("bank/"))] == [
        (1, "three"),
        (2, "one"),
        (None, "two"),
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": 5}, "text"),
        ({"text": "a" * 5001}, "text"),
        ({"key": "0"}, "key"),
        ({"key": "10"}, "key"),
        ({"key": -1}, "key"),
        ({"key": 1.5}, "key"),
        ({"key": True}, "key"),
        ({"key": "²"}, "key"),
        ({"key": [1]}, "key"),
        ({"key": {"a": 1}}, "key"),
        ({"points": "-1"}, "points"),
        ({"points": "NaN"}, "points"),
        ({"points": "1e400"}, "points"),
        ({"points": 10**400}, "points"),
        ({"points": [1]}, "points"),
        ({"points": ""}, "points"),
        ({"criterion": ""}, "criterion"),
        ({"criterion": 5}, "criterion"),
        ({"criterion": "a" * 256}, "criterion"),
    ],
)
def test_nonsense_is_refused_in_words(teacher: Visitor, wrong: dict[str, Any], field: str) -> None:
    response = teacher.send("bank/", {**ENTRY, **wrong})

    assert response.status_code == 422
    assert list(json.loads(response.content)["fields"]) == [field]
    assert not BankComment.objects.exists()


def test_what_no_database_holds_is_left_out(teacher: Visitor) -> None:
    [entry] = add(teacher, text="a\x00b\ud800", criterion="c\x00\udfff")

    assert (entry["text"], entry["criterion"]) == ("ab", "c")


def test_full_is_told(teacher: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    assert comment_bank.MOST == 100
    monkeypatch.setattr(comment_bank, "MOST", 2)
    add(teacher)
    [first, _] = add(teacher, key="2")

    assert teacher.send("bank/", ENTRY).status_code == 422
    assert teacher.send(f"bank/{first['id']}/", ENTRY).status_code == 200


def test_nobody_sees_or_touches_anothers(teacher: Visitor, visit: Any) -> None:
    [entry] = add(teacher)

    for role, sub in (("teacher", "5"), ("assistant", "4"), ("admin", "2")):
        other = visit(role, sub)
        assert whole(other.get("bank/")) == []
        assert other.send(f"bank/{entry['id']}/", {**ENTRY, "text": "Taken"}).status_code == 404
        assert other.send(f"bank/{entry['id']}/delete/").status_code == 404
    assert BankComment.objects.get().text == "Look up."


def test_none_for_students(assignment: Assignment, student: Visitor, visit: Any) -> None:
    for visitor in (student, visit("student", "3")):
        assert visitor.get("bank/").status_code == 404
        assert visitor.send("bank/", ENTRY).status_code == 404


def test_the_same_key_for_two_people(teacher: Visitor, visit: Any) -> None:
    add(teacher)
    add(visit("assistant", "4"))

    assert set(BankComment.objects.values_list("owner", "key")) == {
        (person.pk, 1) for person in Person.objects.filter(sub__in="34")
    }
