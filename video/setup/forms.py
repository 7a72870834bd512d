"""The set-up form, and that of Select content."""

import json
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator

from config import json_text
from video.local_time import LocalDateTime, typed_moment
from video.models import Assignment
from video.rubrics import rubrics
from video.rubrics.rubrics import short

GB = 1024**3
DAY = 24 * 60  # minutes


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
            cleaned[name] = typed_moment(self, name)
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
