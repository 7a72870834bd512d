"""A full window knows whose it is, so that leaving ends them all.

`data` of a Deep Linking launch may be any JSON; so far it was kept as the text that it should be.
"""

import json

import django.db.models.deletion
from django.db import migrations, models


def write_as_json(apps, schema_editor):
    for selection in apps.get_model("lti_tool", "ContentSelection").objects.exclude(data="").iterator():
        selection.data = json.dumps(selection.data)
        selection.save(update_fields=["data"])


def write_as_text(apps, schema_editor):
    for selection in apps.get_model("lti_tool", "ContentSelection").objects.exclude(data="").iterator():
        value = json.loads(selection.data)
        selection.data = value if isinstance(value, str) and "\x00" not in value else ""
        selection.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [("lti_tool", "0005_who_is_in_a_course")]

    operations = [
        migrations.AddField(
            model_name="launchsession",
            name="opened_from",
            field=models.ForeignKey(
                blank=True,
                help_text="The launch whose full window this is; empty for the launch itself.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="windows",
                to="lti_tool.launchsession",
            ),
        ),
        migrations.AlterField(
            model_name="contentselection",
            name="data",
            field=models.TextField(blank=True, help_text="Opaque, as JSON: given back as it came."),
        ),
        migrations.RunPython(write_as_json, write_as_text),
    ]
