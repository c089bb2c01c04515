"""Units, their statuses and positions, and the assignments that tie them to incidents."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from layers.assets.models import Station, StationKind
from layers.incidents.models import Incident, IncidentType
from layers.places.models import Agency, Sourced


class StatusClass(models.TextChoices):
    """What a status means for sending the unit; statuses may be renamed, classes not."""

    AVAILABLE = "available", _("available")
    DELAYED = "delayed", _("delayed")
    COMMITTED = "committed", _("committed")
    UNAVAILABLE = "unavailable", _("unavailable")
    UNKNOWN = "unknown", _("unknown")


class UnitStatus(models.Model):
    """A status a unit can have, and its class."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=60, blank=True, default="")
    status_class = models.CharField(_("class"), max_length=12, choices=StatusClass.choices)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    needs_reason = models.BooleanField(_("needs a reason"), default=False)

    class Meta:
        db_table = "layers_unitstatus"
        verbose_name = _("unit status")
        verbose_name_plural = _("unit statuses")
        ordering = ("order",)

    def __str__(self) -> str:
        return self.name

    @property
    def called(self) -> str:
        """Its name in the reader's language."""
        english = (get_language() or "").startswith("en")
        return (self.name_en if english else "") or self.name


class Unit(Sourced):
    """A vehicle with its crew that can be sent."""

    callsign = models.CharField(_("callsign"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=160, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=10, choices=StationKind.choices)
    capabilities = ArrayField(
        models.CharField(max_length=40), verbose_name=_("capabilities"), default=list, blank=True
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("agency")
    )
    station = models.ForeignKey(Station, on_delete=models.PROTECT, null=True, blank=True, related_name="units", verbose_name=_("station"))  # fmt: skip
    status = models.ForeignKey(
        UnitStatus, on_delete=models.PROTECT, related_name="+", verbose_name=_("status")
    )
    status_since = models.DateTimeField(_("in status since"))
    status_reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    post = models.ForeignKey(
        Station, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("stands in at"),
        help_text=_("station that a free unit was ordered to stand in at; its cover counts there"),
    )  # fmt: skip
    multi_assignment = models.BooleanField(_("may hold several incidents"), default=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        db_table = "layers_unit"
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ("callsign",)
        constraints = [
            models.CheckConstraint(condition=~Q(callsign=""), name="unit_callsign_given")
        ]

    def __str__(self) -> str:
        return self.callsign


class UnitAccount(models.Model):
    """Which unit an account of a crew drives; what such an account may do ends at this unit."""

    unit = models.ForeignKey(
        Unit, on_delete=models.CASCADE, related_name="accounts", verbose_name=_("unit")
    )
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drives", verbose_name=_("user"))  # fmt: skip
    since = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        db_table = "layers_unitaccount"
        verbose_name = _("unit's account")
        verbose_name_plural = _("unit accounts")

    def __str__(self) -> str:
        return f"{self.user} → {self.unit}"


class UnitStatusChange(models.Model):
    """One change of a unit's status; append-only, a correction is a new row."""

    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="status_changes", verbose_name=_("unit")
    )
    status = models.ForeignKey(
        UnitStatus, on_delete=models.PROTECT, related_name="+", verbose_name=_("status")
    )
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded"), auto_now_add=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("incident"))  # fmt: skip
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name=_("corrects"))  # fmt: skip

    class Meta:
        db_table = "layers_unitstatuschange"
        verbose_name = _("status change")
        verbose_name_plural = _("status history")
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=["unit", "-at"], name="unitstatuschange_unit_at")]

    def __str__(self) -> str:
        return f"{self.unit} {self.status} {self.at:%Y-%m-%d %H:%M:%S}"


class UnitPosition(models.Model):
    """Where a unit was last known to be. Without a fix time the position never goes stale."""

    unit = models.OneToOneField(
        Unit, on_delete=models.CASCADE, related_name="position", verbose_name=_("unit")
    )
    fix_at = models.DateTimeField(_("fix time"), null=True, blank=True)
    device_at = models.DateTimeField(_("device time"), null=True, blank=True)
    server_at = models.DateTimeField(_("server time"), auto_now=True)
    source = models.CharField(_("source"), max_length=40, default="import")
    speed_kph = models.FloatField(_("speed (km/h)"), null=True, blank=True)
    heading_deg = models.FloatField(_("heading (°)"), null=True, blank=True)
    accuracy_m = models.FloatField(_("accuracy (m)"), null=True, blank=True)
    max_age_s = models.PositiveIntegerField(
        _("stale after (s)"), null=True, blank=True,
        help_text=_("A position older than this is stale. Empty: NCC_POSITION_MAX_AGE_S."),
    )  # fmt: skip
    online = models.BooleanField(_("online"), default=False, db_default=False)
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_unitposition"
        verbose_name = _("unit position")
        verbose_name_plural = _("unit positions")

    def __str__(self) -> str:
        return str(self.unit)


class Step(models.TextChoices):
    """Steps of one unit's part in a response, in the order in which they come."""

    RESERVED = "reserved", _("reserved")
    DISPATCHED = "dispatched", _("dispatched")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    EN_ROUTE = "en_route", _("en route")
    STAGED = "staged", _("staged")
    ON_SCENE = "on_scene", _("on scene")
    TRANSPORT = "transport", _("transporting")
    AT_FACILITY = "at_facility", _("at facility")
    CLEAR = "clear", _("cleared")
    CANCEL = "cancel", _("cancelled")


