"""Road closures: drawn, changed and lifted on the map; in force on the next request."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from layers.access.policies import Can, visible_queryset
from layers.api.app import new_router, open_to
from layers.network.closures import closures_active, closures_effect
from layers.network.models import RoadClosure
from layers.network.services import closure_change, closure_draw, closure_lift, closure_row

router = new_router("closures")


class ClosureIn(Schema):
    """A closure to draw: GeoJSON geometry in degrees; from now unless it starts later."""

    kind: str = Field(max_length=10)
    reason: str = Field(max_length=300)
    geometry: dict[str, Any]
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class ClosureChangeIn(Schema):
    """What to change; `ends_at: null` given on purpose takes the end away."""

    version: int
    kind: str | None = Field(None, max_length=10)
    reason: str | None = Field(None, max_length=300)
    geometry: dict[str, Any] | None = None
    ends_at: datetime | None = None


class LiftIn(Schema):
    """The version that was seen."""

    version: int | None = None


@router.get("/closures")
@open_to(Can.SEE_OPERATIONS)
def closures(request: HttpRequest, planned: bool = False) -> dict[str, Any]:
    """Closures in force now; `planned` adds those that begin later."""
    rows = visible_queryset(request.user, RoadClosure)
    if planned:
        rows = rows.filter(lifted_at__isnull=True).order_by("pk")
    else:
        rows = rows.filter(pk__in=closures_active().values("pk")).order_by("pk")
    return {"closures": [closure_row(row) for row in rows]}


@router.post("/closures", response={201: dict[str, Any]})
@open_to(Can.DISPATCH)
def draw(request: HttpRequest, closure: ClosureIn) -> tuple[int, dict[str, Any]]:
    """Close roads by drawing a point, a line or an area; answers what that shuts."""
    row = closure_draw(**closure.dict())
    return 201, {**closure_row(row), "closes": closures_effect(row)}


@router.patch("/closures/{int:closure_id}")
@open_to(Can.DISPATCH)
def change(request: HttpRequest, closure_id: int, changed: ClosureChangeIn) -> dict[str, Any]:
    """Change a closure; 409 with the row as it is where another came first."""
    given = changed.dict(exclude_unset=True)
    open_end = "ends_at" in given and given["ends_at"] is None
    row = closure_change(closure_id, open_end=open_end, **given)
    return {**closure_row(row), "closes": closures_effect(row)}


@router.post("/closures/{int:closure_id}/lift")
@open_to(Can.DISPATCH)
def lift(request: HttpRequest, closure_id: int, seen: LiftIn) -> dict[str, Any]:
    """Open the road again."""
    return closure_row(closure_lift(closure_id, version=seen.version))
