from django.db import models

from lti_tool.models import Person


class MailChoice(models.Model):
    """A kind of e-mail that somebody does not want, and when they were last told of new work."""

    class Kind(models.TextChoices):
        RELEASED = "released", "My work was marked"
        NEW_WORK = "new_work", "New work to mark"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mail_choices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    off = models.BooleanField(default=False)
    told_until = models.DateTimeField(null=True, blank=True, help_text="A digest has told of what came before.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="mail_choice_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"
