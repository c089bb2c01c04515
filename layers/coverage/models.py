"""What cameras see, analysed runs with their gaps, demand settings, and plans of new sites."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from layers.assets.models import Camera
from layers.coverage.plans.models import Plan, PlanCamera, PlanSite, PlanStep, SiteRequest
from layers.coverage.plans.turn_model import PlanTurn
from layers.places.models import Area

__all__ = [
    "CameraSight",
    "CoverageGap",
    "CoverageRun",
    "CoverageStreet",
    "DemandProfile",
    "Plan",
    "PlanCamera",
    "PlanSite",
    "PlanStep",
    "PlanTurn",
    "SiteRequest",
]


class CameraSight(models.Model):
    """The region one camera sees at one level, kept current; `visible` is out to its range.

    `now` is where it looks; `reach`, of a PTZ only, what it could turn to. They never add up.
    """

    class Mode(models.TextChoices):
        NOW = "now", _("watched now")
        REACH = "reach", _("within reach of turning")

    camera = models.ForeignKey(
        Camera, on_delete=models.CASCADE, related_name="sights", verbose_name=_("camera")
    )
    mode = models.CharField(_("view"), max_length=5, choices=Mode.choices, default=Mode.NOW)
    level = models.CharField(_("level"), max_length=20)
    area_m2 = models.FloatField(_("area (m²)"))
    inputs_hash = models.CharField(max_length=32)
    computed_at = models.DateTimeField(auto_now=True)
    geom = models.MultiPolygonField(_("region"), srid=4326)

    class Meta:
        db_table = "layers_camerasight"
        verbose_name = _("camera view")
        verbose_name_plural = _("camera views")
        constraints = [
            models.UniqueConstraint(
                fields=["camera", "mode", "level"], name="camerasight_level_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.camera} {self.level}"


class SightChange(models.Model):
    """A change that may make stored views stale, written by triggers in the changing transaction.

    Exactly what it says: one camera, every camera of a model, all within reach of a place, or all.
    Gone once the views it concerns are computed.
    """

    class Cause(models.TextChoices):
        CAMERA = "camera", _("one camera")
        MODEL = "model", _("every camera of a model")
        PLACE = "place", _("every camera within reach of a place")
        ALL = "all", _("every camera")

    cause = models.CharField(max_length=6, choices=Cause.choices)
    reference = models.BigIntegerField(null=True)
    place = models.GeometryField(srid=4326, null=True, spatial_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "layers_sightchange"
        verbose_name = _("change that views await")
        verbose_name_plural = _("changes that views await")
        indexes = [models.Index(fields=["cause", "reference"], name="sightchange_cause")]

    def __str__(self) -> str:
        return f"{self.cause} {self.reference or ''}"


class DemandProfile(models.Model):
    """Weights that turn streets into demand, saved under a name."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    street_weight = models.FloatField(_("weight of a street metre"), default=1.0)
    incident_weight = models.FloatField(_("weight of incidents"), default=1.0)
    population_weight = models.FloatField(_("weight of population"), default=0.0)
    place_weight = models.FloatField(_("weight of public places"), default=0.5)
    kernel_m = models.FloatField(_("reach of an incident (m)"), default=100.0)
    half_life_days = models.FloatField(_("half-life of an incident (days)"), default=365.0)
    window_days = models.FloatField(_("oldest incident that counts (days)"), null=True, blank=True, help_text=_("Empty: every incident counts, whatever its age."))  # fmt: skip
    severity_exponent = models.FloatField(_("exponent of severity"), default=1.0, help_text=_("0: all kinds of incident weigh the same; 1: as severe as their kind; 2: squared."))  # fmt: skip
    incident_kinds = models.JSONField(_("factors of incident kinds"), default=dict, blank=True, help_text=_("Code of a kind and its factor; a kind that is not named has 1, one with 0 is left out."))  # fmt: skip
    place_kernel_m = models.FloatField(_("reach of a public place (m)"), default=100.0)
    place_kinds = models.JSONField(_("weights of kinds of public places"), default=dict, blank=True, help_text=_("Kind of place and its weight; empty: the usual public places with 1."))  # fmt: skip
    piece_m = models.FloatField(_("length of a street piece (m)"), default=10.0)
    is_default = models.BooleanField(_("used unless another is named"), default=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        db_table = "layers_demandprofile"
        verbose_name = _("demand profile")
        verbose_name_plural = _("demand profiles")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    street_weight__gte=0,
                    incident_weight__gte=0,
                    population_weight__gte=0,
                    place_weight__gte=0,
                ),
                name="demandprofile_weights_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(kernel_m__gt=0, half_life_days__gt=0, piece_m__gte=1),
                name="demandprofile_lengths_positive",
            ),
            models.CheckConstraint(
                condition=Q(place_kernel_m__gt=0, severity_exponent__gte=0)
                & (Q(window_days__isnull=True) | Q(window_days__gt=0)),
                name="demandprofile_reach_positive",
            ),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="demandprofile_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CoverageRun(models.Model):
    """One analysis of what cameras see, or wifi reaches, with all its parameters and figures."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", pgettext_lazy("job", "failed")

    class Subject(models.TextChoices):
        CAMERAS = "cameras", _("cameras")
        WIFI = "wifi", _("wifi")

    subject = models.CharField(
        _("subject"), max_length=8, choices=Subject.choices, default=Subject.CAMERAS
    )
    level = models.CharField(_("level"), max_length=20)
    edition = models.CharField(_("edition"), max_length=40)
    area = models.ForeignKey(
        Area, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("area")
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RUNNING)
    as_of = models.DateTimeField(_("as of"), null=True, blank=True)
    parameters = models.JSONField(_("parameters"), default=dict)
    figures = models.JSONField(_("figures"), default=dict)
    repeats = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="repeated_by", verbose_name=_("repeats"))  # fmt: skip
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip

    class Meta:
        db_table = "layers_coveragerun"
        verbose_name = _("coverage run")
        verbose_name_plural = _("coverage runs")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.pk} {self.level}"


class CoverageStreet(models.Model):
    """A stretch of one road in one area in a run: what sees it, and how well.

    `cameras` see it at the run's level; `seen_level` is the best level that any holds there now,
    `reach_level` the best that any could turn to; "" where none does. Where exactly one sees it,
    `sole_code` names it, and `sole_site` the one site whose cameras see it.
    """

    run = models.ForeignKey(CoverageRun, on_delete=models.CASCADE, related_name="streets")
    road_id = models.BigIntegerField(null=True)
    start_m = models.FloatField(_("begins at (m)"), default=0)
    area = models.ForeignKey(
        Area, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("area")
    )
    cameras = models.PositiveSmallIntegerField(_("cameras"))
    seen_level = models.CharField(_("best level now"), max_length=20, blank=True, default="")
    reach_level = models.CharField(_("best level in reach"), max_length=20, blank=True, default="")
    sole_code = models.CharField(
        _("the only one that sees it"), max_length=120, blank=True, default=""
    )
    sole_site = models.CharField(
        _("the only site that sees it"), max_length=120, blank=True, default=""
    )
    length_m = models.FloatField(_("length (m)"))
    demand = models.FloatField(_("demand"))
    geom = models.LineStringField(_("line"), srid=4326)

    class Meta:
        db_table = "layers_coveragestreet"
        verbose_name = _("street in a coverage run")
        verbose_name_plural = _("streets in coverage runs")

    def __str__(self) -> str:
        return f"{self.run_id} {self.cameras}"


class CoverageGap(models.Model):
    """A connected stretch of demand that no camera sees, ranked by what is lost."""

    run = models.ForeignKey(CoverageRun, on_delete=models.CASCADE, related_name="gaps")
    rank = models.PositiveIntegerField(_("rank"))
    area = models.ForeignKey(
        Area, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("area")
    )
    street = models.CharField(_("street"), max_length=200, blank=True, default="")
    demand_uncovered = models.FloatField(_("unseen demand"))
    street_uncovered_m = models.FloatField(_("unseen street (m)"))
    point = models.PointField(_("worst point"), srid=4326)
    geom = models.MultiLineStringField(_("streets"), srid=4326)

    class Meta:
        db_table = "layers_coveragegap"
        verbose_name = _("gap")
        verbose_name_plural = _("gaps")
        ordering = ("rank",)
        constraints = [
            models.UniqueConstraint(fields=["run", "rank"], name="coveragegap_rank_once")
        ]

    def __str__(self) -> str:
        return f"{self.rank}"
