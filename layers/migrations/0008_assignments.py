import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("layers", "0007_incident_desk"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="AssignmentStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("reserved", "reserved"),
                            ("dispatched", "dispatched"),
                            ("acknowledged", "acknowledged"),
                            ("en_route", "en route"),
                            ("staged", "staged"),
                            ("on_scene", "on scene"),
                            ("transport", "transporting"),
                            ("at_facility", "at facility"),
                            ("clear", "cleared"),
                            ("cancel", "cancelled"),
                        ],
                        max_length=14,
                        verbose_name="step",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="recorded"
                    ),
                ),
                ("by_unit", models.BooleanField(default=False, verbose_name="by the unit itself")),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
                ),
                (
                    "override",
                    models.BooleanField(default=False, verbose_name="against the usual order"),
                ),
            ],
            options={
                "verbose_name": "stamp of an assignment",
                "verbose_name_plural": "stamps of assignments",
                "db_table": "layers_assignmentstep",
                "ordering": ("recorded_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="UnitAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(auto_now_add=True, verbose_name="since")),
            ],
            options={
                "verbose_name": "unit's account",
                "verbose_name_plural": "unit accounts",
                "db_table": "layers_unitaccount",
            },
        ),
        migrations.AddField(
            model_name="assignment",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created"),
        ),
        migrations.AddField(
            model_name="assignment",
            name="reason",
            field=models.CharField(blank=True, default="", max_length=200, verbose_name="reason"),
        ),
        migrations.AddField(
            model_name="assignment",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.AlterField(
            model_name="assignment",
            name="dispatched_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="dispatched"),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(fields=["incident", "unit"], name="assignment_incident_unit"),
        ),
        migrations.AddConstraint(
            model_name="assignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("dispatched_at__isnull", False),
                    models.Q(
                        ("acknowledged_at__isnull", True),
                        ("at_facility_at__isnull", True),
                        ("cleared_at__isnull", True),
                        ("en_route_at__isnull", True),
                        ("on_scene_at__isnull", True),
                        ("staged_at__isnull", True),
                        ("transport_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="assignment_reserved_has_no_times",
            ),
        ),
        migrations.AddField(
            model_name="assignmentstep",
            name="assignment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="layers.assignment",
                verbose_name="assignment",
            ),
        ),
        migrations.AddField(
            model_name="assignmentstep",
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
            model_name="assignmentstep",
            name="corrects",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="corrections",
                to="layers.assignmentstep",
                verbose_name="corrects",
            ),
        ),
        migrations.AddField(
            model_name="unitaccount",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="accounts",
                to="layers.unit",
                verbose_name="unit",
            ),
        ),
        migrations.AddField(
            model_name="unitaccount",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="drives",
                to=settings.AUTH_USER_MODEL,
                verbose_name="user",
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="disordered",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(
                            models.Q(
                                ("acknowledged_at__isnull", False),
                                ("acknowledged_at__lt", models.F("dispatched_at")),
                            ),
                            models.Q(
                                ("en_route_at__isnull", False),
                                (
                                    "en_route_at__lt",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("dispatched_at"), models.F("acknowledged_at")
                                    ),
                                ),
                            ),
                            models.Q(
                                ("staged_at__isnull", False),
                                (
                                    "staged_at__lt",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("dispatched_at"),
                                        models.F("acknowledged_at"),
                                        models.F("en_route_at"),
                                    ),
                                ),
                            ),
                            models.Q(
                                ("on_scene_at__isnull", False),
                                (
                                    "on_scene_at__lt",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("dispatched_at"),
                                        models.F("acknowledged_at"),
                                        models.F("en_route_at"),
                                        models.F("staged_at"),
                                    ),
                                ),
                            ),
                            models.Q(
                                ("transport_at__isnull", False),
                                (
                                    "transport_at__lt",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("dispatched_at"),
                                        models.F("acknowledged_at"),
                                        models.F("en_route_at"),
                                        models.F("staged_at"),
                                        models.F("on_scene_at"),
                                    ),
                                ),
                            ),
                            models.Q(
                                ("at_facility_at__isnull", False),
                                (
                                    "at_facility_at__lt",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("dispatched_at"),
                                        models.F("acknowledged_at"),
                                        models.F("en_route_at"),
                                        models.F("staged_at"),
                                        models.F("on_scene_at"),
                                        models.F("transport_at"),
                                    ),
                                ),
                            ),
                            models.Q(
                                ("cleared_at__isnull", False),
                                (
                                    "cleared_at__lt",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("dispatched_at"),
                                        models.F("acknowledged_at"),
                                        models.F("en_route_at"),
                                        models.F("staged_at"),
                                        models.F("on_scene_at"),
                                        models.F("transport_at"),
                                        models.F("at_facility_at"),
                                    ),
                                ),
                            ),
                            models.Q(
                                ("cancelled_at__isnull", False),
                                (
                                    "cancelled_at__lt",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("dispatched_at"),
                                        models.F("acknowledged_at"),
                                        models.F("en_route_at"),
                                        models.F("staged_at"),
                                        models.F("on_scene_at"),
                                        models.F("transport_at"),
                                        models.F("at_facility_at"),
                                        models.F("cleared_at"),
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        then=models.Value(True),
                    ),
                    default=models.Value(False),
                ),
                output_field=models.BooleanField(verbose_name="times out of order"),
            ),
        ),
        migrations.AddIndex(
            model_name="assignmentstep",
            index=models.Index(fields=["assignment", "id"], name="assignmentstep_assignment"),
        ),
        migrations.AddConstraint(
            model_name="assignmentstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("corrects__isnull", True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="assignmentstep_correction_has_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="assignmentstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("override", False), models.Q(("reason", ""), _negated=True), _connector="OR"
                ),
                name="assignmentstep_override_has_reason",
            ),
        ),
    ]
