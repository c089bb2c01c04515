"""What a run keeps beside its streets and gaps: what each failure would cost, and its tiles while it is worked."""

from __future__ import annotations

from django.contrib.gis.db import models
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
