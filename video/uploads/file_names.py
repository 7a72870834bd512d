"""A student's file name: as people read it, and as a storage key may hold it."""

import re
import secrets
import unicodedata

from django.utils import timezone

from lti_tool.models import Person

PREFIX = "videos/"
_KEPT = "kept"


def shown_name(name: str) -> str:
    """The last part of a file name, without control and direction characters, at most 255 long; for people to read."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    return clean[-255:] or "video"


def new_key(person: Person, name: str, *, anonymous: bool = False) -> str:
    """`videos/{person}/{timestamp}_{random}/{filename}` (U2), the name made safe for any storage and address.

    Whoever watches a video sees its key in the signed address: under anonymous marking it says neither who nor what.
    """
    stamp = f"{timezone.now():%Y%m%dT%H%M%SZ}_{secrets.token_hex(8)}"
    if anonymous:
        return f"{PREFIX}anonymous/{stamp}/video"
    plain = unicodedata.normalize("NFKD", shown_name(name)).encode("ascii", "ignore").decode()
    before, dot, after = plain.rpartition(".")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", before if dot else after).strip("-.")[:80] or "video"
    suffix = re.sub(r"[^a-z0-9]", "", after.lower())[:9] if dot else ""
    return f"{PREFIX}{person.pk}/{stamp}/{stem}.{suffix}" if suffix else f"{PREFIX}{person.pk}/{stamp}/{stem}"


def kept_key(key: str) -> str:
    """A new key in the folder of this one, which no ticket has ever named and no other look will use."""
    return f"{folder_of(key)}{_KEPT}/{secrets.token_hex(8)}/{key.rpartition('/')[2]}"


def folder_of(key: str) -> str:
    """`videos/{person}/{timestamp}_{random}/`, which holds whatever was stored of one upload, and of no other.

    Empty for a key of another shape: nothing is ever cleared by less than a whole folder's name.
    """
    parts = key.split("/")
    return "/".join(parts[:3]) + "/" if key.startswith(PREFIX) and len(parts) > 3 and all(parts[:3]) else ""
