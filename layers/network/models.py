"""Roads and what decides where vehicles may go on them."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from layers.places.models import Sourced


class Road(Sourced):
    """One road line as its source draws it; `node_ids` are aligned with the vertices of `geom`."""

    class Oneway(models.TextChoices):
        NO = "no", _("both ways")
        FORWARD = "forward", _("one-way as drawn")
        BACKWARD = "backward", _("one-way against the drawing")

    class Access(models.TextChoices):
        YES = "yes", _("open")
        DESTINATION = "destination", _("destination only")
        PRIVATE = "private", _("private")
        EMERGENCY = "emergency", _("emergency vehicles only")
        NO = "no", _("closed to vehicles")

    osm_id = models.BigIntegerField(_("OSM id"), null=True, blank=True)
    road_class = models.CharField(_("class"), max_length=30, db_index=True)
    name = models.CharField(_("name"), max_length=200, blank=True, default="", db_index=True)
    ref = models.CharField(_("number"), max_length=60, blank=True, default="")
    oneway = models.CharField(
        _("direction"), max_length=8, choices=Oneway.choices, default=Oneway.NO
    )
    maxspeed_kph = models.FloatField(_("speed limit (km/h)"), null=True, blank=True)
    access = models.CharField(
        _("access"), max_length=12, choices=Access.choices, default=Access.YES
    )
    bridge = models.BooleanField(_("bridge"), default=False)
    tunnel = models.BooleanField(_("tunnel"), default=False)
    level = models.SmallIntegerField(_("level above ground"), default=0)
    roundabout = models.BooleanField(_("roundabout"), default=False)
    drivable = models.BooleanField(_("for vehicles"), default=True)
    node_ids = ArrayField(models.BigIntegerField(), null=True, blank=True, editable=False)
    minz = models.PositiveSmallIntegerField(default=13, editable=False)
    geom = models.LineStringField(_("line"), srid=4326)

    class Meta:
        db_table = "layers_road"
        verbose_name = _("road")
        verbose_name_plural = _("roads")
        constraints = [
            models.CheckConstraint(
                condition=Q(maxspeed_kph__isnull=True)
                | Q(maxspeed_kph__gt=0, maxspeed_kph__lte=200),
                name="road_speed_plausible",
            ),
            models.UniqueConstraint(
                fields=["osm_id"], condition=Q(osm_id__isnull=False), name="road_osm_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.road_class} {self.pk}"


class TurnRestriction(models.Model):
    """A forbidden or only allowed turn, as OpenStreetMap ids of ways and nodes."""

    osm_id = models.BigIntegerField(unique=True)
    kind = models.CharField(_("kind"), max_length=30)
    from_way = models.BigIntegerField()
    via_node = models.BigIntegerField(null=True, blank=True)
    via_ways = ArrayField(models.BigIntegerField(), default=list, blank=True)
    to_way = models.BigIntegerField()
    except_modes = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        db_table = "layers_turnrestriction"
        verbose_name = _("turn restriction")
        verbose_name_plural = _("turn restrictions")
        constraints = [
            models.CheckConstraint(
                condition=Q(via_node__isnull=False) | ~Q(via_ways=[]),
                name="turnrestriction_has_via",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.osm_id}"


class RoadNode(models.Model):
    """A node that slows or stops vehicles: traffic signal, barrier, crossing."""

    osm_id = models.BigIntegerField(unique=True)
    kind = models.CharField(_("kind"), max_length=30)
    passable = models.BooleanField(_("vehicles pass"), default=True)
    geom = models.PointField(srid=4326)

    class Meta:
        db_table = "layers_roadnode"
        verbose_name = _("road node")
        verbose_name_plural = _("road nodes")

    def __str__(self) -> str:
        return f"{self.kind} {self.osm_id}"


class RoadClosure(models.Model):
    """A stretch closed to vehicles for a time: works, flood, event."""

    class Kind(models.TextChoices):
        WORKS = "works", _("road works")
        FLOOD = "flood", _("flood")
        EVENT = "event", _("event")
        ACCIDENT = "accident", _("accident")
        INCIDENT = "incident", _("incident")
        OTHER = "other", _("other")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.WORKS)
    reason = models.CharField(_("reason"), max_length=300)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    geom = models.GeometryField(_("where"), srid=4326)

    class Meta:
        db_table = "layers_roadclosure"
        verbose_name = _("road closure")
        verbose_name_plural = _("road closures")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="roadclosure_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return self.reason
