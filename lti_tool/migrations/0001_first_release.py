import django.core.validators
import django.db.models.deletion
import lti_tool.ids
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    # Databases of builds before there was a release have these applied; with all of them nothing is left to do.
    replaces = [
        ("lti_tool", "0001_initial"),
        ("lti_tool", "0002_lti_advantage"),
        ("lti_tool", "0003_delivery_ledger"),
        ("lti_tool", "0004_stuck_deliveries"),
        ("lti_tool", "0005_who_is_in_a_course"),
        ("lti_tool", "0006_windows_and_selection_data"),
        ("lti_tool", "0007_maximum_and_staff"),
        ("lti_tool", "0008_links_of_deployments"),
        ("lti_tool", "0009_fill_in_deployments"),
        ("lti_tool", "0010_unique_in_a_deployment"),
    ]

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="DeliverySlot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Deployment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("deployment_id", models.CharField(max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("secret_hash", models.CharField(max_length=64, unique=True)),
                (
                    "note",
                    models.CharField(
                        blank=True, help_text="For whom it is, such as “Moodle of Our School”.", max_length=200
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("sub", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("email", models.CharField(blank=True, max_length=320)),
                ("locale", models.CharField(blank=True, max_length=35)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "people",
            },
        ),
        migrations.CreateModel(
            name="Platform",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=200)),
                ("issuer", models.CharField(max_length=500)),
                ("client_id", models.CharField(max_length=255)),
                ("authorization_url", models.CharField(max_length=1000)),
                ("token_url", models.CharField(max_length=1000)),
                ("jwks_url", models.CharField(max_length=1000)),
                (
                    "storage",
                    models.CharField(
                        blank=True, help_text="Storage backend; empty: the site's default.", max_length=40
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                (
                    "product",
                    models.CharField(
                        blank=True, help_text="Such as “moodle”, as the platform calls it.", max_length=100
                    ),
                ),
                ("version", models.CharField(blank=True, max_length=100)),
                ("registered_at", models.DateTimeField(blank=True, help_text="By its URL; empty: by hand.", null=True)),
                (
                    "granted_scopes",
                    models.JSONField(blank=True, default=list, help_text="As its last registration answered."),
                ),
                ("launched_at", models.DateTimeField(blank=True, help_text="Of a launch, to the day.", null=True)),
                (
                    "selected_at",
                    models.DateTimeField(blank=True, help_text="Of a Deep Linking launch, to the day.", null=True),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="ResourceLink",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("resource_link_id", models.CharField(max_length=255)),
                ("title", models.CharField(blank=True, max_length=500)),
                ("description", models.TextField(blank=True)),
                (
                    "content_id",
                    models.CharField(
                        blank=True,
                        help_text="custom.assignment: what our Deep Linking reply called its content.",
                        max_length=100,
                    ),
                ),
                ("lineitem_url", models.CharField(blank=True, max_length=2000)),
                ("lineitems_url", models.CharField(blank=True, max_length=2000)),
                ("scopes", models.JSONField(blank=True, default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True, help_text="Of its first launch.")),
                (
                    "silent_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="When another link appeared in the course, as long as this one was not launched again since.",
                        null=True,
                    ),
                ),
                (
                    "gone_at",
                    models.DateTimeField(
                        blank=True, help_text="When the platform said that it has no such place.", null=True
                    ),
                ),
                (
                    "maximum_wanted",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="What its line item is to count to; empty: nothing is to be told.",
                        max_digits=8,
                        null=True,
                    ),
                ),
                (
                    "roster_asked_at",
                    models.DateTimeField(blank=True, help_text="When it was asked who can open it.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScoreDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "activity_progress",
                    models.CharField(
                        choices=[("Started", "Started"), ("Submitted", "Submitted"), ("Completed", "Completed")],
                        max_length=20,
                    ),
                ),
                (
                    "grading_progress",
                    models.CharField(
                        choices=[
                            ("NotReady", "Not Ready"),
                            ("PendingManual", "Pending Manual"),
                            ("FullyGraded", "Fully Graded"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "points",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=8,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                ("maximum", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ("comment", models.TextField(blank=True)),
                (
                    "grade_comment",
                    models.TextField(blank=True, help_text="Of the grade alone, without news of later attempts."),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("stuck", "Stuck"),
                            ("sent", "Sent"),
                            ("refused", "Refused"),
                            ("changed", "Changed"),
                            ("kept", "Kept"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("wanted_version", models.PositiveIntegerField(default=1)),
                ("wanted_at", models.DateTimeField()),
                ("sent_version", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("last_timestamp", models.DateTimeField(blank=True, help_text="Of the last score posted.", null=True)),
                ("tries", models.PositiveIntegerField(default=0, help_text="Since the last success or new wish.")),
                (
                    "own_errors",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Of the platform about this row alone, since the last success or “Send again”.",
                    ),
                ),
                (
                    "own_errors_since",
                    models.DateTimeField(blank=True, help_text="The first after the last success.", null=True),
                ),
                ("next_try_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                (
                    "insisted",
                    models.BooleanField(
                        default=False, help_text="Somebody said: send ours over what the platform has."
                    ),
                ),
                (
                    "found_points",
                    models.DecimalField(
                        blank=True,
                        decimal_places=5,
                        help_text="What the platform's gradebook said last.",
                        max_digits=10,
                        null=True,
                    ),
                ),
                ("found_maximum", models.DecimalField(blank=True, decimal_places=5, max_digits=10, null=True)),
                ("found_at", models.DateTimeField(blank=True, null=True)),
                ("differs", models.BooleanField(default=False, help_text="What was found is not what was sent.")),
                ("last_status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("last_answer", models.CharField(blank=True, help_text="In words for the teacher.", max_length=300)),
            ],
            options={
                "verbose_name_plural": "score deliveries",
            },
        ),
        migrations.CreateModel(
            name="ScorePost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(help_text="Of the wish.")),
                (
                    "activity_progress",
                    models.CharField(
                        choices=[("Started", "Started"), ("Submitted", "Submitted"), ("Completed", "Completed")],
                        max_length=20,
                    ),
                ),
                (
                    "grading_progress",
                    models.CharField(
                        choices=[
                            ("NotReady", "Not Ready"),
                            ("PendingManual", "Pending Manual"),
                            ("FullyGraded", "Fully Graded"),
                        ],
                        max_length=20,
                    ),
                ),
                ("points", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ("maximum", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ("timestamp", models.DateTimeField(help_text="Of the score, by the platform's clock.")),
                ("begun_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("status", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("answer", models.CharField(blank=True, help_text="In words.", max_length=300)),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="UsedNonce",
            fields=[
                ("nonce_hash", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="Course",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("context_id", models.CharField(max_length=300)),
                ("title", models.CharField(blank=True, max_length=500)),
                (
                    "history",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Context ids of the courses it was copied from ($Context.id.history).",
                    ),
                ),
                ("memberships_url", models.CharField(blank=True, max_length=2000)),
                ("roster_refreshed_at", models.DateTimeField(blank=True, null=True)),
                ("roster_tried_at", models.DateTimeField(blank=True, null=True)),
                ("roster_problem", models.CharField(blank=True, max_length=300)),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="courses", to="lti_tool.deployment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("student", "Student"),
                            ("assistant", "Assistant"),
                            ("teacher", "Teacher"),
                            ("admin", "Admin"),
                        ],
                        max_length=10,
                    ),
                ),
                ("from_launch", models.BooleanField(default=False)),
                ("active", models.BooleanField(default=True)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                (
                    "listed",
                    models.CharField(
                        blank=True,
                        help_text="What the roster said last: a role, or gone. Empty: never on it.",
                        max_length=10,
                    ),
                ),
                (
                    "told",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="By whom name and e-mail were told last: of `Told`."
                    ),
                ),
                (
                    "staff_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since when a launch has said that they are staff, whatever it says today.",
                        null=True,
                    ),
                ),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="lti_tool.course"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="lti_tool.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LaunchSession",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("student", "Student"),
                            ("assistant", "Assistant"),
                            ("teacher", "Teacher"),
                            ("admin", "Admin"),
                        ],
                        max_length=10,
                    ),
                ),
                ("secret_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("message_type", models.CharField(max_length=60)),
                ("return_url", models.CharField(blank=True, max_length=2000)),
                (
                    "for_sub",
                    models.CharField(
                        blank=True,
                        help_text="Whose work a submission review asks for. It gives no right to see it (`moodle.md`, 14).",
                        max_length=255,
                    ),
                ),
                (
                    "opened_from",
                    models.ForeignKey(
                        blank=True,
                        help_text="The launch whose full window this is; empty for the launch itself.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="windows",
                        to="lti_tool.launchsession",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="%(class)ss", to="lti_tool.person"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="KeptOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="kept_out_of", to="lti_tool.person"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ContentSelection",
            fields=[
                (
                    "id",
                    models.UUIDField(default=lti_tool.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("student", "Student"),
                            ("assistant", "Assistant"),
                            ("teacher", "Teacher"),
                            ("admin", "Admin"),
                        ],
                        max_length=10,
                    ),
                ),
                ("secret_hash", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("return_url", models.CharField(max_length=2000)),
                ("data", models.TextField(blank=True, help_text="Opaque, as JSON: given back as it came.")),
                ("accept_multiple", models.BooleanField(default=False)),
                ("returned_at", models.DateTimeField(blank=True, null=True)),
                (
                    "course",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="selections", to="lti_tool.course"
                    ),
                ),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="selections", to="lti_tool.deployment"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="%(class)ss", to="lti_tool.person"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PlatformHealth",
            fields=[
                (
                    "platform",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="health",
                        serialize=False,
                        to="lti_tool.platform",
                    ),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, help_text="Calls in a row that had no answer, 429 or 5xx."),
                ),
                (
                    "paused_until",
                    models.DateTimeField(
                        blank=True, help_text="Until then it is left alone; then one probe.", null=True
                    ),
                ),
                ("last_answer", models.CharField(blank=True, max_length=300)),
                (
                    "clock_ahead",
                    models.IntegerField(
                        default=0, help_text="Seconds that its clock is ahead of ours; negative: behind."
                    ),
                ),
                ("heard_at", models.DateTimeField(blank=True, help_text="When it last answered well.", null=True)),
            ],
            options={
                "verbose_name_plural": "platform health",
            },
        ),
        migrations.AddConstraint(
            model_name="platform",
            constraint=models.UniqueConstraint(fields=("issuer", "client_id"), name="platform_once"),
        ),
        migrations.AddField(
            model_name="person",
            name="platform",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="people", to="lti_tool.platform"
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="platform",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="invitations",
                to="lti_tool.platform",
            ),
        ),
        migrations.AddField(
            model_name="deployment",
            name="platform",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="deployments", to="lti_tool.platform"
            ),
        ),
        migrations.AddField(
            model_name="deliveryslot",
            name="platform",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="delivery_slots", to="lti_tool.platform"
            ),
        ),
        migrations.AddField(
            model_name="course",
            name="platform",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="courses", to="lti_tool.platform"
            ),
        ),
        migrations.AddField(
            model_name="resourcelink",
            name="course",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="resource_links", to="lti_tool.course"
            ),
        ),
        migrations.AddField(
            model_name="resourcelink",
            name="deployment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="resource_links", to="lti_tool.deployment"
            ),
        ),
        migrations.AddField(
            model_name="resourcelink",
            name="platform",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="resource_links", to="lti_tool.platform"
            ),
        ),
        migrations.AddField(
            model_name="launchsession",
            name="resource_link",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="launches", to="lti_tool.resourcelink"
            ),
        ),
        migrations.AddField(
            model_name="keptout",
            name="resource_link",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="kept_out", to="lti_tool.resourcelink"
            ),
        ),
        migrations.AddField(
            model_name="scoredelivery",
            name="caused_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="lti_tool.person",
            ),
        ),
        migrations.AddField(
            model_name="scoredelivery",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="score_deliveries", to="lti_tool.person"
            ),
        ),
        migrations.AddField(
            model_name="scoredelivery",
            name="resource_link",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="score_deliveries", to="lti_tool.resourcelink"
            ),
        ),
        migrations.AddField(
            model_name="scoredelivery",
            name="scored_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="lti_tool.person",
            ),
        ),
        migrations.AddField(
            model_name="scorepost",
            name="caused_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="lti_tool.person",
            ),
        ),
        migrations.AddField(
            model_name="scorepost",
            name="delivery",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="posts", to="lti_tool.scoredelivery"
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["course", "role", "active"], name="membership_by_role"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(fields=("course", "person"), name="membership_once"),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(fields=("platform", "sub"), name="person_once"),
        ),
        migrations.AddConstraint(
            model_name="deployment",
            constraint=models.UniqueConstraint(fields=("platform", "deployment_id"), name="deployment_once"),
        ),
        migrations.AddConstraint(
            model_name="deliveryslot",
            constraint=models.UniqueConstraint(fields=("platform", "number"), name="delivery_slot_once"),
        ),
        migrations.AddConstraint(
            model_name="course",
            constraint=models.UniqueConstraint(fields=("deployment", "context_id"), name="course_once"),
        ),
        migrations.AddConstraint(
            model_name="resourcelink",
            constraint=models.UniqueConstraint(fields=("deployment", "resource_link_id"), name="resource_link_once"),
        ),
        migrations.AddConstraint(
            model_name="keptout",
            constraint=models.UniqueConstraint(fields=("resource_link", "person"), name="kept_out_once"),
        ),
        migrations.AddIndex(
            model_name="scoredelivery",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "stuck"])), fields=["next_try_at"], name="delivery_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="scoredelivery",
            constraint=models.UniqueConstraint(fields=("resource_link", "person"), name="delivery_once"),
        ),
        migrations.AddConstraint(
            model_name="scoredelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__isnull", True), ("points__gte", 0), _connector="OR"),
                name="delivery_points_ge_0",
            ),
        ),
        migrations.AddConstraint(
            model_name="scoredelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("sent_version__lte", models.F("wanted_version"))), name="delivery_not_ahead"
            ),
        ),
        migrations.AddIndex(
            model_name="scorepost",
            index=models.Index(fields=["delivery", "-id"], name="post_by_delivery"),
        ),
    ]
