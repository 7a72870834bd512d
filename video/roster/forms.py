"""More time for one person, and an assignment that is open again for some."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from video.assignments.extensions import MOST_EXTRA_ATTEMPTS, first_limit
from video.local_time import LocalDateTime, typed_moment
from video.models import Submission

# What a new date does, by whether there is a due and a closing date.
_UNTIL = {
    (True, True): "Until then it is not late, and it is taken even if the assignment is closed.",
    (True, False): "Until then it is not late.",
    (False, True): "Until then it is taken.",
    (False, False): "",
}


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
            cleaned["until"] = typed_moment(self, "until")
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
            cleaned["until"] = typed_moment(self, "until")
            if cleaned["until"] and cleaned["until"] <= timezone.now():
                self.add_error("until", "It must be in the future.")
        return cleaned
