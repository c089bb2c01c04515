"""An existing camera that a plan turns or replaces: proposed, reviewed, and carried out."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from layers.assets.models import Camera, CameraModel
from layers.coverage.plans.models import STANDING, Plan, Review


class PlanTurn(models.Model):
    """One existing camera that is to hang otherwise; `order` is the most worthwhile first.

    `gain` is what it earns after those before it. `model` is the new camera's where it is `replaced`
    (None: the built-in one), and None where it keeps its own. A camera that is deleted leaves its code here.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="turns")
    order = models.PositiveIntegerField(_("order"))
    camera = models.ForeignKey(Camera, on_delete=models.SET_NULL, null=True, blank=True, related_name="plan_turns", verbose_name=_("camera"))  # fmt: skip
    code = models.CharField(_("code"), max_length=120)
    from_heading_deg = models.FloatField(_("heading before (°)"))
    heading_deg = models.FloatField(_("heading (°)"))
    replaced = models.BooleanField(_("replaced by a new camera"), default=False)
    model = models.ForeignKey(
        CameraModel, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("new model")
    )
    gain = models.FloatField(_("demand gained"))
    cost_idr = models.BigIntegerField(_("cost (Rp)"))
    review = models.CharField(
        _("review"), max_length=10, choices=Review.choices, default=Review.PENDING
    )
    review_reason = models.TextField(_("reason"), max_length=2000, blank=True, default="")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    done_at = models.DateTimeField(_("carried out"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_planturn"
        verbose_name = _("camera to turn")
        verbose_name_plural = _("cameras to turn")
        ordering = ("order",)
        constraints = [
            models.UniqueConstraint(fields=["plan", "order"], name="planturn_order_once"),
            models.UniqueConstraint(fields=["plan", "camera"], name="planturn_camera_once"),
            models.CheckConstraint(
                condition=Q(heading_deg__gte=0, heading_deg__lt=360), name="planturn_heading"
            ),
            models.CheckConstraint(condition=Q(cost_idr__gte=0), name="planturn_cost"),
            models.CheckConstraint(
                condition=Q(replaced=True) | Q(model__isnull=True),
                name="planturn_model_when_replaced",
            ),
            models.CheckConstraint(
                condition=Q(review__in=["pending", "endorsed", "refused", "withdrawn"]),
                name="planturn_review_known",
            ),
            models.CheckConstraint(
                condition=~Q(review__in=["refused", "withdrawn"]) | ~Q(review_reason=""),
                name="planturn_review_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(review="endorsed"),
                name="planturn_done_when_endorsed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.code}"

    @property
    def standing(self) -> bool:
        """Whether the turn still belongs to its plan."""
        return self.review in STANDING
