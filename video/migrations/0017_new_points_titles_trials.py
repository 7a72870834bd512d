import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Exists, OuterRef


def begin_to_follow(apps, schema_editor):
    """What is called here as in Moodle follows it from now on; what is not was changed here, as far as one can tell."""
    Assignment = apps.get_model("video", "Assignment")
    changed = []
    for assignment in Assignment.objects.exclude(resource_link=None).select_related("resource_link").iterator():
        link = assignment.resource_link
        said = {"title": link.title, "instructions": link.description}
        assignment.from_moodle = {
            name: [told, told if getattr(assignment, name) == told[: 255 if name == "title" else None] else None]
            for name, told in said.items()
        }
        changed.append(assignment)
    Assignment.objects.bulk_update(changed, ["from_moodle"], batch_size=500)


def find_trials(apps, schema_editor):
    """Work of somebody who was staff of the course before they opened it as a student."""
    Submission, Membership = apps.get_model("video", "Submission"), apps.get_model("lti_tool", "Membership")
    staff = Membership.objects.filter(
        person=OuterRef("person"), course=OuterRef("assignment__course"), staff_at__lt=OuterRef("created_at")
    )
    Submission.objects.filter(Exists(staff)).update(trial=True)


class Migration(migrations.Migration):
    dependencies = [
        ("lti_tool", "0007_maximum_and_staff"),
        ("video", "0016_verified_bytes"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="chosen_again",
            field=models.ForeignKey(
                blank=True,
                help_text="Content that a teacher selected since, while what becomes of the marks is not decided.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="video.assignment",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="from_moodle",
            field=models.JSONField(
                blank=True,
                default=dict,
                editable=False,
                help_text="By `title` and `instructions`: what its link said last, and what was made of it here.",
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="trial",
            field=models.BooleanField(
                default=False, help_text="By somebody of the staff who looks at it as a student: it counts nowhere."
            ),
        ),
        migrations.RunPython(begin_to_follow, migrations.RunPython.noop),
        migrations.RunPython(find_trials, migrations.RunPython.noop),
    ]
