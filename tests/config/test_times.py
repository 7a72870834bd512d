"""A moment as pages write it, in the middle of a sentence."""

from datetime import UTC, datetime

from django.template.loader import render_to_string


def test_nothing_comes_between_a_time_and_the_sign_after_it() -> None:
    shown = render_to_string("parts/time.html", {"at": datetime(2026, 11, 29, 21, 13, tzinfo=UTC)})

    assert shown.startswith("<time")
    assert shown.endswith("</time>")
