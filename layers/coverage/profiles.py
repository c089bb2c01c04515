"""Demand profiles: the weights that turn streets into demand, kept under a name."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.audit.actor import recorded
from layers.coverage.models import DemandProfile
from layers.errors import Conflict, InvalidInput, NotFound
from layers.events.services import event_publish

#: Places that draw people, where a profile names none.
PUBLIC_PLACES = (
    "hospital", "school", "university", "college", "marketplace", "mall", "bus_station", "station", "townhall",
    "place_of_worship", "stadium", "attraction", "museum", "theatre", "cinema", "clinic", "community_centre",
)  # fmt: skip
_WEIGHTS = ("street_weight", "incident_weight", "population_weight", "place_weight")
#: Lengths and times: (lowest, highest) that make sense; lowest included.
_BOUNDS = {
    "kernel_m": (1.0, 5_000.0),
    "place_kernel_m": (1.0, 5_000.0),
    "half_life_days": (0.01, 36_500.0),
    "piece_m": (1.0, 1_000.0),
    "severity_exponent": (0.0, 4.0),
}
_MOST_WEIGHT = 1_000.0


@dataclass(frozen=True)
class Profile:
    """Weights of one demand profile; the formula is in `layers/coverage/demand.py`."""

    name: str = "default"
    street_weight: float = 1.0
    incident_weight: float = 1.0
    population_weight: float = 0.5
    place_weight: float = 0.5
    kernel_m: float = 100.0
    half_life_days: float = 365.0
    piece_m: float = 10.0
    window_days: float | None = None
    severity_exponent: float = 1.0
    incident_kinds: dict[str, float] = field(default_factory=dict)
    place_kernel_m: float = 100.0
    place_kinds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The parameters, for storing with a run."""
        return asdict(self)


_NAMES = tuple(item.name for item in fields(Profile))


def profile_from(values: dict[str, Any]) -> Profile:
    """A profile of stored parameters; what older ones lack is what it was then.

    Raises `InvalidInput` for a weight below 0, or a length or time that is none.
    """
    known = {name: values[name] for name in _NAMES if name in values}
    if "place_kernel_m" not in known and "kernel_m" in known:
        known["place_kernel_m"] = known["kernel_m"]
    return profile_checked(Profile(**known))


def profile_checked(profile: Profile) -> Profile:
    """The profile itself; `InvalidInput` that names the value where one cannot be meant."""
    for name in _WEIGHTS:
        _within(name, getattr(profile, name), 0.0, _MOST_WEIGHT)
    for name, (low, high) in _BOUNDS.items():
        _within(name, getattr(profile, name), low, high)
    if profile.window_days is not None:
        _within("window_days", profile.window_days, 0.01, 36_500.0)
    for name in ("incident_kinds", "place_kinds"):
        kinds = getattr(profile, name)
        if not isinstance(kinds, dict) or len(kinds) > 500:
            raise InvalidInput(
                f"{name} is no list of kinds with a weight each",
                value=kinds,
                remedy='give an object such as {"fire": 2}',
            )
        for kind, weight in kinds.items():
            _within(f"{name} {kind}", weight, 0.0, _MOST_WEIGHT)
    return profile


def _within(name: str, value: Any, low: float, high: float) -> None:
    right = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not right or not low <= value <= high:
        raise InvalidInput(
            f"{name} is {value}", value=value, remedy=f"give a number from {low:g} to {high:g}"
        )


def profile_of(row: DemandProfile) -> Profile:
    """The weights of a saved profile."""
    return Profile(**{name: getattr(row, name) for name in _NAMES})


def profile_named(name: str | None) -> Profile:
    """The profile of that name; without one the default, or the built-in weights where none is saved.

    Raises `NotFound` for a name that nobody saved.
    """
    if name:
        row = DemandProfile.objects.filter(name=name).first()
        if row is None:
            known = ", ".join(DemandProfile.objects.order_by("name").values_list("name", flat=True))
            raise NotFound(
                _("no demand profile {name}").format(name=repr(name)),
                value=name,
                remedy=_("choose one of {names}").format(names=known or "–"),
            )
        return profile_of(row)
    row = DemandProfile.objects.filter(is_default=True).first()
    return Profile() if row is None else profile_of(row)


def profile_list() -> list[dict[str, Any]]:
    """Saved profiles, the default first, then by name."""
    rows = DemandProfile.objects.order_by("-is_default", "name")
    return [profile_shown(row) for row in rows]


def profile_shown(row: DemandProfile) -> dict[str, Any]:
    """A saved profile with its id, version and whether it is the default."""
    return {
        "id": row.pk, **profile_of(row).as_dict(), "is_default": row.is_default,
        "version": row.version, "changed_at": row.changed_at,
    }  # fmt: skip


def profile_save(
    *, name: str, weights: dict[str, Any], version: int | None = None, is_default: bool = False
) -> DemandProfile:
    """Save weights under a name: a new profile, or, with the `version` one has read, changed ones.

    Raises `Conflict` where the name is taken (`version` left out) or somebody changed the profile
    since it was read, and `InvalidInput` for weights that cannot be meant.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise InvalidInput("a profile needs a name of 1 to 80 letters", value=name)
    profile = profile_from({**weights, "name": name})
    with recorded():
        row = DemandProfile.objects.select_for_update().filter(name=name).first()
        if row is not None and version is None:
            raise Conflict(
                f"there is a profile {name!r} already",
                value=name,
                remedy="choose another name, or change the profile that is there",
            )
        if row is None and version is not None:
            raise Conflict(
                f"the profile {name!r} is gone", value=name, remedy="save it under a new name"
            )
        if row is not None and row.version != version:
            raise Conflict(
                f"the profile {name!r} was changed by somebody else meanwhile",
                value=row.version,
                remedy="load it again; your weights are still in the form",
            )
        row = row or DemandProfile(name=name, version=0)
        for key, value in profile.as_dict().items():
            setattr(row, key, value)
        row.is_default = is_default or row.is_default
        row.version += 1
        row.changed_at = timezone.now()
        try:
            with transaction.atomic():
                if is_default:
                    others = DemandProfile.objects.filter(is_default=True).exclude(name=name)
                    others.update(is_default=False)
                row.save()
        except IntegrityError:
            raise Conflict(
                f"somebody saved a profile {name!r}, or another default, at the same moment",
                value=name,
                remedy="load the profiles again",
            ) from None
        event_publish("coverage.profile", layer="coverage", object_id=row.pk, payload={})
    return row


def profile_delete(*, name: str, version: int) -> None:
    """Delete a profile; runs keep the weights they ran with. The default one stays."""
    with recorded():
        row = DemandProfile.objects.select_for_update().filter(name=name).first()
        if row is None:
            raise NotFound(f"no demand profile {name!r}", value=name)
        if row.is_default:
            raise Conflict(
                f"{name!r} is the default profile", remedy="make another one the default first"
            )
        if row.version != version:
            raise Conflict(
                f"the profile {name!r} was changed by somebody else meanwhile",
                value=row.version,
                remedy="load it again",
            )
        number = row.pk
        row.delete()
        event_publish("coverage.profile", layer="coverage", object_id=number, payload={})
