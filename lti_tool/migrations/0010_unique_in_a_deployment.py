"""Apart from the filling in of deployments: PostgreSQL alters no table whose rows the same transaction has changed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lti_tool", "0009_fill_in_deployments")]

    operations = [
        migrations.AlterField(
            model_name="resourcelink",
            name="deployment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="resource_links",
                to="lti_tool.deployment",
            ),
        ),
        migrations.RemoveConstraint(model_name="course", name="course_once"),
        migrations.RemoveConstraint(model_name="resourcelink", name="resource_link_once"),
        migrations.AddConstraint(
            model_name="course",
            constraint=models.UniqueConstraint(fields=("deployment", "context_id"), name="course_once"),
        ),
        migrations.AddConstraint(
            model_name="resourcelink",
            constraint=models.UniqueConstraint(fields=("deployment", "resource_link_id"), name="resource_link_once"),
        ),
    ]
