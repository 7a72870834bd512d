"""Apart from the filling in of courses: PostgreSQL alters no table whose rows the same transaction has changed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("video", "0002_assignment_course_and_copies")]

    operations = [
        migrations.AlterField(
            model_name="assignment",
            name="course",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="assignments", to="lti_tool.course"
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="copied_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="copies",
                to="video.assignment",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="copy_told_at",
            field=models.DateTimeField(blank=True, help_text="When a teacher was told that it is a copy.", null=True),
        ),
        migrations.AddField(
            model_name="assignment",
            name="offered_at",
            field=models.DateTimeField(
                blank=True, help_text="When a Deep Linking reply gave it to the platform.", null=True
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="selection",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="assignments",
                to="lti_tool.contentselection",
            ),
        ),
    ]
