from datetime import timedelta

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from lti_tool.ids import new_id
from lti_tool.models import Course, KeptOut, Membership, Person
from lti_tool.roles import Role
from video.models.grade import Release
from video.models.submission import Submission

MARKERS = (Role.TEACHER, Role.ASSISTANT)
STALE = timedelta(days=2)  # what could not be told for so long is no news any more


class MailChoice(models.Model):
    """A kind of e-mail that somebody does not want."""

    class Kind(models.TextChoices):
        RELEASED = "released", "My work was marked"
        NEW_WORK = "new_work", "New work to mark"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mail_choices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    off = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="mail_choice_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self) -> "MailQuerySet":
        """Whose time has come; also what was given to a worker that never came to it."""
        return self.filter(state=Mail.State.WAITING, due_at__lte=timezone.now())

    def stale(self) -> "MailQuerySet":
        return self.filter(state=Mail.State.WAITING, wanted_at__lt=timezone.now() - STALE)

    def lost(self) -> "MailQuerySet":
        """Whose worker ended in the middle: whether the server has taken it, nobody knows."""
        return self.filter(state=Mail.State.SENDING, due_at__lte=timezone.now())

    def needed(self) -> "MailQuerySet":
        """Wanted by somebody with an address who is still there, can open it, and has not seen it since.

        By subqueries alone: an update with a join would no longer look at the row's own state when it gets its turn.
        """
        reachable = Person.objects.filter(pk=OuterRef("person"), platform__active=True).exclude(email="")
        off = MailChoice.objects.filter(person=OuterRef("person"), kind=OuterRef("kind"), off=True)
        member = Membership.objects.filter(person=OuterRef("person"), active=True)
        there = member.filter(course__resource_links__assignment__submissions=OuterRef("submission"))
        cannot_open = KeptOut.objects.filter(
            person=OuterRef("person"), resource_link__assignment__submissions=OuterRef("submission")
        )
        marker = member.filter(course=OuterRef("course"), role__in=MARKERS)
        unseen = Release.objects.filter(
            grade__attempt__submission=OuterRef("submission"), at__gt=OuterRef("told_until"), seen_at=None
        )
        return self.filter(
            Q(Exists(marker), kind=MailChoice.Kind.NEW_WORK)
            | Q(Exists(unseen), Exists(there), ~Exists(cannot_open), kind=MailChoice.Kind.RELEASED),
            Exists(reachable),
            ~Exists(off),
        )


class Mail(models.Model):
    """The outbox of e-mail: what somebody is to be told, and how far that has got. No address, no words.

    One row for a student's submission, one for a marker's course; the next news takes the row of the last.
    """

    class State(models.TextChoices):
        """`sending` is written before the server is spoken to: what a crash leaves there is not sent a second time."""

        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        NEEDLESS = "needless"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, choices=MailChoice.Kind.choices)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="mails")
    submission = models.OneToOneField(Submission, on_delete=models.CASCADE, null=True, blank=True, related_name="mail")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, null=True, blank=True, related_name="mails")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    wanted_at = models.DateTimeField(help_text="When the first of its news came.")
    until = models.DateTimeField(help_text="It tells of what came up to then.")
    told_until = models.DateTimeField(help_text="What came up to then is not told any more.")
    due_at = models.DateTimeField(help_text="When it is sent; while it is being sent, when that is given up.")
    batch = models.UUIDField(null=True, blank=True, help_text="Of those that one worker was given.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="In vain.")
    problem = models.CharField(max_length=40, blank=True, help_text="The server's code, or why it was given up.")
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "course"], name="mail_once"),
            models.CheckConstraint(
                condition=Q(kind="released", submission__isnull=False, course__isnull=True)
                | Q(kind="new_work", submission__isnull=True, course__isnull=False),
                name="mail_of_its_kind",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="mail_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"
