"""Rules of an agency: how its vehicles drive, when they are sent, and in which order it helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from layers.assets.models import StationKind
from layers.errors import InvalidInput
from layers.network.costing import costing_for
from layers.places.models import Agency

#: Columns that are laid over the costing of a kind of unit; the names are `Costing`'s own.
DRIVING_FIELDS = (
    "against_oneway", "against_oneway_kph", "obeys_turn_restrictions", "u_turn_s", "speed_factor",
    "limit_factor", "traffic_signals_s",
)  # fmt: skip


class Sending(models.TextChoices):
    """When an agency's units are recommended."""

    FIRST = "first", _("from the start")
    AID = "aid", _("only when others fall short (mutual aid)")
    NEVER = "never", _("only on its own decision")


class AgencyRule(models.Model):
    """What holds for the units of an agency, or for those of one kind; what is empty is as for all."""

    agency = models.ForeignKey(
        Agency, on_delete=models.CASCADE, related_name="rules", verbose_name=_("agency")
    )
    kind = models.CharField(
        _("kind of unit"), max_length=10, choices=StationKind.choices, blank=True, default="",
        help_text=_("Empty: all units of the agency for which no other rule holds."),
    )  # fmt: skip
    sending = models.CharField(
        _("is sent"), max_length=6, choices=Sending.choices, default=Sending.FIRST
    )
    aid_order = models.PositiveSmallIntegerField(
        _("order in mutual aid"), default=10, help_text=_("The lowest is asked first.")
    )
    min_crew = models.PositiveSmallIntegerField(
        _("least crew"), default=0,
        help_text=_("Units known to have fewer people aboard are not recommended."),
    )  # fmt: skip
    against_oneway = models.BooleanField(_("may drive against a one-way"), null=True, blank=True)
    against_oneway_kph = models.FloatField(
        _("speed against a one-way (km/h)"), null=True, blank=True
    )
    obeys_turn_restrictions = models.BooleanField(
        _("keeps to turn restrictions"), null=True, blank=True
    )
    u_turn_s = models.FloatField(_("time of a U-turn (s)"), null=True, blank=True)
    speed_factor = models.FloatField(
        _("speed against the class of road (×)"), null=True, blank=True
    )
    limit_factor = models.FloatField(_("speed against a posted limit (×)"), null=True, blank=True)
    traffic_signals_s = models.FloatField(_("delay at a traffic signal (s)"), null=True, blank=True)
    class_kph = models.JSONField(
        _("speeds by class of road (km/h)"), default=dict, blank=True,
        help_text=_('For instance {"residential": 25, "primary": 70}.'),
    )  # fmt: skip

    class Meta:
        db_table = "layers_agencyrule"
        verbose_name = _("agency's rule")
        verbose_name_plural = _("agencies' rules")
        ordering = ("agency", "kind")
        constraints = [
            models.UniqueConstraint(fields=["agency", "kind"], name="agencyrule_kind_once"),
            models.CheckConstraint(
                condition=(Q(against_oneway_kph__isnull=True) | Q(against_oneway_kph__gt=0))
                & (Q(speed_factor__isnull=True) | Q(speed_factor__gt=0))
                & (Q(limit_factor__isnull=True) | Q(limit_factor__gt=0)),
                name="agencyrule_speeds_positive",
            ),
            models.CheckConstraint(
                condition=(Q(u_turn_s__isnull=True) | Q(u_turn_s__gte=0))
                & (Q(traffic_signals_s__isnull=True) | Q(traffic_signals_s__gte=0)),
                name="agencyrule_delays_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} {self.get_kind_display() if self.kind else ''}".strip()

    def clean(self) -> None:
        """Refuse speeds and delays that no vehicle has."""
        try:
            costing_for(self.kind or None, driving_of(self))
        except InvalidInput as error:
            raise ValidationError(str(error)) from error
        for name, most in (("speed_factor", 3.0), ("limit_factor", 3.0), ("against_oneway_kph", 60.0),
                           ("u_turn_s", 600.0), ("traffic_signals_s", 300.0)):  # fmt: skip
            value = getattr(self, name)
            if value is not None and value > most:
                raise ValidationError({name: _("At most %(most)g.") % {"most": most}})


def driving_of(rule: AgencyRule | None) -> Mapping[str, Any]:
    """What a rule lays over the costing of a kind of unit: only what is filled in."""
    if rule is None:
        return {}
    found = {name: value for name in DRIVING_FIELDS if (value := getattr(rule, name)) is not None}
    if rule.class_kph:
        found["class_kph"] = rule.class_kph
    return found
