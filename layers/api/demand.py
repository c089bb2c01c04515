"""Demand profiles: weights under a name."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from layers.access.policies import Can
from layers.api.app import new_router, open_to
from layers.coverage.figures.selectors import weight_choices
from layers.coverage.profiles import profile_delete, profile_list, profile_save, profile_shown

router = new_router("coverage")


class ProfileIn(Schema):
    """Weights to save; `version` is the one that was read, none for a new profile."""

    name: str = Field(max_length=80)
    version: int | None = Field(None, ge=0)
    is_default: bool = False
    street_weight: float = 1.0
    incident_weight: float = 1.0
    population_weight: float = 0.5
    place_weight: float = 0.5
    kernel_m: float = 100.0
    place_kernel_m: float = 100.0
    half_life_days: float = 365.0
    window_days: float | None = None
    severity_exponent: float = 1.0
    piece_m: float = 10.0
    incident_kinds: dict[str, float] = Field(default_factory=dict)
    place_kinds: dict[str, float] = Field(default_factory=dict)


class ProfileGone(Schema):
    """The profile to delete, as it was read."""

    name: str = Field(max_length=80)
    version: int = Field(ge=0)


@router.get("/coverage/profiles")
@open_to(Can.SEE_COVERAGE)
def profiles(request: HttpRequest) -> dict[str, Any]:
    """Saved profiles, the default first, and the kinds that can be weighed."""
    return {"profiles": profile_list(), **weight_choices()}


@router.post("/coverage/profiles")
@open_to(Can.PLAN_SITES)
def save(request: HttpRequest, profile: ProfileIn) -> dict[str, Any]:
    """Save weights under a name; a version that is no longer the last is refused and nothing is lost."""
    weights = profile.dict()
    name, version = weights.pop("name"), weights.pop("version")
    is_default = weights.pop("is_default")
    row = profile_save(name=name, weights=weights, version=version, is_default=is_default)
    return profile_shown(row)


@router.post("/coverage/profiles/delete")
@open_to(Can.PLAN_SITES)
def delete(request: HttpRequest, gone: ProfileGone) -> dict[str, Any]:
    """Delete a profile; runs keep the weights they ran with."""
    profile_delete(name=gone.name, version=gone.version)
    return {"profiles": profile_list()}
