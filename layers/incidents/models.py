"""Calls and the incidents they become."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from layers.places.models import Agency, Area, Sourced


class IncidentType(models.Model):
    """A kind of incident, its group and the priority it starts with."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True, default="")
    group = models.CharField(_("group"), max_length=40, blank=True, default="")
    default_priority = models.PositiveSmallIntegerField(_("starting priority"), default=3)
    severity = models.FloatField(_("weight in demand"), default=1.0)
    sensitive = models.BooleanField(_("never published in detail"), default=False)
    lead_agency = models.ForeignKey(
        Agency, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("lead agency")
    )  # fmt: skip

    class Meta:
        db_table = "layers_incidenttype"
        verbose_name = _("incident type")
        verbose_name_plural = _("incident types")
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(default_priority__gte=1, default_priority__lte=5),
                name="incidenttype_priority",
            ),
            models.CheckConstraint(
                condition=Q(severity__gte=0), name="incidenttype_severity_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class IncidentState(models.TextChoices):
    """Life cycle of an incident."""

    NEW = "new", _("new")
    PENDING = "pending", _("pending")
    DISPATCHED = "dispatched", _("dispatched")
    ON_SCENE = "on_scene", _("on scene")
    UNDER_CONTROL = "under_control", _("under control")
    CLOSED = "closed", _("closed")
    ON_HOLD = "on_hold", _("on hold")
    CANCELLED = "cancelled", _("cancelled")
    MERGED = "merged", _("merged")


class Disposition(models.TextChoices):
    """How an incident ended."""

    HANDLED = "handled", _("handled")
    UNFOUNDED = "unfounded", _("unfounded")
    FALSE_ALARM = "false_alarm", _("false alarm")
    NOTHING_FOUND = "nothing_found", _("nothing found")
    CANCELLED = "cancelled", _("cancelled")
    DUPLICATE = "duplicate", _("duplicate")
    TRANSFERRED = "transferred", _("transferred")


class LocationSource(models.TextChoices):
    """How the place of a call or incident became known."""

    ADDRESS = "address", _("address")
    LANDMARK = "landmark", _("landmark")
    INTERSECTION = "intersection", _("intersection")
    COORDINATES = "coordinates", _("coordinates")
    CLICK = "click", _("click on the map")
    DEVICE = "device", _("caller's device")


class Incident(Sourced):
    """Something that happened at a place and needs, or needed, a response."""

    number = models.CharField(_("number"), max_length=40, unique=True)
    type = models.ForeignKey(
        IncidentType, on_delete=models.PROTECT, related_name="+", verbose_name=_("type")
    )
    initial_type = models.ForeignKey(IncidentType, on_delete=models.PROTECT, related_name="+", verbose_name=_("initial type"))  # fmt: skip
    state = models.CharField(
        _("state"), max_length=14, choices=IncidentState.choices, default=IncidentState.NEW
    )
    priority = models.PositiveSmallIntegerField(_("priority"), default=3)
    disposition = models.CharField(
        _("disposition"), max_length=14, choices=Disposition.choices, blank=True, default=""
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("lead agency")
    )
    area = models.ForeignKey(
        Area, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("area")
    )
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    summary = models.CharField(_("summary"), max_length=500, blank=True, default="")
    reported_at = models.DateTimeField(_("reported"))
    first_dispatch_at = models.DateTimeField(_("first dispatch"), null=True, blank=True)
    first_en_route_at = models.DateTimeField(_("first en route"), null=True, blank=True)
    first_on_scene_at = models.DateTimeField(_("first on scene"), null=True, blank=True)
    under_control_at = models.DateTimeField(_("under control"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    first_closed_at = models.DateTimeField(_("first closed"), null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged", verbose_name=_("merged into"))  # fmt: skip
    location_accuracy_m = models.FloatField(_("accuracy of the place (m)"), null=True, blank=True)
    location_source = models.CharField(
        _("place given by"), max_length=14, choices=LocationSource.choices, blank=True, default=""
    )
    alarm_level = models.PositiveSmallIntegerField(_("alarm level"), default=1)
    scheduled_for = models.DateTimeField(_("scheduled for"), null=True, blank=True)
    state_since = models.DateTimeField(_("in state since"), default=timezone.now)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")  # fmt: skip
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_incident"
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ("-reported_at",)
        constraints = [
            models.CheckConstraint(condition=~Q(number=""), name="incident_number_given"),
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=5), name="incident_priority"
            ),
            models.CheckConstraint(
                condition=Q(alarm_level__gte=1, alarm_level__lte=5), name="incident_alarm_level"
            ),
            models.CheckConstraint(
                condition=Q(state__in=IncidentState.values), name="incident_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | (Q(closed_at__isnull=False) & ~Q(disposition="")),
                name="incident_closed_has_time_and_disposition",
            ),
            models.CheckConstraint(
                condition=~Q(state="merged") | Q(merged_into__isnull=False),
                name="incident_merged_names_target",
            ),
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")), name="incident_not_merged_into_itself"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "priority", "reported_at"], name="incident_queue"),
            models.Index(fields=["reported_at"], name="incident_reported"),
        ]

    def __str__(self) -> str:
        return self.number


class Call(Sourced):
    """One call or message to the command centre; ghost and prank calls are counted, never incidents."""

    class Kind(models.TextChoices):
        NORMAL = "normal", _("normal")
        INFORMATION = "information", _("information")
        GHOST = "ghost", _("ghost")
        PRANK = "prank", _("prank")
        DROPPED = "dropped", _("dropped")
        DUPLICATE = "duplicate", _("duplicate")

    class Channel(models.TextChoices):
        C112 = "112", _("112")
        C110 = "110", _("110 police")
        C113 = "113", _("113 fire")
        C119 = "119", _("119 ambulance")
        APP = "app", _("app")
        RADIO = "radio", _("radio")
        WALK_IN = "walk_in", _("walk-in")

    code = models.CharField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.NORMAL)
    channel = models.CharField(
        _("channel"), max_length=8, choices=Channel.choices, default=Channel.C112
    )
    arrived_at = models.DateTimeField(_("arrived"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="calls", verbose_name=_("incident"))  # fmt: skip
    caller_name = models.CharField(_("caller"), max_length=160, blank=True, default="")
    caller_number = models.CharField(_("caller's number"), max_length=40, blank=True, default="")
    note = models.TextField(_("note"), blank=True, default="")
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("taken by"))  # fmt: skip
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("agency")
    )
    place_text = models.CharField(_("place as told"), max_length=300, blank=True, default="")
    location_accuracy_m = models.FloatField(_("accuracy of the place (m)"), null=True, blank=True)
    location_source = models.CharField(
        _("place given by"), max_length=14, choices=LocationSource.choices, blank=True, default=""
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    geom = models.PointField(_("place"), srid=4326, null=True, blank=True)

    class Meta:
        db_table = "layers_call"
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ("-arrived_at",)
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["ghost", "prank", "information", "dropped"])
                | Q(incident__isnull=True),
                name="call_not_real_has_no_incident",
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(answered_at__gte=F("arrived_at")),
                name="call_answered_after_arrival",
            ),
        ]
        indexes = [models.Index(fields=["arrived_at"], name="call_arrived")]

    def __str__(self) -> str:
        return self.code
