"""Units, their statuses and positions, and the assignments that tie them to incidents."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
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


class Assignment(models.Model):
    """One unit's part in one response, with every time of it."""

    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("unit")
    )
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("incident"))  # fmt: skip
    multi = models.BooleanField(_("beside another"), default=False)
    dispatched_at = models.DateTimeField(_("dispatched"))
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
        ]

    def __str__(self) -> str:
        return f"{self.unit} → {self.incident}"


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
