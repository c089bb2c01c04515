"""How long a step of an incident may take: the limits everybody starts with, and those set for a type or priority."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from layers.incidents.models import Incident, IncidentType

#: Group of incident types to which waktu tanggap applies.
FIRE_GROUP = "fire"


@dataclass(frozen=True)
class Target:
    """A limit in seconds, what it runs from and to, and where it is written."""

    kind: str
    seconds: float
    meaning: str
    source: str


#: Kind → limit where no row says otherwise. The most serious comes first.
TARGETS: dict[str, Target] = {
    target.kind: target
    for target in (
        Target("waktu_tanggap", 900.0, "fire: report to handling starts", "Permen PU 20/2009, SPM Permendagri 114/2018"),
        Target("dispatched", 600.0, "first unit sent to a unit on scene", "there in 10 minutes, as call number 110 promises"),
        Target("pending", 60.0, "report to the first unit sent", "NFPA 1225, 90 % processed within 60 s"),
        Target("acknowledge", 90.0, "unit sent to its crew's answer", "a house rule"),
    )
}  # fmt: skip


class LimitKind(models.TextChoices):
    """What a limit is for."""

    PENDING = "pending", _("report until the first unit is sent")
    DISPATCHED = "dispatched", _("first unit sent until one is on scene")
    WAKTU_TANGGAP = "waktu_tanggap", _("waktu tanggap: report until handling starts (fire)")
    ACKNOWLEDGE = "acknowledge", _("unit sent until its crew answers")


class ResponseLimit(models.Model):
    """A limit set by the control room, for one type, one priority, both, or all that have none of their own."""

    kind = models.CharField(_("limit"), max_length=20, choices=LimitKind.choices)
    type = models.ForeignKey(
        IncidentType, on_delete=models.CASCADE, null=True, blank=True, related_name="+",
        verbose_name=_("incident type"), help_text=_("empty: every type"),
    )  # fmt: skip
    priority = models.PositiveSmallIntegerField(
        _("priority"), null=True, blank=True, help_text=_("1 to 5; empty: every priority"),
        validators=[MinValueValidator(1), MaxValueValidator(5)],
    )  # fmt: skip
    seconds = models.PositiveIntegerField(
        _("limit (s)"), validators=[MinValueValidator(1), MaxValueValidator(86_400)]
    )

    class Meta:
        db_table = "layers_responselimit"
        verbose_name = _("time limit")
        verbose_name_plural = _("time limits")
        ordering = ("kind", "type", "priority")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "type", "priority"],
                name="responselimit_once",
                nulls_distinct=False,
                violation_error_message=_("There is a limit for this type and priority already."),
            ),
            models.CheckConstraint(
                condition=Q(kind__in=LimitKind.values), name="responselimit_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(seconds__gte=1, seconds__lte=86_400), name="responselimit_seconds"
            ),
            models.CheckConstraint(
                condition=Q(priority__isnull=True) | Q(priority__gte=1, priority__lte=5),
                name="responselimit_priority",
            ),
            # A unit's answer is waited for alike, whatever it was sent to.
            models.CheckConstraint(
                condition=~Q(kind="acknowledge") | Q(type__isnull=True, priority__isnull=True),
                name="responselimit_answer_for_all",
                violation_error_message=_("The limit for a crew's answer holds for every type and priority."),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.seconds} s"


class Limits:
    """The limits in force when this was made; one query."""

    def __init__(self) -> None:
        rows = ResponseLimit.objects.order_by().values_list("kind", "type", "priority", "seconds")
        self._set: dict[tuple[str, int | None, int | None], float] = {
            (kind, of_type, priority): float(seconds) for kind, of_type, priority, seconds in rows
        }

    def seconds(self, kind: str, incident: Incident | None = None) -> float:
        """The limit of a kind for an incident (None: for all), the most particular first: type and
        priority, type, priority, all, and what `TARGETS` says."""
        found = None
        if incident is not None:
            for key in (
                (kind, incident.type_id, incident.priority),
                (kind, incident.type_id, None),
                (kind, None, incident.priority),
            ):
                found = found or self._set.get(key)
        return found or self._set.get((kind, None, None)) or TARGETS[kind].seconds

    def general(self) -> dict[str, float]:
        """Kind → limit for all that have none of their own."""
        return {kind: self.seconds(kind) for kind in TARGETS}
