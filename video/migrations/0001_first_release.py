import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import lti_tool.ids
import video.models.assignment
from decimal import Decimal
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    # Databases of builds before there was a release have these applied; with all of them nothing is left to do.
    replaces = [
        ("video", "0001_initial"),
        ("video", "0002_assignment_course_and_copies"),
        ("video", "0003_assignment_course_required"),
        ("video", "0004_assignment_content_id"),
        ("video", "0005_uploads_in_parts"),
        ("video", "0006_video_claims"),
        ("video", "0007_grading_room"),
        ("video", "0008_grade_without_released_at"),
        ("video", "0009_comments"),
        ("video", "0010_roster"),
        ("video", "0011_files"),
        ("video", "0012_csv"),
        ("video", "0013_mail"),
        ("video", "0014_student"),
        ("video", "0015_event_kinds"),
        ("video", "0016_verified_bytes"),
        ("video", "0017_new_points_titles_trials"),
        ("video", "0018_brought_back"),
        ("video", "0019_event_kinds"),
    ]

    dependencies = [
        ("lti_tool", "0001_first_release"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)])),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("late", models.BooleanField(default=False)),
                ("receipt_number", models.CharField(blank=True, max_length=20, null=True, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ("-number",),
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("title", models.CharField(max_length=255)),
                ("instructions", models.TextField(blank=True)),
                (
                    "points",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("100"),
                        max_digits=6,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.01")),
                            django.core.validators.MaxValueValidator(Decimal("9999")),
                        ],
                    ),
                ),
                ("opens_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("closes_at", models.DateTimeField(blank=True, null=True)),
                (
                    "attempts_allowed",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=None,
                        help_text="Empty: any number.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("max_bytes", models.PositiveBigIntegerField(default=video.models.assignment.largest_upload)),
                (
                    "max_seconds",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Longest video, in seconds. Empty: any.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "ways",
                    models.CharField(
                        choices=[
                            ("both", "Upload a file or record"),
                            ("upload", "Upload a file only"),
                            ("record", "Record only"),
                        ],
                        default="both",
                        max_length=10,
                    ),
                ),
                (
                    "statement",
                    models.CharField(
                        blank=True,
                        help_text="What a student has to tick before handing in. Empty: nothing.",
                        max_length=500,
                    ),
                ),
                ("storage", models.CharField(blank=True, max_length=40)),
                (
                    "grading",
                    models.CharField(
                        choices=[("points", "Points"), ("rubric", "Rubric"), ("pass_fail", "Pass or fail")],
                        default="points",
                        max_length=10,
                    ),
                ),
                (
                    "rubric",
                    models.JSONField(blank=True, default=dict, help_text="As `rubrics.Rubric.as_json`; empty: none."),
                ),
                (
                    "hold_grades",
                    models.BooleanField(default=False, help_text="Marks wait until somebody releases them."),
                ),
                (
                    "anonymous",
                    models.BooleanField(default=False, help_text="Markers see no names before a mark is released."),
                ),
                ("assistants_release", models.BooleanField(default=False)),
                (
                    "replies",
                    models.BooleanField(default=False, help_text="Students may answer comments on their video."),
                ),
                ("double_marking", models.BooleanField(default=False)),
                (
                    "alias_salt",
                    models.CharField(default=video.models.assignment.new_salt, editable=False, max_length=16),
                ),
                (
                    "offered_at",
                    models.DateTimeField(
                        blank=True, help_text="When a Deep Linking reply gave it to the platform.", null=True
                    ),
                ),
                (
                    "content_id",
                    models.CharField(
                        blank=True,
                        help_text="What its link's parameter named when its settings were taken from there.",
                        max_length=100,
                    ),
                ),
                (
                    "from_moodle",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        editable=False,
                        help_text="By `title` and `instructions`: what its link said last, and what was made of it here.",
                    ),
                ),
                ("brought_at", models.DateTimeField(blank=True, null=True)),
                (
                    "copy_told_at",
                    models.DateTimeField(blank=True, help_text="When a teacher was told that it is a copy.", null=True),
                ),
                (
                    "marks_imported_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="The last time, so that a page need not look for imports.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "brought_from",
                    models.ForeignKey(
                        blank=True,
                        help_text="Where it lived before a teacher said that its link now is the same activity (`former`).",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="lti_tool.resourcelink",
                    ),
                ),
                (
                    "chosen_again",
                    models.ForeignKey(
                        blank=True,
                        help_text="Content that a teacher selected since, while what becomes of the marks is not decided.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="video.assignment",
                    ),
                ),
                (
                    "copied_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="copies",
                        to="video.assignment",
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="assignments", to="lti_tool.course"
                    ),
                ),
                (
                    "resource_link",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignment",
                        to="lti_tool.resourcelink",
                    ),
                ),
                (
                    "selection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="assignments",
                        to="lti_tool.contentselection",
                    ),
                ),
                (
                    "set_up_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="lti_tool.person",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(choices=[("file", "File"), ("audio", "Audio")], default="file", max_length=10),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("checking", "Checking"),
                            ("ready", "Ready"),
                            ("error", "Error"),
                            ("deleted", "Deleted"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("backend", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=1024)),
                (
                    "incoming_key",
                    models.CharField(
                        blank=True,
                        help_text="Where it was sent, until its folder holds nothing but `key`.",
                        max_length=1024,
                    ),
                ),
                (
                    "upload_id",
                    models.CharField(blank=True, help_text="Storage's name for an upload in parts.", max_length=1024),
                ),
                ("part_bytes", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "fingerprint",
                    models.CharField(blank=True, help_text="Of the file's first and last megabyte.", max_length=64),
                ),
                (
                    "active_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When its browser last asked for something."
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("size", models.PositiveBigIntegerField(help_text="Bytes.")),
                ("content_type", models.CharField(max_length=100)),
                (
                    "checksum",
                    models.CharField(
                        blank=True, help_text="Empty where none was kept, as in older rows.", max_length=100
                    ),
                ),
                ("duration", models.FloatField(blank=True, help_text="Seconds.", null=True)),
                (
                    "claimed_until",
                    models.DateTimeField(
                        blank=True, help_text="A worker rewrites it; until then no other begins.", null=True
                    ),
                ),
                ("looks", models.PositiveSmallIntegerField(default=0, help_text="Times a worker began to rewrite it.")),
                ("error_message", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "attached_at",
                    models.DateTimeField(
                        blank=True, help_text="When it had arrived, and went with the mark.", null=True
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("object_deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "altered_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When storage was found to hold something else than was looked at, or nothing.",
                        null=True,
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="lti_tool.person"
                    ),
                ),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attachments", to="video.attempt"
                    ),
                ),
            ],
            options={
                "ordering": ("created_at",),
            },
        ),
        migrations.CreateModel(
            name="BankComment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "key",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="On the keyboard.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(9),
                        ],
                    ),
                ),
                ("text", models.TextField(max_length=5000)),
                (
                    "criterion",
                    models.CharField(
                        blank=True, help_text="Title of the criterion that it gives points on.", max_length=255
                    ),
                ),
                ("points", models.DecimalField(blank=True, decimal_places=2, max_digits=6, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="bank_comments", to="lti_tool.person"
                    ),
                ),
            ],
            options={
                "ordering": ("key", "created_at"),
            },
        ),
        migrations.CreateModel(
            name="Grade",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=1, help_text="One more with each change: who saves names the last."
                    ),
                ),
                (
                    "points",
                    models.DecimalField(
                        blank=True, decimal_places=2, help_text="Empty: not yet.", max_digits=6, null=True
                    ),
                ),
                ("scores", models.JSONField(blank=True, default=dict)),
                (
                    "overridden",
                    models.BooleanField(default=False, help_text="The points were typed over the rubric's total."),
                ),
                ("feedback", models.TextField(blank=True)),
                (
                    "private_note",
                    models.TextField(blank=True, help_text="For the other markers: its student never sees it."),
                ),
                (
                    "unreleased",
                    models.BooleanField(default=True, help_text="Something of it is not what its student sees."),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "attempt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="grade", to="video.attempt"
                    ),
                ),
                (
                    "grader",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="lti_tool.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MailChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("released", "My work was marked"), ("new_work", "New work to mark")], max_length=20
                    ),
                ),
                ("off", models.BooleanField(default=False)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mail_choices", to="lti_tool.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MarkImport",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("report", models.JSONField(default=dict)),
                (
                    "overwrite",
                    models.BooleanField(default=False, help_text="Marks that were changed since the export, too."),
                ),
                (
                    "release",
                    models.BooleanField(
                        default=False, help_text="Each mark goes back to its student as it is imported."
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("applied_at", models.DateTimeField(blank=True, help_text="When Apply was pressed.", null=True)),
                ("done_at", models.DateTimeField(blank=True, help_text="When its last row was settled.", null=True)),
                ("undone_at", models.DateTimeField(blank=True, help_text="When Undo was pressed.", null=True)),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="imports", to="video.assignment"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="lti_tool.person"
                    ),
                ),
                (
                    "launch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="lti_tool.launchsession",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ImportedMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.PositiveIntegerField(
                        help_text="Of the file as a spreadsheet counts: its headings are row 1."
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                (
                    "conflict",
                    models.BooleanField(default=False, help_text="The mark was changed since the file was exported."),
                ),
                ("wanted", models.JSONField()),
                ("before", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("applied", "Applied"),
                            ("kept", "not overwritten"),
                            ("overtaken", "changed since the preview"),
                            ("taken_back", "taken back by its student"),
                            ("undone", "Undone"),
                            ("left", "changed since the import, so not undone"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("after_version", models.PositiveIntegerField(blank=True, null=True)),
                ("after_released_at", models.DateTimeField(blank=True, null=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="video.attempt"
                    ),
                ),
                (
                    "marks_import",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="video.markimport"
                    ),
                ),
            ],
            options={
                "ordering": ("-conflict", "line"),
            },
        ),
        migrations.CreateModel(
            name="OwnMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "points",
                    models.DecimalField(
                        blank=True, decimal_places=2, help_text="Empty: not yet.", max_digits=6, null=True
                    ),
                ),
                ("scores", models.JSONField(blank=True, default=dict)),
                ("note", models.TextField(blank=True, help_text="For the other marker.")),
                (
                    "given_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its marker was done with it. Until then it does not count.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="own_marks", to="video.attempt"
                    ),
                ),
                (
                    "marker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="lti_tool.person"
                    ),
                ),
            ],
            options={
                "ordering": ("given_at", "created_at"),
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("points", models.DecimalField(decimal_places=2, max_digits=6)),
                ("scores", models.JSONField(blank=True, default=dict)),
                ("overridden", models.BooleanField(default=False)),
                ("feedback", models.TextField(blank=True)),
                ("first_at", models.DateTimeField(auto_now_add=True)),
                ("at", models.DateTimeField()),
                (
                    "seen_at",
                    models.DateTimeField(
                        blank=True, help_text="When its student first opened this release.", null=True
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="lti_tool.person"
                    ),
                ),
                (
                    "grade",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="release", to="video.grade"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Submission",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("graded", "Graded"),
                        ],
                        default="opened",
                        max_length=10,
                    ),
                ),
                (
                    "extended_to",
                    models.DateTimeField(
                        blank=True,
                        help_text="More time for this person: due and closing dates before it move to it.",
                        null=True,
                    ),
                ),
                (
                    "extra_attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="On top of the assignment's."),
                ),
                (
                    "trial",
                    models.BooleanField(
                        default=False,
                        help_text="By somebody of the staff who looks at it as a student: it counts nowhere.",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="submissions", to="video.assignment"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="submissions", to="lti_tool.person"
                    ),
                ),
                (
                    "release_asked",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Who asked for its marks to be released among many others, until a worker has done it.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="lti_tool.launchsession",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Mail",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("released", "My work was marked"), ("new_work", "New work to mark")], max_length=20
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("needless", "Needless"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("wanted_at", models.DateTimeField(help_text="When the first of its news came.")),
                ("until", models.DateTimeField(help_text="It tells of what came up to then.")),
                ("told_until", models.DateTimeField(help_text="What came up to then is not told any more.")),
                (
                    "due_at",
                    models.DateTimeField(help_text="When it is sent; while it is being sent, when that is given up."),
                ),
                ("batch", models.UUIDField(blank=True, help_text="Of those that one worker was given.", null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0, help_text="In vain.")),
                (
                    "problem",
                    models.CharField(blank=True, help_text="The server's code, or why it was given up.", max_length=40),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "course",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mails",
                        to="lti_tool.course",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mails", to="lti_tool.person"
                    ),
                ),
                (
                    "submission",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mail",
                        to="video.submission",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="attempt",
            name="submission",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="attempts", to="video.submission"
            ),
        ),
        migrations.CreateModel(
            name="Video",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("current", models.BooleanField(default=False)),
                ("backend", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=1024)),
                (
                    "incoming_key",
                    models.CharField(
                        blank=True,
                        help_text="Where it was sent, until its folder holds nothing but `key`.",
                        max_length=1024,
                    ),
                ),
                (
                    "upload_id",
                    models.CharField(blank=True, help_text="Storage's name for an upload in parts.", max_length=1024),
                ),
                ("part_bytes", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "fingerprint",
                    models.CharField(blank=True, help_text="Of the file's first and last megabyte.", max_length=64),
                ),
                (
                    "sender",
                    models.CharField(
                        blank=True, help_text="The browser tab that sends it: the last to ask.", max_length=36
                    ),
                ),
                (
                    "recorded",
                    models.BooleanField(default=False, help_text="Recorded here: its size is known when it ends."),
                ),
                (
                    "submit_requested_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its student asked for it to be handed in as soon as it is ready.",
                        null=True,
                    ),
                ),
                (
                    "active_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When its browser last asked for something."
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("checking", "Checking"),
                            ("ready", "Ready"),
                            ("error", "Error"),
                            ("deleted", "Deleted"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(help_text="As the student's file was called.", max_length=255)),
                ("size", models.PositiveBigIntegerField(help_text="Bytes: as announced, then as found in storage.")),
                ("content_type", models.CharField(max_length=100)),
                ("checksum", models.CharField(blank=True, max_length=100)),
                ("duration", models.FloatField(blank=True, help_text="Seconds.", null=True)),
                ("width", models.PositiveIntegerField(blank=True, null=True)),
                ("height", models.PositiveIntegerField(blank=True, null=True)),
                ("video_codec", models.CharField(blank=True, max_length=40)),
                ("audio_codec", models.CharField(blank=True, max_length=40)),
                (
                    "claimed_until",
                    models.DateTimeField(
                        blank=True, help_text="A worker looks into it; until then no other begins.", null=True
                    ),
                ),
                (
                    "looks",
                    models.PositiveSmallIntegerField(default=0, help_text="Times a worker began to look into it."),
                ),
                ("examined_at", models.DateTimeField(blank=True, null=True)),
                ("error_message", models.CharField(blank=True, help_text="For the student.", max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, help_text="When it was decided.", null=True)),
                (
                    "object_deleted_at",
                    models.DateTimeField(blank=True, help_text="When storage had nothing left of it.", null=True),
                ),
                (
                    "altered_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When storage was found to hold something else than was looked at, or nothing.",
                        null=True,
                    ),
                ),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="videos", to="video.attempt"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("upload_started", "Upload Started"),
                            ("upload_renewed", "Upload Renewed"),
                            ("upload_resumed", "Upload Resumed"),
                            ("upload_succeeded", "Upload Succeeded"),
                            ("upload_failed", "Upload Failed"),
                            ("submit_asked", "Submit Asked"),
                            ("submitted", "Submitted"),
                            ("withdrawn", "Withdrawn"),
                            ("extended", "Extended"),
                            ("playback", "Playback"),
                            ("commented", "Commented"),
                            ("graded", "Graded"),
                            ("own_mark", "Own Mark"),
                            ("released", "Released"),
                            ("seen", "Seen"),
                            ("imported", "Imported"),
                            ("brought", "Brought"),
                            ("file_started", "File Started"),
                            ("file_attached", "File Attached"),
                            ("file_refused", "File Refused"),
                            ("file_opened", "File Opened"),
                            ("file_removed", "File Removed"),
                            ("deleted", "Deleted"),
                            ("altered", "Altered"),
                        ],
                        max_length=20,
                    ),
                ),
                ("role", models.CharField(blank=True, max_length=10)),
                ("data", models.JSONField(blank=True, default=dict)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="lti_tool.person",
                    ),
                ),
                (
                    "video",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="events",
                        to="video.video",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "at",
                    models.FloatField(
                        blank=True, help_text="Seconds from the beginning; empty for a reply.", null=True
                    ),
                ),
                ("until", models.FloatField(blank=True, help_text="Seconds; empty: a moment, not a span.", null=True)),
                ("text", models.TextField(max_length=5000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("edited_at", models.DateTimeField(blank=True, null=True)),
                (
                    "given",
                    models.JSONField(
                        blank=True,
                        help_text="Edited since it was released: `{at, until, text}` as its student sees it.",
                        null=True,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "author",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="lti_tool.person"
                    ),
                ),
                (
                    "reply_to",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replies",
                        to="video.comment",
                    ),
                ),
                (
                    "video",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="comments", to="video.video"
                    ),
                ),
            ],
            options={
                "ordering": ("at", "created_at"),
            },
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(condition=models.Q(("points__gt", 0)), name="assignment_points_gt_0"),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "checking"])),
                fields=["active_at"],
                name="attachment_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.UniqueConstraint(fields=("backend", "key"), name="attachment_key_once"),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["checking", "ready"]), _negated=True),
                    models.Q(("key", models.F("incoming_key")), _negated=True),
                    _connector="OR",
                ),
                name="attachment_key_of_no_ticket",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankcomment",
            constraint=models.UniqueConstraint(fields=("owner", "key"), name="bank_comment_key_once"),
        ),
        migrations.AddConstraint(
            model_name="bankcomment",
            constraint=models.CheckConstraint(
                condition=models.Q(("key__gte", 1), ("key__lte", 9)), name="bank_comment_key_1_to_9"
            ),
        ),
        migrations.AddConstraint(
            model_name="grade",
            constraint=models.CheckConstraint(condition=models.Q(("points__gte", 0)), name="grade_points_ge_0"),
        ),
        migrations.AddConstraint(
            model_name="mailchoice",
            constraint=models.UniqueConstraint(fields=("person", "kind"), name="mail_choice_once"),
        ),
        migrations.AddConstraint(
            model_name="importedmark",
            constraint=models.UniqueConstraint(fields=("marks_import", "attempt"), name="imported_mark_once"),
        ),
        migrations.AddConstraint(
            model_name="ownmark",
            constraint=models.UniqueConstraint(fields=("attempt", "marker"), name="own_mark_once"),
        ),
        migrations.AddConstraint(
            model_name="ownmark",
            constraint=models.CheckConstraint(condition=models.Q(("points__gte", 0)), name="own_mark_points_ge_0"),
        ),
        migrations.AddConstraint(
            model_name="ownmark",
            constraint=models.CheckConstraint(
                condition=models.Q(("given_at__isnull", True), ("points__isnull", False), _connector="OR"),
                name="own_mark_given_has_points",
            ),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__gte", Decimal("0"))), name="release_points_ge_0"
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(fields=["assignment", "state"], name="submission_by_state"),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=models.Q(("release_asked__isnull", False)),
                fields=["release_asked", "assignment"],
                name="submission_to_release",
            ),
        ),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.UniqueConstraint(fields=("assignment", "person"), name="submission_once"),
        ),
        migrations.AddIndex(
            model_name="mail",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "sending"])), fields=["due_at"], name="mail_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.UniqueConstraint(fields=("person", "course"), name="mail_once"),
        ),
        migrations.AddConstraint(
            model_name="mail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("course__isnull", True), ("kind", "released"), ("submission__isnull", False)),
                    models.Q(("course__isnull", False), ("kind", "new_work"), ("submission__isnull", True)),
                    _connector="OR",
                ),
                name="mail_of_its_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(fields=("submission", "number"), name="attempt_once"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("submitted_at__isnull", True)), fields=("submission",), name="attempt_one_draft"
            ),
        ),
        migrations.AddIndex(
            model_name="video",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "checking"])),
                fields=["active_at"],
                name="video_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="video",
            constraint=models.UniqueConstraint(fields=("backend", "key"), name="video_key_once"),
        ),
        migrations.AddConstraint(
            model_name="video",
            constraint=models.UniqueConstraint(
                condition=models.Q(("current", True)), fields=("attempt",), name="video_one_current"
            ),
        ),
        migrations.AddConstraint(
            model_name="video",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["checking", "ready"]), _negated=True),
                    models.Q(("key", models.F("incoming_key")), _negated=True),
                    _connector="OR",
                ),
                name="video_key_of_no_ticket",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["kind", "at"], name="event_by_kind"),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(condition=models.Q(("at__gte", 0)), name="comment_at_ge_0"),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("at"))), name="comment_until_gt_at"
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("at__isnull", False), ("reply_to__isnull", False), _connector="OR"),
                name="comment_placed",
            ),
        ),
    ]
