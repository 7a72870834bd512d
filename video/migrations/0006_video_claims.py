from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("video", "0005_uploads_in_parts"),
    ]

    operations = [
        migrations.AddField(
            model_name="video",
            name="claimed_until",
            field=models.DateTimeField(
                blank=True, help_text="A worker looks into it; until then no other begins.", null=True
            ),
        ),
        migrations.AddField(
            model_name="video",
            name="looks",
            field=models.PositiveSmallIntegerField(default=0, help_text="Times a worker began to look into it."),
        ),
    ]
