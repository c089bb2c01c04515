import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("layers", "0006_plan_review"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="IncidentAttachment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=160, verbose_name="name")),
                ("content_type", models.CharField(max_length=80, verbose_name="kind of file")),
                ("bytes", models.PositiveIntegerField(verbose_name="bytes")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "stored_as",
                    models.CharField(max_length=80, unique=True, verbose_name="stored as"),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
            ],
            options={
                "verbose_name": "attachment",
                "verbose_name_plural": "attachments",
                "db_table": "layers_incidentattachment",
                "ordering": ("at", "id"),
            },
        ),
        migrations.CreateModel(
            name="IncidentCamera",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
            ],
            options={
                "verbose_name": "linked camera",
                "verbose_name_plural": "linked cameras",
                "db_table": "layers_incidentcamera",
            },
        ),
        migrations.CreateModel(
            name="IncidentLog",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="recorded"
                    ),
                ),
                ("what", models.SlugField(max_length=40, verbose_name="what")),
                ("detail", models.JSONField(blank=True, default=dict, verbose_name="data")),
            ],
            options={
                "verbose_name": "timeline entry",
                "verbose_name_plural": "incident timelines",
                "db_table": "layers_incidentlog",
                "ordering": ("at", "id"),
            },
        ),
        migrations.CreateModel(
            name="IncidentNote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                ("text", models.TextField(max_length=4000, verbose_name="text")),
            ],
            options={
                "verbose_name": "incident note",
                "verbose_name_plural": "incident notes",
                "db_table": "layers_incidentnote",
                "ordering": ("at", "id"),
            },
        ),
        migrations.CreateModel(
            name="IncidentTimer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                (
                    "fired_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="told"),
                ),
                ("lag_s", models.FloatField(default=0, verbose_name="late by (s)")),
            ],
            options={
                "verbose_name": "timer",
                "verbose_name_plural": "timers",
                "db_table": "layers_incidenttimer",
            },
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="at"
                    ),
                ),
                ("user_id", models.BigIntegerField(null=True, verbose_name="user id")),
                ("actor", models.CharField(max_length=150, verbose_name="by")),
                ("source", models.CharField(max_length=40, verbose_name="through")),
                ("table_name", models.CharField(max_length=63, verbose_name="table")),
                ("row_id", models.CharField(max_length=64, verbose_name="row")),
                ("what", models.CharField(max_length=80, verbose_name="what")),
            ],
            options={
                "verbose_name": "look",
                "verbose_name_plural": "looks at protected data",
                "db_table": "layers_look",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="NumberSeries",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("last", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "layers_numberseries",
            },
        ),
        migrations.CreateModel(
            name="Receipt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80)),
                ("action", models.CharField(max_length=60)),
                ("digest", models.CharField(max_length=64)),
                ("result", models.JSONField(default=dict)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "layers_receipt",
            },
        ),
        migrations.AddField(
            model_name="call",
            name="agency",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="layers.agency",
                verbose_name="agency",
            ),
        ),
        migrations.AddField(
            model_name="incidenttype",
            name="lead_agency",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="layers.agency",
                verbose_name="lead agency",
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="location_accuracy_m",
            field=models.FloatField(
                blank=True, null=True, verbose_name="accuracy of the place (m)"
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="location_source",
            field=models.CharField(
                blank=True,
                choices=[
                    ("address", "address"),
                    ("landmark", "landmark"),
                    ("intersection", "intersection"),
                    ("coordinates", "coordinates"),
                    ("click", "click on the map"),
                    ("device", "caller's device"),
                ],
                default="",
                max_length=14,
                verbose_name="place given by",
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="place_text",
            field=models.CharField(
                blank=True, default="", max_length=300, verbose_name="place as told"
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name="incident",
            name="alarm_level",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="alarm level"),
        ),
        migrations.AddField(
            model_name="incident",
            name="location_source",
            field=models.CharField(
                blank=True,
                choices=[
                    ("address", "address"),
                    ("landmark", "landmark"),
                    ("intersection", "intersection"),
                    ("coordinates", "coordinates"),
                    ("click", "click on the map"),
                    ("device", "caller's device"),
                ],
                default="",
                max_length=14,
                verbose_name="place given by",
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="scheduled_for",
            field=models.DateTimeField(blank=True, null=True, verbose_name="scheduled for"),
        ),
        migrations.AddField(
            model_name="incident",
            name="state_since",
            field=models.DateTimeField(
                default=django.utils.timezone.now, verbose_name="in state since"
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("alarm_level__gte", 1), ("alarm_level__lte", 5)),
                name="incident_alarm_level",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "new",
                            "pending",
                            "dispatched",
                            "on_scene",
                            "under_control",
                            "closed",
                            "on_hold",
                            "cancelled",
                            "merged",
                        ],
                    )
                ),
                name="incident_state_known",
            ),
        ),
        migrations.AddField(
            model_name="incidentattachment",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="incidentattachment",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attachments",
                to="layers.incident",
                verbose_name="incident",
            ),
        ),
        migrations.AddField(
            model_name="incidentcamera",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="incidentcamera",
            name="camera",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="layers.camera",
                verbose_name="camera",
            ),
        ),
        migrations.AddField(
            model_name="incidentcamera",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="cameras",
                to="layers.incident",
                verbose_name="incident",
            ),
        ),
        migrations.AddField(
            model_name="incidentlog",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="incidentlog",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="log",
                to="layers.incident",
                verbose_name="incident",
            ),
        ),
        migrations.AddField(
            model_name="incidentnote",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="incidentnote",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notes",
                to="layers.incident",
                verbose_name="incident",
            ),
        ),
        migrations.AddField(
            model_name="incidenttimer",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="timers",
                to="layers.incident",
                verbose_name="incident",
            ),
        ),
        migrations.AddIndex(
            model_name="look",
            index=models.Index(fields=["table_name", "row_id", "id"], name="look_row"),
        ),
        migrations.AddField(
            model_name="receipt",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentcamera",
            constraint=models.UniqueConstraint(
                fields=("incident", "camera"), name="incidentcamera_once"
            ),
        ),
        migrations.AddIndex(
            model_name="incidentlog",
            index=models.Index(fields=["incident", "at"], name="incidentlog_incident_at"),
        ),
        migrations.AddConstraint(
            model_name="incidentnote",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="incidentnote_text_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="incidenttimer",
            constraint=models.UniqueConstraint(
                fields=("incident", "kind", "due_at"), name="incidenttimer_fires_once"
            ),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["at"], name="receipt_at"),
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(fields=("user", "key"), name="receipt_key_once"),
        ),
        migrations.RunSQL(
            "UPDATE layers_incident SET state_since = coalesce(closed_at, under_control_at, first_on_scene_at,"
            " first_dispatch_at, reported_at)",
            migrations.RunSQL.noop,
        ),
    ]
