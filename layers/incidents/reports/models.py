"""A citizen's report and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from layers.incidents.models import Call, IncidentType


class CitizenReport(models.Model):
    """What a citizen told through the page or Open311, before and after somebody judged it.

    Name, number, address, description and photo are for the people of the triage queue alone. The
    reporter follows it by the token; the public sees its kind, state and ward.
    """

    class Channel(models.TextChoices):
        PAGE = "page", _("report page")
        OPEN311 = "open311", _("Open311")

    class State(models.TextChoices):
        NEW = "new", _("received")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("not taken up")

    token = models.CharField(max_length=48, unique=True, editable=False)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.NEW)
    type = models.ForeignKey(IncidentType, on_delete=models.PROTECT, related_name="+", verbose_name=_("type"))  # fmt: skip
    description = models.TextField(_("description"), blank=True, default="")
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    area_name = models.CharField(_("area"), max_length=160, blank=True, default="")
    government = models.CharField(_("government"), max_length=13, blank=True, default="")
    reporter_name = models.CharField(_("caller"), max_length=160, blank=True, default="")
    reporter_number = models.CharField(_("caller's number"), max_length=40, blank=True, default="")
    reporter_email = models.CharField(_("e-mail"), max_length=160, blank=True, default="")
    photo = models.CharField(max_length=60, blank=True, default="", editable=False)
    source_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    reason = models.CharField(_("reason told to the reporter"), max_length=300, blank=True, default="")  # fmt: skip
    call = models.ForeignKey(Call, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("call"))  # fmt: skip
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    created_at = models.DateTimeField(_("received"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    geom = models.PointField(_("place"), srid=4326, null=True, blank=True)

    class Meta:
        db_table = "layers_citizenreport"
        verbose_name = _("citizen's report")
        verbose_name_plural = _("citizens' reports")
        ordering = ("created_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(geom__isnull=False) | ~Q(address=""), name="citizenreport_has_place"
            ),
            models.CheckConstraint(
                condition=Q(state="new", decided_at__isnull=True, call__isnull=True)
                | Q(state="accepted", decided_at__isnull=False, call__isnull=False)
                | (
                    Q(state="rejected", decided_at__isnull=False, call__isnull=True) & ~Q(reason="")
                ),
                name="citizenreport_decided_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="citizenreport_queue"),
            models.Index(fields=["source_hash", "created_at"], name="citizenreport_source"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        """The number it goes by in public."""
        return f"L-{self.pk:06d}"
