"""A moment as pages write it, in the middle of a sentence."""

from datetime import UTC, datetime, timedelta, timezone

from django.template import Context, Template


def shown(tag: str, **context: object) -> str:
    return Template(tag).render(Context(context))


def test_nothing_comes_between_a_time_and_the_sign_after_it() -> None:
    time = shown("{% time at %}", at=datetime(2026, 11, 29, 21, 13, tzinfo=UTC))

    assert time.startswith("<time")
    assert time.endswith("</time>")


def test_without_a_script_it_is_in_utc() -> None:
    at = datetime(2026, 11, 29, 22, 13, 7, tzinfo=timezone(timedelta(hours=1)))

    assert shown('{% time at "soon" %}', at=at) == (
        '<time datetime="2026-11-29T21:13:07Z" data-local="soon">Sun 29 Nov 2026, 21:13 UTC</time>'
    )
