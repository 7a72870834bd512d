from django.db import migrations


class Migration(migrations.Migration):
    """Apart from 0007: PostgreSQL alters no table whose rows were written in the same transaction."""

    dependencies = [
        ("video", "0007_grading_room"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="grade",
            name="released_at",
        ),
    ]
