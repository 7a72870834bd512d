"""The icons: a part of each page, so that no page waits for them."""

import re

from django.conf import settings
from django.test import Client

from config.templatetags.frontend import icon_sheet

_NAMED = re.compile(r'{% icon "([a-z-]+)" %}')


def test_every_icon_that_a_template_names_is_drawn() -> None:
    templates = (settings.BASE_DIR / "templates").rglob("*.html")
    named = {name for path in templates for name in _NAMED.findall(path.read_text())}

    assert named
    assert {name for name in named if f'id="icon-{name}"' not in icon_sheet()} == set()


def test_a_page_needs_no_other_file_to_draw_its_icons(client: Client) -> None:
    page = client.get("/lti/register/by-hand/", secure=True).content.decode()

    used = re.findall(r'<use href="([^"]*)"', page)
    assert used
    assert {address for address in used if not address.startswith("#icon-")} == set()
    assert all(page.count(f'id="{address[1:]}"') == 1 for address in used)