#: Step → column of the assignment that holds its time; reserving has `created_at`.
STEP_FIELD: dict[str, str] = {
    Step.DISPATCHED: "dispatched_at",
    Step.ACKNOWLEDGED: "acknowledged_at",
    Step.EN_ROUTE: "en_route_at",
    Step.STAGED: "staged_at",
    Step.ON_SCENE: "on_scene_at",
    Step.TRANSPORT: "transport_at",
    Step.AT_FACILITY: "at_facility_at",
    Step.CLEAR: "cleared_at",
    Step.CANCEL: "cancelled_at",
}


def out_of_order() -> Case:
    """True where a stamp is earlier than one that belongs before it; missing stamps do not count."""
    names = list(STEP_FIELD.values())
    found = Q()
    for index, name in enumerate(names[1:], start=1):
        before: Any = F(names[0]) if index == 1 else Greatest(*(F(one) for one in names[:index]))
        found |= Q(**{f"{name}__isnull": False}) & Q(**{f"{name}__lt": before})
    return Case(When(found, then=Value(True)), default=Value(False))


class Assignment(models.Model):
    """One unit's part in one response, with every time of it as it is known now.

    Without a dispatch time the unit is reserved. `AssignmentStep` keeps what was first recorded.
    """

    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("unit")
    )
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("incident"))  # fmt: skip
    multi = models.BooleanField(_("beside another"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    dispatched_at = models.DateTimeField(_("dispatched"), null=True, blank=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    en_route_at = models.DateTimeField(_("en route"), null=True, blank=True)
    staged_at = models.DateTimeField(_("staged"), null=True, blank=True)
    on_scene_at = models.DateTimeField(_("on scene"), null=True, blank=True)
    transport_at = models.DateTimeField(_("transporting"), null=True, blank=True)
    at_facility_at = models.DateTimeField(_("at facility"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    eta_s = models.FloatField(_("time to arrival when sent (s)"), null=True, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    disordered = models.GeneratedField(
        expression=out_of_order(), output_field=models.BooleanField(_("times out of order")), db_persist=True
    )  # fmt: skip

    class Meta:
        db_table = "layers_assignment"
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            models.UniqueConstraint(
                fields=["unit"],
                condition=Q(cleared_at__isnull=True, cancelled_at__isnull=True, multi=False),
                name="assignment_one_active_for_a_unit",
            ),
            models.UniqueConstraint(
                fields=["unit", "incident"],
                condition=Q(cleared_at__isnull=True, cancelled_at__isnull=True),
                name="assignment_once_for_an_incident",
            ),
            models.CheckConstraint(
                condition=Q(dispatched_at__isnull=False)
                | Q(
                    acknowledged_at__isnull=True, en_route_at__isnull=True, staged_at__isnull=True,
                    on_scene_at__isnull=True, transport_at__isnull=True, at_facility_at__isnull=True,
                    cleared_at__isnull=True,
                ),
                name="assignment_reserved_has_no_times",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["incident", "unit"], name="assignment_incident_unit")]

    def __str__(self) -> str:
        return f"{self.unit} → {self.incident}"

    @property
    def active(self) -> bool:
        """Whether the unit still belongs to the response."""
        return self.cleared_at is None and self.cancelled_at is None

    @property
    def step(self) -> Step:
        """The last step that has a time."""
        for step in reversed(STEP_FIELD):
            if getattr(self, STEP_FIELD[step]) is not None:
                return Step(step)
        return Step.RESERVED


class AssignmentStep(models.Model):
    """One stamp as it was given: for when, recorded when, by whom. A correction names the stamp it corrects."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="steps", verbose_name=_("assignment"))  # fmt: skip
    step = models.CharField(_("step"), max_length=14, choices=Step.choices)
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    by_unit = models.BooleanField(_("by the unit itself"), default=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    override = models.BooleanField(_("against the usual order"), default=False)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrections", verbose_name=_("corrects"))  # fmt: skip

    class Meta:
        db_table = "layers_assignmentstep"
        verbose_name = _("stamp of an assignment")
        verbose_name_plural = _("stamps of assignments")
        ordering = ("recorded_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(corrects__isnull=True) | ~Q(reason=""),
                name="assignmentstep_correction_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(override=False) | ~Q(reason=""),
                name="assignmentstep_override_has_reason",
            ),
        ]
        indexes = [models.Index(fields=["assignment", "id"], name="assignmentstep_assignment")]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.step} {self.at:%Y-%m-%d %H:%M:%S}"


class RunCard(models.Model):
    """What an incident type at an alarm level calls for."""

    incident_type = models.ForeignKey(IncidentType, on_delete=models.CASCADE, related_name="run_cards", verbose_name=_("incident type"))  # fmt: skip
    alarm_level = models.PositiveSmallIntegerField(_("alarm level"), default=1)
    kind = models.CharField(_("kind of unit"), max_length=10, choices=StationKind.choices)
    capability = models.CharField(_("capability"), max_length=40, blank=True, default="")
    count = models.PositiveSmallIntegerField(_("number"), default=1)

    class Meta:
        db_table = "layers_runcard"
        verbose_name = _("run card line")
        verbose_name_plural = _("run cards")
        constraints = [
            models.UniqueConstraint(
                fields=["incident_type", "alarm_level", "kind", "capability"],
                name="runcard_line_once",
            ),
            models.CheckConstraint(
                condition=Q(count__gt=0, alarm_level__gt=0), name="runcard_counts_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_type} {self.alarm_level}: {self.count} × {self.kind}"
