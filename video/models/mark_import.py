from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lti_tool.ids import new_id
from lti_tool.models import LaunchSession, Person
from lti_tool.roles import Role
from video.models.assignment import Assignment
from video.models.submission import Attempt

PREVIEW_LASTS = timedelta(hours=2)
UNDO_LASTS = timedelta(hours=24)


class MarkImportQuerySet(models.QuerySet["MarkImport"]):
    def visible_to(self, launch: LaunchSession) -> "MarkImportQuerySet":
        """A preview in the launch that it was uploaded in, while it lasts; what was applied: editors, and who did it.

        At this launch's own link alone, and for nobody who is not staff.
        """
        if not launch.is_staff:
            return self.none()
        here = self.filter(assignment__resource_link=launch.resource_link_id)
        preview = Q(applied_at=None, launch=launch, at__gt=timezone.now() - PREVIEW_LASTS)
        applied = Q(applied_at__isnull=False)
        if launch.role not in Role.editors():
            applied &= Q(by=launch.person_id)
        return here.filter(preview | applied)

    def undoable(self) -> "MarkImportQuerySet":
        """Applied within the last day, and not undone. (That no other came since is asked of the newest alone.)"""
        return self.filter(applied_at__gt=timezone.now() - UNDO_LASTS, undone_at=None)

    def forgettable(self) -> "MarkImportQuerySet":
        """Previews that nobody applied in time, and what cannot be undone any more: they hold copies of marks."""
        now = timezone.now()
        return self.filter(Q(applied_at=None, at__lte=now - PREVIEW_LASTS) | Q(applied_at__lte=now - UNDO_LASTS))


class MarkImport(models.Model):
    """A CSV of marks that was uploaded: a preview until `applied_at`, and then what can be undone once.

    `report`: what of the file is no change: `{"lines": n, "unchanged": n, "refused": [[row, reason], …],
    "ignored": [heading, …]}`; `"terms"`: what marks were counted by then (`marks.terms_of`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="imports")
    by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    launch = models.ForeignKey(LaunchSession, on_delete=models.SET_NULL, null=True, related_name="+")
    report: Any = models.JSONField(default=dict)
    overwrite = models.BooleanField(default=False, help_text="Marks that were changed since the export, too.")
    release = models.BooleanField(default=False, help_text="Each mark goes back to its student as it is imported.")
    at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True, help_text="When Apply was pressed.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When its last row was settled.")
    undone_at = models.DateTimeField(null=True, blank=True, help_text="When Undo was pressed.")

    objects = MarkImportQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.pk} of {self.assignment_id}"

    @property
    def can_still_be_undone(self) -> bool:
        """Not undone yet, within the day, and no other import was applied since."""
        newest = MarkImport.objects.filter(assignment=self.assignment_id, applied_at__isnull=False)
        return newest.undoable().filter(pk=self.pk).exists() and (
            newest.order_by("-applied_at").values_list("pk", flat=True).first() == self.pk
        )


class ImportedMark(models.Model):
    """One row of an uploaded file that changes something.

    `wanted`: the parts of the mark that the file gives, `{"points", "scores", "overridden", "feedback"}` as a `Grade`
    holds them; a part that is missing stays as it is. `before`: the mark as it was, as `spreadsheet.snapshots` writes
    it. `version`: of the grade that the preview was compared with, 0 for none.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPLIED = "applied"
        KEPT = "kept", "not overwritten"
        OVERTAKEN = "overtaken", "changed since the preview"
        TAKEN_BACK = "taken_back", "taken back by its student"
        UNDONE = "undone"
        LEFT = "left", "changed since the import, so not undone"

    marks_import = models.ForeignKey(MarkImport, on_delete=models.CASCADE, related_name="rows")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="+")
    line = models.PositiveIntegerField(help_text="Of the file as a spreadsheet counts: its headings are row 1.")
    version = models.PositiveIntegerField()
    conflict = models.BooleanField(default=False, help_text="The mark was changed since the file was exported.")
    wanted: Any = models.JSONField()
    before: Any = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    after_version = models.PositiveIntegerField(null=True, blank=True)
    after_released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-conflict", "line")
        constraints = [models.UniqueConstraint(fields=["marks_import", "attempt"], name="imported_mark_once")]

    def __str__(self) -> str:
        return f"{self.marks_import_id} row {self.line} ({self.state})"
