"""Devices that report positions, the tracks they leave, and the fixes that were not believed."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from layers.dispatch.models import Unit
from layers.places.models import Agency


class PositionDevice(models.Model):
    """A tracker, phone or gateway that may report positions by its own key.

    A device bound to a unit moves that unit alone. A gateway names the unit by its callsign and
    moves the units of its agency. Only the SHA-256 of the key is kept.
    """

    class Kind(models.TextChoices):
        TRACKER = "tracker", _("tracker in the vehicle")
        PHONE = "phone", _("phone")
        GATEWAY = "gateway", _("gateway of another system")
        SIMULATOR = "simulator", _("simulator")

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(
        _("kind of device"), max_length=10, choices=Kind.choices, default=Kind.TRACKER
    )
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, null=True, blank=True, related_name="devices", verbose_name=_("unit"))  # fmt: skip
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("agency"),
        help_text=_("Of a gateway: it moves the units of this agency."),
    )  # fmt: skip
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    key_hint = models.CharField(_("key ends in"), max_length=8, editable=False)
    max_age_s = models.PositiveIntegerField(
        _("stale after (s)"), null=True, blank=True,
        help_text=_("A position older than this is stale. Empty: NCC_POSITION_MAX_AGE_S."),
    )  # fmt: skip
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False)  # fmt: skip
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        db_table = "layers_positiondevice"
        verbose_name = _("position device")
        verbose_name_plural = _("position devices")
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind="gateway") & Q(unit__isnull=True) & Q(agency__isnull=False))
                | (~Q(kind="gateway") & Q(unit__isnull=False)),
                name="positiondevice_has_unit_or_is_gateway",
            ),
            models.CheckConstraint(
                condition=Q(max_age_s__isnull=True) | Q(max_age_s__gt=0),
                name="positiondevice_age_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class UnitTrack(models.Model):
    """Where a unit was at a time; thinned, in a partition for each day, kept for 90 days."""

    pk = models.CompositePrimaryKey("unit_id", "fix_at")
    unit = models.ForeignKey(
        Unit, on_delete=models.CASCADE, db_constraint=False, db_index=False, related_name="+"
    )
    fix_at = models.DateTimeField(_("fix time"))
    lon = models.FloatField(_("longitude"))
    lat = models.FloatField(_("latitude"))
    speed_kph = models.FloatField(_("speed (km/h)"), null=True)
    heading_deg = models.FloatField(_("heading (°)"), null=True)

    class Meta:
        db_table = "layers_unittrack"
        verbose_name = _("track point")
        verbose_name_plural = _("tracks of units")

    def __str__(self) -> str:
        return f"{self.unit_id} {self.fix_at:%Y-%m-%d %H:%M:%S}"


class PositionFault(models.Model):
    """Fixes of one device that were not believed for one reason in one hour, with the last of them."""

    class Reason(models.TextChoices):
        UNREADABLE = "unreadable", _("unreadable")
        OUT_OF_RANGE = "out_of_range", _("no place on Earth")
        NULL_ISLAND = "null_island", _("zero longitude and latitude")
        SWAPPED_AXES = "swapped_axes", _("longitude and latitude swapped")
        FUTURE = "future", _("dated in the future")
        TOO_OLD = "too_old", _("older than tracks are kept")
        JUMP = "impossible_jump", _("impossible jump")
        SPEED = "impossible_speed", _("impossible speed")
        UNKNOWN_UNIT = "unknown_unit", _("no such unit")

    device = models.ForeignKey(PositionDevice, on_delete=models.CASCADE, related_name="faults", verbose_name=_("device"))  # fmt: skip
    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("unit"))  # fmt: skip
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    hour = models.DateTimeField(_("hour"))
    count = models.PositiveIntegerField(_("number"), default=1)
    last_at = models.DateTimeField(_("last"))
    fix_at = models.DateTimeField(_("fix time"), null=True, blank=True)
    lon = models.FloatField(_("longitude"), null=True, blank=True)
    lat = models.FloatField(_("latitude"), null=True, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True, default="")

    class Meta:
        db_table = "layers_positionfault"
        verbose_name = _("quarantined position")
        verbose_name_plural = _("quarantined positions")
        ordering = ("-last_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["device", "unit", "reason", "hour"],
                name="positionfault_once_an_hour",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.get_reason_display()}"
