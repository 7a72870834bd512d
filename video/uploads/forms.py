"""What a browser says of a video, and of its parts, before it sends them."""

from typing import Any

from django import forms

from video.uploads.tickets import MOST_PARTS_AT_ONCE, Announced


class UploadForm(forms.Form):
    """What a browser says of a video before it sends it. A recording has no size yet."""

    name = forms.CharField(max_length=1000)
    size = forms.IntegerField(min_value=0, max_value=2**62, required=False)
    type = forms.CharField(max_length=200, required=False)
    fingerprint = forms.RegexField(r"^[0-9a-f]{64}$", required=False)
    recorded = forms.BooleanField(required=False)
    sender = forms.RegexField(r"^[ A-Za-z0-9.-]{1,36}$", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "size" in cleaned and (cleaned["size"] is None) != cleaned["recorded"]:
            self.add_error("size", "A file has a size, a recording has none.")
        return cleaned

    @property
    def announced(self) -> Announced:
        found = self.cleaned_data
        return Announced(
            name=found["name"],
            size=found["size"],
            claimed_type=found["type"],
            fingerprint=found["fingerprint"],
            sender=found["sender"],
        )


class PartsForm:
    """The parts that a browser wants to send: `{"parts": [{"number": 1, "size": 8388608}, …], "sender": …}`."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._parts = body.get("parts")
        self.sender = str(body.get("sender", ""))
        self.sizes: dict[int, int] = {}

    def is_valid(self) -> bool:
        parts = self._parts
        if not isinstance(parts, list) or not 0 < len(parts) <= MOST_PARTS_AT_ONCE:
            return False
        for part in parts:
            if not isinstance(part, dict):
                return False
            number, size = part.get("number"), part.get("size")
            if type(number) is not int or type(size) is not int or not (0 < number <= 10_000 and size > 0):
                return False
            self.sizes[number] = size
        return True
