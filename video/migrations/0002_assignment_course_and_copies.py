"""An assignment belongs to a course from the start: Deep Linking makes it before there is a link."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def course_of_the_link(apps, schema_editor):
    Assignment = apps.get_model("video", "Assignment")
    ResourceLink = apps.get_model("lti_tool", "ResourceLink")
    Assignment.objects.filter(resource_link=None).delete()  # none was ever made without a link
    link = ResourceLink.objects.filter(pk=OuterRef("resource_link_id"))
    Assignment.objects.update(course=Subquery(link.values("course_id")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("lti_tool", "0002_lti_advantage"),
        ("video", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="course",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="assignments",
                to="lti_tool.course",
            ),
        ),
        migrations.RunPython(course_of_the_link, migrations.RunPython.noop, elidable=True),
    ]
