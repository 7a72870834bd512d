from django.db import migrations, models
from django.db.models import Min, OuterRef, Subquery
from django.db.models.functions import Coalesce, Now

STAFF = ["assistant", "teacher", "admin"]


def note_staff(apps, schema_editor):
    """Whom a launch has called staff, as far as it is still known."""
    Membership, LaunchSession = apps.get_model("lti_tool", "Membership"), apps.get_model("lti_tool", "LaunchSession")
    launched = LaunchSession.objects.filter(
        person=OuterRef("person"), resource_link__course=OuterRef("course"), role__in=STAFF
    )
    first = Subquery(launched.order_by().values("person").annotate(first=Min("created_at")).values("first"))
    Membership.objects.filter(staff_at=None).update(staff_at=first)
    known = Membership.objects.filter(staff_at=None, role__in=STAFF, from_launch=True)
    known.update(staff_at=Coalesce("seen_at", Now()))


class Migration(migrations.Migration):
    dependencies = [
        ("lti_tool", "0006_windows_and_selection_data"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="staff_at",
            field=models.DateTimeField(
                blank=True,
                help_text="Since when a launch has said that they are staff, whatever it says today.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="resourcelink",
            name="maximum_wanted",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="What its line item is to count to; empty: nothing is to be told.",
                max_digits=8,
                null=True,
            ),
        ),
        migrations.RunPython(note_staff, migrations.RunPython.noop),
    ]
