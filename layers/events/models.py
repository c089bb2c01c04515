"""The outbox: what happened, in the order in which it may be read."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Visibility(models.TextChoices):
    """Who may hear of an event at all; rights narrow it further."""

    PUBLIC = "public", _("everybody")
    AGENCY = "agency", _("the agency it belongs to")
    OPS = "ops", _("the control room")


class Event(models.Model):
    """One change worth telling; written in the transaction that makes the change.

    `agency_id` and `area_id` are plain numbers: an event outlives what it speaks of.
    """

    kind = models.CharField(_("kind"), max_length=60)
    layer = models.CharField(_("layer"), max_length=40, blank=True, default="")
    object_id = models.CharField(_("object"), max_length=64, blank=True, default="")
    agency_id = models.BigIntegerField(_("agency"), null=True, blank=True)
    area_id = models.BigIntegerField(_("area"), null=True, blank=True)
    visibility = models.CharField(
        _("visible to"), max_length=6, choices=Visibility.choices, default=Visibility.OPS
    )
    payload = models.JSONField(_("data"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    at = models.DateTimeField(_("time"), db_default=Now())

    class Meta:
        db_table = "layers_event"
        ordering = ["id"]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(visibility__in=[value for value, _label in Visibility.choices]),
                name="event_visibility_known",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="event_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.layer} {self.object_id}"
