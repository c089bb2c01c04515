"""Warnings as they were issued, and the feeds they come from."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class HazardFeed(models.Model):
    """A configured address and how its last polls went."""

    address = models.CharField(_("address"), max_length=500, unique=True)
    polled_at = models.DateTimeField(_("last asked"), null=True, blank=True)
    ok_at = models.DateTimeField(_("last answered"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True, default="")

    class Meta:
        db_table = "layers_hazardfeed"
        verbose_name = _("hazard feed")
        verbose_name_plural = _("hazard feeds")

    def __str__(self) -> str:
        return self.address.partition("?")[0]


class Hazard(models.Model):
    """One message of a warning service. Updates and cancellations are messages of their own.

    A message in force has no `ended_at`. Only `status` Actual is shown and raised.
    """

    class Kind(models.TextChoices):
        EARTHQUAKE = "earthquake", _("earthquake")
        WEATHER = "weather", _("weather")
        OTHER = "other", _("other hazard")

    class Message(models.TextChoices):
        ALERT = "alert", _("warning")
        UPDATE = "update", _("updated warning")
        CANCEL = "cancel", _("cancellation")

    class Severity(models.TextChoices):
        EXTREME = "extreme", _("extreme")
        SEVERE = "severe", _("severe")
        MODERATE = "moderate", _("moderate")
        MINOR = "minor", _("minor")
        UNKNOWN = "unknown", _("not known")

    sender = models.CharField(_("issued by"), max_length=160)
    identifier = models.CharField(_("identifier"), max_length=200)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    message = models.CharField(_("message"), max_length=8, choices=Message.choices)
    status = models.CharField(_("status"), max_length=12, default="actual")
    references = ArrayField(
        models.CharField(max_length=200), verbose_name=_("messages it replaces"), default=list, blank=True
    )  # fmt: skip
    event = models.CharField(_("event"), max_length=200)
    event_en = models.CharField(_("event in English"), max_length=200, blank=True, default="")
    headline = models.CharField(_("headline"), max_length=300, blank=True, default="")
    headline_en = models.CharField(_("headline in English"), max_length=300, blank=True, default="")
    description = models.TextField(_("description"), blank=True, default="")
    description_en = models.TextField(_("description in English"), blank=True, default="")
    severity = models.CharField(
        _("severity"), max_length=10, choices=Severity.choices, default=Severity.UNKNOWN
    )
    urgency = models.CharField(_("urgency"), max_length=12, blank=True, default="")
    certainty = models.CharField(_("certainty"), max_length=12, blank=True, default="")
    place_text = models.CharField(_("where"), max_length=500, blank=True, default="")
    magnitude = models.FloatField(_("magnitude"), null=True, blank=True)
    depth_km = models.FloatField(_("depth (km)"), null=True, blank=True)
    sent_at = models.DateTimeField(_("issued"))
    starts_at = models.DateTimeField(_("from"))
    expires_at = models.DateTimeField(_("until"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.CharField(_("ended by"), max_length=200, blank=True, default="")
    touches_city = models.BooleanField(_("touches the city"), default=False)
    notes = ArrayField(
        models.CharField(max_length=200), verbose_name=_("remarks on reading"), default=list, blank=True
    )  # fmt: skip
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    geom = models.MultiPolygonField(_("area"), srid=4326, null=True, blank=True)

    class Meta:
        db_table = "layers_hazard"
        verbose_name = _("hazard")
        verbose_name_plural = _("hazards")
        ordering = ("-sent_at",)
        constraints = [
            models.UniqueConstraint(fields=["sender", "identifier"], name="hazard_message_once"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=models.F("sent_at")) | ~Q(ended_at=None),
                name="hazard_open_expires_after_sent",
            ),
        ]
        indexes = [models.Index(fields=["ended_at", "expires_at"], name="hazard_open")]

    def __str__(self) -> str:
        return self.headline or self.event
