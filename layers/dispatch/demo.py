"""Rules of the demonstration city's agencies: who helps whom."""

from __future__ import annotations

from layers.dispatch.rules import AgencyRule, Sending
from layers.places.models import Agency

#: Code of an agency → (kind of unit or "", order in which it is asked).
_HELPERS = {"basarnas": ("", 1), "pmi": ("ambulance", 2), "satpolpp": ("police", 3), "kabmalang": ("", 9)}  # fmt: skip


def demo_rules_create() -> int:
    """Give the helpers of the demonstration city their rule unless they have one; returns how many."""
    made = 0
    for agency in Agency.objects.filter(code__in=_HELPERS):
        kind, order = _HELPERS[agency.code]
        made += AgencyRule.objects.get_or_create(
            agency=agency, kind=kind, defaults={"sending": Sending.AID, "aid_order": order}
        )[1]
    return made
