import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("layers", "0003_sight_freshness"),
    ]

    operations = [
        migrations.CreateModel(
            name="CoverageLoss",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("camera", "camera"), ("site", "site"), ("wifi", "hotspot")],
                        max_length=6,
                        verbose_name="kind",
                    ),
                ),
                ("rank", models.PositiveIntegerField(blank=True, null=True, verbose_name="rank")),
                ("code", models.CharField(max_length=120, verbose_name="code")),
                (
                    "name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="name"),
                ),
                (
                    "site_code",
                    models.CharField(blank=True, default="", max_length=120, verbose_name="site"),
                ),
                ("cameras", models.PositiveIntegerField(default=1, verbose_name="cameras")),
                (
                    "reason",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="left out because"
                    ),
                ),
                ("street_m", models.FloatField(default=0, verbose_name="street seen (m)")),
                ("demand", models.FloatField(default=0, verbose_name="demand seen")),
                ("lost_street_m", models.FloatField(default=0, verbose_name="street lost (m)")),
                ("lost_demand", models.FloatField(default=0, verbose_name="demand lost")),
                (
                    "geom",
                    django.contrib.gis.db.models.fields.PointField(srid=4326, verbose_name="place"),
                ),
            ],
            options={
                "verbose_name": "what a failure costs",
                "verbose_name_plural": "what failures cost",
                "db_table": "layers_coverageloss",
                "ordering": ("run_id", "kind", "rank", "code"),
            },
        ),
        migrations.CreateModel(
            name="CoverageTile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("part", models.PositiveSmallIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("inputs", models.BinaryField()),
            ],
            options={
                "verbose_name": "tile of a coverage run",
                "verbose_name_plural": "tiles of coverage runs",
                "db_table": "layers_coveragetile",
            },
        ),
        migrations.AddField(
            model_name="coveragerun",
            name="as_of",
            field=models.DateTimeField(blank=True, null=True, verbose_name="as of"),
        ),
        migrations.AddField(
            model_name="coveragerun",
            name="repeats",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="repeated_by",
                to="layers.coveragerun",
                verbose_name="repeats",
            ),
        ),
        migrations.AddField(
            model_name="coveragerun",
            name="subject",
            field=models.CharField(
                choices=[("cameras", "cameras"), ("wifi", "wifi")],
                default="cameras",
                max_length=8,
                verbose_name="subject",
            ),
        ),
        migrations.AddField(
            model_name="coveragestreet",
            name="area",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="layers.area",
                verbose_name="area",
            ),
        ),
        migrations.AddField(
            model_name="coveragestreet",
            name="reach_level",
            field=models.CharField(
                blank=True, default="", max_length=20, verbose_name="best level in reach"
            ),
        ),
        migrations.AddField(
            model_name="coveragestreet",
            name="seen_level",
            field=models.CharField(
                blank=True, default="", max_length=20, verbose_name="best level now"
            ),
        ),
        migrations.AddField(
            model_name="coveragestreet",
            name="sole_code",
            field=models.CharField(
                blank=True, default="", max_length=120, verbose_name="the only one that sees it"
            ),
        ),
        migrations.AddField(
            model_name="coveragestreet",
            name="sole_site",
            field=models.CharField(
                blank=True, default="", max_length=120, verbose_name="the only site that sees it"
            ),
        ),
        migrations.AddField(
            model_name="coveragestreet",
            name="start_m",
            field=models.FloatField(default=0, verbose_name="begins at (m)"),
        ),
        migrations.AddField(
            model_name="demandprofile",
            name="changed_at",
            field=models.DateTimeField(auto_now=True, verbose_name="changed"),
        ),
        migrations.AddField(
            model_name="demandprofile",
            name="incident_kinds",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Code of a kind and its factor; a kind that is not named has 1, one with 0 is left out.",
                verbose_name="factors of incident kinds",
            ),
        ),
        migrations.AddField(
            model_name="demandprofile",
            name="place_kernel_m",
            field=models.FloatField(default=100.0, verbose_name="reach of a public place (m)"),
        ),
        migrations.AddField(
            model_name="demandprofile",
            name="place_kinds",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Kind of place and its weight; empty: the usual public places with 1.",
                verbose_name="weights of kinds of public places",
            ),
        ),
        migrations.AddField(
            model_name="demandprofile",
            name="severity_exponent",
            field=models.FloatField(
                default=1.0,
                help_text="0: all kinds of incident weigh the same; 1: as severe as their kind; 2: squared.",
                verbose_name="exponent of severity",
            ),
        ),
        migrations.AddField(
            model_name="demandprofile",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
        ),
        migrations.AddField(
            model_name="demandprofile",
            name="window_days",
            field=models.FloatField(
                blank=True,
                help_text="Empty: every incident counts, whatever its age.",
                null=True,
                verbose_name="oldest incident that counts (days)",
            ),
        ),
        migrations.AddConstraint(
            model_name="demandprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("place_kernel_m__gt", 0),
                    ("severity_exponent__gte", 0),
                    models.Q(
                        ("window_days__isnull", True), ("window_days__gt", 0), _connector="OR"
                    ),
                ),
                name="demandprofile_reach_positive",
            ),
        ),
        migrations.AddField(
            model_name="coverageloss",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="losses",
                to="layers.coveragerun",
            ),
        ),
        migrations.AddField(
            model_name="coveragetile",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tiles",
                to="layers.coveragerun",
            ),
        ),
        migrations.AddConstraint(
            model_name="coverageloss",
            constraint=models.UniqueConstraint(
                fields=("run", "kind", "code"), name="coverageloss_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="coveragetile",
            constraint=models.UniqueConstraint(
                fields=("run", "part", "number"), name="coveragetile_once"
            ),
        ),
    ]
