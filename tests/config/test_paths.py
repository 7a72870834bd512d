"""Addresses that are put together from ids are those that Django would give."""

import uuid

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.urls import NoReverseMatch, reverse, set_script_prefix

from config.paths import path_of

# Always the same: pytest's workers must all find tests of the same names.
ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.mark.parametrize(
    ("name", "ids"),
    [("lti:launch", []), ("video:home", [ONE]), ("video:playback", [ONE, TWO]), ("video:playback", [TWO, ONE])],
)
def test_path_is_that_of_reverse(name: str, ids: list[uuid.UUID]) -> None:
    assert path_of(name, *ids) == reverse(name, args=ids)


@pytest.mark.parametrize(("name", "ids"), [("video:nowhere", []), ("video:home", []), ("video:home", [ONE, TWO])])
def test_what_is_no_address_is_refused(name: str, ids: list[uuid.UUID]) -> None:
    with pytest.raises(NoReverseMatch):
        path_of(name, *ids)


def test_below_another_prefix_it_is_another_path() -> None:
    assert path_of("video:home", ONE) == f"/l/{ONE}/"
    set_script_prefix("/reelmark/")
    try:
        assert path_of("video:home", ONE) == f"/reelmark/l/{ONE}/"
    finally:
        set_script_prefix("/")


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [
        ("{% url 'video:playback' one two %}", f"/l/{ONE}/videos/{TWO}/playback/"),
        ("{% url 'video:home' one as there %}[{{ there }}]", f"[/l/{ONE}/]"),
        ("{% url 'video:home' text %}", f"/l/{ONE}/"),
        ("{% url 'video:home' launch_id=one %}", f"/l/{ONE}/"),
        ("{% url 'video:nowhere' one as there %}[{{ there }}]", "[]"),
    ],
)
def test_in_templates(tag: str, wanted: str) -> None:
    assert Template(tag).render(Context({"one": ONE, "two": TWO, "text": str(ONE)})) == wanted


@pytest.mark.parametrize("tag", ["{% url 'video:playback' one missing %}", "{% url 'video:home' %}"])
def test_template_without_its_ids_is_refused(tag: str) -> None:
    with pytest.raises(NoReverseMatch):
        Template(tag).render(Context({"one": ONE}))


def test_icons_are_written_out_and_never_looked_up() -> None:
    assert "#icon-check" in Template('{% icon "check" %}').render(Context())
    with pytest.raises(TemplateSyntaxError):
        Template("{% icon name %}")
