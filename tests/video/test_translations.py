"""What is translated is whole, and the files that a start reads are those of the translators' files."""

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

LANGUAGES = ["de", "fr", "es"]
LOCALE = Path(settings.BASE_DIR) / "locale"
Entries = dict[tuple[str, str], list[str]]  # (msgid, msgid_plural) -> msgstr, or one a plural form


def entries(language: str) -> Entries:
    """A .po file read, with no tool but this: `msgid` to `msgstr`."""
    text = (LOCALE / language / "LC_MESSAGES" / "django.po").read_text()
    found: Entries = {}
    for block in re.split(r"\n{2,}", text):
        said: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith("#"):
                assert "fuzzy" not in line, f"{language}: {block}"
                continue
            name, _, rest = line.partition(" ")
            if not line.startswith('"'):
                key, line = name, rest
                said[key] = ""
            said[key] += ast.literal_eval(line)
        if said:
            forms = [value for name, value in said.items() if name.startswith("msgstr")]
            found[said["msgid"], said.get("msgid_plural", "")] = forms
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_file_is_of_the_translators_file(language: str) -> None:
    """`make messages` makes it; it is kept because few machines have the compiler."""
    with (LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    expected: dict[object, str] = {}
    for (msgid, plural), forms in entries(language).items():
        expected |= {(msgid, n): form for n, form in enumerate(forms)} if plural else {msgid: forms[0]}
    del expected[""], compiled[""]

    assert compiled == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_is_translated_with_its_values(language: str) -> None:
    for (msgid, plural), forms in entries(language).items():
        assert len(forms) == (2 if plural else 1)
        for form in forms:
            assert form, f"{language}: {msgid}"
            if msgid:
                assert form not in (msgid, plural)
                assert values(form) == values(msgid), f"{language}: {form}"


def values(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_code_says_is_in_the_file(language: str) -> None:
    known = {msgid for msgid, _ in entries(language)}

    assert said() == known - {""}


def said() -> set[str]:
    """Every text that templates and Python hand to gettext, as Django's own extraction would find it."""
    root, found = Path(settings.BASE_DIR), set[str]()
    for template in (root / "templates").rglob("*.*"):
        source = template.read_text()
        if "i18n" in source:
            found |= _calls(templatize(source))
    for app in ("config", "lti_tool", "video"):
        for module in (root / app).rglob("*.py"):
            source = module.read_text()
            if "translation import" in source:
                found |= _calls(source)
    return found


def _calls(source: str) -> set[str]:
    texts = re.findall(r"""\b(?:gettext|ngettext|_)\(\s*(u?"(?:[^"\\]|\\.)*"|u?'(?:[^'\\]|\\.)*')""", source)
    return {ast.literal_eval(text.removeprefix("u")) for text in texts}


def test_the_extraction_finds_texts() -> None:
    assert len(said()) > 20
