"""What a run keeps beside its streets and gaps: what failures cost, its tiles while it is worked, its releases."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from layers.coverage.models import CoverageRun


class CoverageLoss(models.Model):
    """One camera, site or hotspot of a run: what it sees, and what only it sees.

    `rank` 1 loses most demand; what does not count has a reason, and no rank.
    """

    class Kind(models.TextChoices):
        CAMERA = "camera", _("camera")
        SITE = "site", _("site")
        WIFI = "wifi", _("hotspot")

    run = models.ForeignKey(CoverageRun, on_delete=models.CASCADE, related_name="losses")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices)
    rank = models.PositiveIntegerField(_("rank"), null=True, blank=True)
    code = models.CharField(_("code"), max_length=120)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    site_code = models.CharField(_("site"), max_length=120, blank=True, default="")
    cameras = models.PositiveIntegerField(_("cameras"), default=1)
    reason = models.CharField(_("left out because"), max_length=300, blank=True, default="")
    street_m = models.FloatField(_("street seen (m)"), default=0)
    demand = models.FloatField(_("demand seen"), default=0)
    lost_street_m = models.FloatField(_("street lost (m)"), default=0)
    lost_demand = models.FloatField(_("demand lost"), default=0)
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_coverageloss"
        verbose_name = _("what a failure costs")
        verbose_name_plural = _("what failures cost")
        ordering = ("run_id", "kind", "rank", "code")
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "code"], name="coverageloss_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.code}"


class CoverageTile(models.Model):
    """A piece of ground of a run being worked, as bytes that any worker can look at; gone when the run ends.

    Tile 0 of a part is the part's ground itself, read when the answers are brought together.
    """

    run = models.ForeignKey(CoverageRun, on_delete=models.CASCADE, related_name="tiles")
    part = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    inputs = models.BinaryField()

    class Meta:
        db_table = "layers_coveragetile"
        verbose_name = _("tile of a coverage run")
        verbose_name_plural = _("tiles of coverage runs")
        constraints = [
            models.UniqueConstraint(fields=["run", "part", "number"], name="coveragetile_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.part}/{self.number}"


class GapRelease(models.Model):
    """One act of opening a run's gap map to the public, or of closing it again. Append-only.

    The newest act of a run says whether the public sees its gaps; without any it does not.
    """

    class Act(models.TextChoices):
        RELEASED = "released", _("released to the public")
        WITHDRAWN = "withdrawn", _("closed again")

    run = models.ForeignKey(
        CoverageRun, on_delete=models.PROTECT, related_name="releases", verbose_name=_("run")
    )
    act = models.CharField(_("act"), max_length=10, choices=Act.choices)
    text = models.TextField(_("reason"), max_length=2000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))  # fmt: skip
    author_name = models.CharField(_("author"), max_length=160)
    at = models.DateTimeField(_("at"), db_default=Now())

    class Meta:
        db_table = "layers_gaprelease"
        verbose_name = _("release of a gap map")
        verbose_name_plural = _("releases of gap maps")
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(act__in=["released", "withdrawn"]), name="gaprelease_act_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="gaprelease_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.act}"
