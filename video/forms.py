"""The forms of set-up, more time and grading."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from config import json_text, zones
from video.assignments.extensions import MOST_EXTRA_ATTEMPTS, first_limit
from video.feedback.attachments import NewFile
from video.models import Assignment, Attachment, Submission
from video.rubrics import rubrics
from video.rubrics.rubrics import short
from video.uploads.tickets import MOST_PARTS_AT_ONCE, Announced

GB = 1024**3
UNKNOWN_ZONE = (
    "Your browser calls its time zone “{}”, which is not known here. Choose a city's zone in the settings of your "
    "device, then type the date again."
)
DAY = 24 * 60  # minutes


# What a new date does, by whether there is a due and a closing date.
_UNTIL = {
    (True, True): "Until then it is not late, and it is taken even if the assignment is closed.",
    (True, False): "Until then it is not late.",
    (False, True): "Until then it is taken.",
    (False, False): "",
}


class LocalDateTime(forms.DateTimeInput):
    """`datetime-local` whose value the page's script turns into the browser's zone, from `data-utc`."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        if isinstance(value, datetime):
            at = value.astimezone(UTC) if timezone.is_aware(value) else value.replace(tzinfo=UTC)
            attrs = {**(attrs or {}), "data-utc": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return super().get_context(name, value, attrs)


class RubricField(forms.Field):
    """A rubric as the JSON that the editor writes; its value is `Rubric.as_json`.

    What was typed is shown again also where it is wrong: it may be an hour's work.
    """

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> dict[str, Any]:
        try:
            typed = json_text.loads(value or "{}")
        except ValueError:
            raise forms.ValidationError(rubrics.UNREADABLE) from None
        return rubrics.parse(typed).as_json()

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value or {})


class AssignmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """Set-up. Every field has a sensible default, so that Save alone gives a working assignment.

    `time_zone` is what the browser calls its zone; dates are typed in it and stored in UTC. Empty: the page's script
    did not run, and the page says that times are in UTC.
    """

    time_zone = forms.CharField(required=False, widget=forms.HiddenInput)
    max_size_gb = forms.DecimalField(
        label="Largest file (GB)",
        max_digits=6,
        decimal_places=2,
        min_value=Decimal("0.01"),
    )
    max_minutes = forms.DecimalField(
        required=False,
        label="Longest video (minutes)",
        help_text="Such as 10, or 2.5. Empty: any length.",
        max_digits=6,
        decimal_places=2,
        min_value=Decimal("0.1"),
        max_value=Decimal(DAY),
        error_messages={
            "invalid": "A number of minutes, such as 10 or 2.5.",
            "min_value": "At least 0.1 minutes, which is 6 seconds.",
            "max_value": f"At most {DAY} minutes, which is a whole day.",
        },
    )
    opens_at = forms.CharField(required=False, label="Opens", widget=LocalDateTime)
    due_at = forms.CharField(required=False, label="Due", widget=LocalDateTime)
    closes_at = forms.CharField(required=False, label="Closes", widget=LocalDateTime)
    rubric = RubricField(required=False)

    class Meta:
        model = Assignment
        fields = (
            "title",
            "instructions",
            "points",
            "attempts_allowed",
            "ways",
            "opens_at",
            "due_at",
            "closes_at",
            "statement",
            "grading",
            "rubric",
            "hold_grades",
            "anonymous",
            "assistants_release",
            "replies",
            "double_marking",
        )
        labels = {
            "grading": "Marked by",
            "hold_grades": "Keep marks back until somebody releases them",
            "anonymous": "Anonymous marking: no names before a mark is released",
            "assistants_release": "Assistants may release marks",
            "replies": "Students may answer comments on their video",
            "double_marking": "Two markers, then an agreed mark",
            "attempts_allowed": "Attempts",
            "ways": "How students send it",
            "statement": "Statement to tick before handing in",
        }
        widgets = {
            "instructions": forms.Textarea(attrs={"rows": 5}),
            "ways": forms.RadioSelect,
            "grading": forms.RadioSelect,
            "statement": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit = Decimal(settings.UPLOAD_MAX_BYTES) / GB
        self.initial["points"] = short(self.instance.points)
        self.fields["points"].widget.attrs |= {"min": "0.01", "step": "any", "inputmode": "decimal"}
        self.fields["max_size_gb"].initial = short(Decimal(self.instance.max_bytes) / GB)
        self.fields["max_size_gb"].validators.append(
            MaxValueValidator(limit, message=f"At most {short(limit)} GB: this site's limit.")
        )
        if self.instance.max_seconds:
            self.fields["max_minutes"].initial = short(Decimal(self.instance.max_seconds) / 60)
        self.fields["max_minutes"].widget.attrs |= {"step": "any", "inputmode": "decimal"}
        self.fields["attempts_allowed"].validators.append(MinValueValidator(1))
        for name in ("ways", "grading"):
            self.fields[name].required = False  # where nothing is chosen, what it was stays

    def clean_ways(self) -> str:
        return str(self.cleaned_data["ways"] or self.instance.ways)

    def clean_grading(self) -> str:
        return str(self.cleaned_data["grading"] or self.instance.grading)

    def clean_rubric(self) -> dict[str, Any]:
        """Where a page sends none, what there is stays."""
        sent = self.add_prefix("rubric") in self.data
        rubric: dict[str, Any] = self.cleaned_data["rubric"] if sent else self.instance.rubric
        return rubric

    def clean_statement(self) -> str:
        """One line: it stands beside a box to tick."""
        return " ".join(self.cleaned_data["statement"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("opens_at", "due_at", "closes_at"):
            cleaned[name] = _moment(self, name)
        self._check_order(cleaned)
        self._check_rubric(cleaned)
        return cleaned

    def _check_rubric(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("grading") == Assignment.Grading.RUBRIC and "rubric" in cleaned and not cleaned["rubric"]:
            self.add_error("rubric", "The rubric has no criteria yet: add one, or mark by points.")

    def _check_order(self, cleaned: dict[str, Any]) -> None:
        opens, due, closes = (cleaned.get(name) for name in ("opens_at", "due_at", "closes_at"))
        if opens and due and due <= opens:
            self.add_error("due_at", "The due date must be after the opening date.")
        if due and closes and closes < due:
            self.add_error("closes_at", "The closing date must not be before the due date.")
        if opens and closes and closes <= opens:
            self.add_error("closes_at", "The closing date must be after the opening date.")

    def save(self, commit: bool = True) -> Assignment:
        """Of one that is stored already, what the form asks for alone: the rest may be another by now."""
        minutes: Decimal | None = self.cleaned_data["max_minutes"]
        self.instance.max_bytes = int(self.cleaned_data["max_size_gb"] * GB)
        self.instance.max_seconds = None if minutes is None else round(minutes * 60)
        stored = not self.instance._state.adding
        saved: Assignment = super().save(commit=commit and not stored)
        if commit and stored:
            saved.save(update_fields=[*self.Meta.fields, "max_bytes", "max_seconds", "set_up_by", "updated_at"])
        return saved


class ContentForm(AssignmentForm):
    """Set-up by Deep Linking, which makes Moodle's grade column along with the activity.

    Moodle takes whole points from 1 to its site's limit (100 unless an admin changed it); of anything else it makes an
    activity without a grade (`moodle.md`, 23).
    """

    points = forms.IntegerField(
        min_value=1,
        max_value=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": "A whole number from 1 to 100.",
            "min_value": "At least 1 point: Moodle makes no grade column for less.",
            "max_value": "At most 100 points: Moodle makes no grade column for more.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = self.fields["points"]
        points.widget.attrs |= {"min": "1", "max": "100", "step": "1"}
        # An earlier assignment may have been worth 12.5 or 250 points.
        self.initial["points"] = int(max(Decimal(1), min(self.instance.points, Decimal(100))))


class MoreTimeForm(forms.Form):
    """One person's extension. A field that would change nothing, in an assignment without that limit, is not there."""

    time_zone = forms.CharField(required=False, widget=forms.HiddenInput)
    until = forms.CharField(required=False, label="New date and time", widget=LocalDateTime)
    extra_attempts = forms.IntegerField(
        required=False,
        label="Extra attempts",
        help_text="On top of everybody's.",
        min_value=0,
        max_value=MOST_EXTRA_ATTEMPTS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": f"A whole number from 0 to {MOST_EXTRA_ATTEMPTS}.",
            "min_value": f"A whole number from 0 to {MOST_EXTRA_ATTEMPTS}.",
            "max_value": f"At most {MOST_EXTRA_ATTEMPTS} extra attempts.",
        },
    )

    def __init__(self, *args: Any, submission: Submission, **kwargs: Any) -> None:
        self.submission, self.limit = submission, first_limit(submission.assignment)
        self._given = (submission.extended_to, submission.extra_attempts)
        kwargs["initial"] = dict(zip(("until", "extra_attempts"), self._given, strict=True))
        super().__init__(*args, **kwargs)
        self.fields["until"].help_text = _UNTIL[
            bool(submission.assignment.due_at), bool(submission.assignment.closes_at)
        ]
        if self.limit is None:
            del self.fields["until"]
        if submission.assignment.attempts_allowed is None:
            del self.fields["extra_attempts"]

    @property
    def needed(self) -> bool:
        """False where the assignment has no limit that could be moved."""
        return bool(self.fields.keys() - {"time_zone"})

    @property
    def wanted(self) -> tuple[datetime | None, int]:
        """Until when, and extra attempts: as typed, or as it is where there is no field for it."""
        until = self.cleaned_data.get("until", self.submission.extended_to)
        return until, self.cleaned_data.get("extra_attempts", self.submission.extra_attempts) or 0

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.needed:
            raise forms.ValidationError("Nothing was saved: this assignment has no limit.")
        if "until" in self.fields:
            cleaned["until"] = _moment(self, "until")
            self._check_later(cleaned["until"])
        if not self.errors and not any(self.wanted) and not any(self._given):
            raise forms.ValidationError("Nothing to save: fill in a date or a number.")
        return cleaned

    def _check_later(self, until: datetime | None) -> None:
        if until and self.limit and until <= self.limit:
            which = "due" if self.submission.assignment.due_at else "closing"
            self.add_error("until", f"It must be later than the {which} date: this would give no more time.")


class ReopenForm(forms.Form):
    """Until when an assignment that has closed is open again, for some; no field where it has closed for none."""

    time_zone = forms.CharField(required=False, widget=forms.HiddenInput)
    until = forms.CharField(label="Open again until", widget=LocalDateTime)

    def __init__(self, *args: Any, closed: bool, **kwargs: Any) -> None:
        kwargs["initial"] = {"until": timezone.now() + timedelta(days=7)}
        super().__init__(*args, **kwargs)
        if not closed:
            del self.fields["until"]

    @property
    def wanted(self) -> datetime | None:
        until: datetime | None = self.cleaned_data.get("until")
        return until

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("until"):
            cleaned["until"] = _moment(self, "until")
            if cleaned["until"] and cleaned["until"] <= timezone.now():
                self.add_error("until", "It must be in the future.")
        return cleaned


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


class FileForm(forms.Form):
    """What a browser says of a file that is to go with a mark."""

    name = forms.CharField(max_length=1000)
    size = forms.IntegerField(min_value=0, max_value=2**62)
    kind = forms.ChoiceField(choices=Attachment.Kind.choices, required=False)
    fingerprint = forms.RegexField(r"^[0-9a-f]{64}$", required=False)

    @property
    def file(self) -> NewFile:
        found = self.cleaned_data
        return NewFile(
            name=found["name"],
            size=found["size"],
            kind=Attachment.Kind(found["kind"] or Attachment.Kind.FILE),
            fingerprint=found["fingerprint"],
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


def _moment(form: forms.BaseForm, name: str) -> datetime | None:
    """What was typed into a date field of a form with a `time_zone`, in UTC; nonsense becomes the field's error."""
    typed: str = form.cleaned_data.get(name) or ""
    zone: str = form.cleaned_data.get("time_zone") or ""
    if not typed:
        return None
    try:
        at = datetime.fromisoformat(typed).replace(tzinfo=zones.zone(zone) if zone else UTC)
        return at.astimezone(UTC)
    except zones.UnknownZone:
        form.add_error(name, UNKNOWN_ZONE.format(zone[:60]))
    except (ValueError, OverflowError):
        form.add_error(name, "Type a date and a time.")
    return None
