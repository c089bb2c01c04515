"""Road closures: drawn, changed and lifted; each is in force on the next request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.audit.actor import recorded
from layers.audit.changes import change_details
from layers.errors import Conflict, InvalidInput, NotFound
from layers.events.services import event_publish
from layers.geo.crs import GEOD
from layers.network.models import RoadClosure

#: A drawing is a stretch or a flooded quarter, not a city.
MOST_VERTICES = 500
MOST_KM2 = 50.0
_SHAPES = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")


def closure_row(closure: RoadClosure) -> dict[str, Any]:
    """A closure as the API and the console show it; its shape is GeoJSON in degrees."""
    return {
        "id": closure.pk,
        "kind": closure.kind,
        "reason": closure.reason,
        "starts_at": _iso(closure.starts_at),
        "ends_at": _iso(closure.ends_at),
        "lifted_at": _iso(closure.lifted_at),
        "version": closure.version,
        "geometry": shapely.geometry.mapping(shapely.from_wkb(bytes(closure.geom.wkb))),
    }


def closure_draw(
    *,
    kind: str,
    reason: str,
    geometry: Mapping[str, Any],
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoadClosure:
    """Close what a drawing means (GeoJSON, WGS 84 degrees), from now unless `starts_at` says later.

    A polygon closes what lies inside, a line what runs along it or, where nothing does, what it
    crosses, a point the roads at it. Raises `InvalidInput` for what is no such drawing.
    """
    shape = shape_from_geojson(geometry)
    starts_at = starts_at or timezone.now()
    closure = RoadClosure(
        kind=_kind(kind),
        reason=_reason(reason),
        starts_at=starts_at,
        ends_at=_after(ends_at, starts_at),
        geom=shape,
    )
    with recorded():
        closure.save(force_insert=True)
        _tell("closure.drawn", closure)
    return closure


def closure_change(
    closure_id: int,
    *,
    version: int | None,
    kind: str | None = None,
    reason: str | None = None,
    geometry: Mapping[str, Any] | None = None,
    ends_at: datetime | None = None,
    open_end: bool = False,
) -> RoadClosure:
    """Change what is given of a closure that is not lifted; `open_end` takes its end away.

    `version` is the one the caller saw; raises `Conflict` with the row as it is now where another
    came first, and where it has been lifted.
    """
    with recorded():
        closure = _locked(closure_id, version)
        if kind is not None:
            closure.kind = _kind(kind)
        if reason is not None:
            closure.reason = _reason(reason)
        if geometry is not None:
            closure.geom = shape_from_geojson(geometry)
        if open_end:
            closure.ends_at = None
        elif ends_at is not None:
            closure.ends_at = _after(ends_at, closure.starts_at)
        closure.version += 1
        closure.save()
        _tell("closure.changed", closure)
    return closure


def closure_lift(closure_id: int, *, version: int | None = None) -> RoadClosure:
    """Open the road again, from now on; raises `Conflict` where that was done already."""
    with recorded():
        closure = _locked(closure_id, version)
        closure.lifted_at = timezone.now()
        closure.version += 1
        closure.save()
        _tell("closure.lifted", closure)
    return closure


def closure_save(closure: RoadClosure) -> None:
    """Keep a closure as the administration filled it in: its version counts, and consoles hear of it."""
    with recorded():
        before = RoadClosure.objects.select_for_update().filter(pk=closure.pk).first()
        closure.version = 1 if before is None else before.version + 1
        closure.save()
        if before is None:
            kind = "closure.drawn"
        elif closure.lifted_at is not None and before.lifted_at is None:
            kind = "closure.lifted"
        else:
            kind = "closure.changed"
        _tell(kind, closure)


def closure_delete(closure: RoadClosure) -> None:
    """Forget a closure: its roads are open, and consoles hear of it."""
    with recorded():
        _tell("closure.lifted", closure)
        closure.delete()


def _locked(closure_id: int, version: int | None) -> RoadClosure:
    closure = RoadClosure.objects.select_for_update().filter(pk=closure_id).first()
    if closure is None:
        raise NotFound(
            _("there is no closure {closure_id}").format(closure_id=closure_id), value=closure_id
        )
    if closure.lifted_at is not None:
        changed = change_details(closure)
        raise Conflict(
            _("the closure was lifted by {who}").format(who=_who(changed)),
            remedy=_("draw a new one if the road is shut again"),
            details={"current": closure_row(closure), **changed},
        )
    if version is not None and version != closure.version:
        changed = change_details(closure)
        raise Conflict(
            _("the closure was changed meanwhile by {who}").format(who=_who(changed)),
            value=version,
            remedy=_("look at it as it is now, and decide again"),
            details={"stale": True, "current": closure_row(closure), **changed},
        )
    return closure


def _who(changed: Mapping[str, str | None]) -> str:
    return changed["changed_by"] or _("somebody else")


def _tell(kind: str, closure: RoadClosure) -> None:
    event_publish(
        kind, layer="closures", object_id=closure.pk,
        payload={"id": closure.pk, "kind": closure.kind, "version": closure.version},
    )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _kind(kind: str) -> str:
    if kind not in RoadClosure.Kind.values:
        raise InvalidInput(
            _("no kind of closure {kind}").format(kind=kind),
            value=kind,
            remedy=_("choose one of {list}").format(list=", ".join(RoadClosure.Kind.values)),
        )
    return kind


def _reason(reason: str) -> str:
    text = " ".join(reason.split())
    if not text or len(text) > 300:
        raise InvalidInput(
            _("a closure needs a reason of at most 300 characters"),
            remedy=_("say why the road is shut"),
        )
    return text


def _after(ends_at: datetime | None, starts_at: datetime) -> datetime | None:
    if ends_at is not None and ends_at <= starts_at:
        raise InvalidInput(
            _("the end {time} is not after the beginning").format(
                time=f"{timezone.localtime(ends_at):%Y-%m-%d %H:%M}"
            ),
            value=ends_at.isoformat(),
            remedy=_("give a later time, or none"),
        )
    return ends_at


def shape_from_geojson(geometry: Mapping[str, Any]) -> GEOSGeometry:
    """A drawing as the database keeps it; raises `InvalidInput` for what roads cannot be matched with.

    Only type and coordinates are read: a `crs` member is not followed.
    """
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in _SHAPES or not isinstance(coordinates, list):
        raise InvalidInput(
            _("a closure cannot be drawn as {kind}").format(kind=kind),
            value=kind,
            remedy=_("draw a point, a line or an area, as GeoJSON"),
        )
    if _count(coordinates, MOST_VERTICES) > MOST_VERTICES:
        raise InvalidInput(
            _("the drawing has more than {most} points").format(most=MOST_VERTICES),
            remedy=_("draw it more simply"),
        )
    try:
        shape = shapely.force_2d(shapely.geometry.shape({"type": kind, "coordinates": coordinates}))
        points = shapely.get_coordinates(shape)
    except (
        ValueError,
        TypeError,
        IndexError,
        AttributeError,
        shapely.errors.GEOSException,
    ) as error:
        raise InvalidInput(_("the drawing is not GeoJSON"), remedy=_("draw it again")) from error
    inside = np.isfinite(points).all() and (np.abs(points) <= (180.0, 90.0)).all()
    if shape.is_empty or not inside:
        raise InvalidInput(
            _("the drawing is empty or not on Earth"), remedy=_("give degrees, longitude first")
        )
    if not shape.is_valid:
        raise InvalidInput(
            _("the drawing crosses itself ({why})").format(why=shapely.is_valid_reason(shape)),
            remedy=_("draw it again without crossing its own line"),
        )
    km2 = abs(GEOD.geometry_area_perimeter(shape)[0]) / 1e6
    if km2 > MOST_KM2:
        raise InvalidInput(
            _("the drawing covers {km2} km²").format(km2=format(km2, ".0f")),
            value=round(km2, 1),
            remedy=_("draw at most {most} km²").format(most=format(MOST_KM2, ".0f")),
        )
    return GEOSGeometry(memoryview(shapely.to_wkb(shape)), srid=4326)


def _count(coordinates: Any, most: int) -> int:
    """Points in nested coordinates; stops counting above `most`."""
    total, waiting = 0, [coordinates]
    while waiting and total <= most:
        part = waiting.pop()
        if isinstance(part, list) and part and isinstance(part[0], list):
            waiting.extend(part[: most + 1])
            total += max(0, len(part) - most - 1)
        else:
            total += 1
    return total
