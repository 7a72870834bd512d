"""What links are to know; filled in by the next migration: PostgreSQL makes no index on a table whose rows the same
transaction has changed.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lti_tool", "0007_maximum_and_staff")]

    operations = [
        migrations.AddField(
            model_name="resourcelink",
            name="deployment",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="resource_links",
                to="lti_tool.deployment",
            ),
        ),
        migrations.AddField(
            model_name="resourcelink",
            name="created_at",
            field=models.DateTimeField(
                auto_now_add=True, default=django.utils.timezone.now, help_text="Of its first launch."
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="resourcelink",
            name="silent_since",
            field=models.DateTimeField(
                blank=True,
                help_text=(
                    "When another link appeared in the course, as long as this one was not launched again since."
                ),
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="resourcelink",
            name="gone_at",
            field=models.DateTimeField(
                blank=True, help_text="When the platform said that it has no such place.", null=True
            ),
        ),
    ]
