"""Who looks or reaches: cameras and wifi hotspots as a run takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.assets.models import AssetStatus, Camera, WifiHotspot
from layers.coverage.city import watchers
from layers.coverage.figures.order import RunOrder
from layers.coverage.optics import CameraView
from layers.places.frames import Frame

#: Cameras and hotspots this far (degrees) outside an area are asked too.
EDGE_DEG = 0.02


@dataclass(frozen=True)
class Circle:
    """A hotspot's reach, in local metres."""

    x: float
    y: float
    max_range_m: float


View = CameraView | Circle


@dataclass(frozen=True)
class Looker:
    """One camera or hotspot; `view` is None where it does not count, and `reason` says why.

    `reach` is what it could turn to; the view itself for one that does not turn.
    """

    code: str
    name: str
    site_code: str
    site_name: str
    lon: float
    lat: float
    view: View | None
    reach: View | None
    reason: str = ""
    assumed: tuple[str, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether it counts now."""
        return self.view is not None

    def as_json(self) -> dict[str, Any]:
        """The values, `reach` as true where it is the view."""
        same = self.reach is self.view and self.view is not None
        return {**asdict(self), "reach": True if same else asdict(self)["reach"]}


def looker_from(values: dict[str, Any]) -> Looker:
    """The looker of stored values."""
    view = view_from(values["view"])
    reach = view if values["reach"] is True else view_from(values["reach"])
    return Looker(**{**values, "view": view, "reach": reach, "assumed": tuple(values["assumed"])})


def view_from(values: dict[str, Any] | None) -> View | None:
    """A view of stored values; three of them are a circle."""
    if values is None:
        return None
    return Circle(**values) if len(values) == 3 else CameraView(**values)


def looker_rows(order: RunOrder) -> list[Any]:
    """Records of the run's cameras or hotspots, by code."""
    rows: Any
    if order.wifi:
        rows = WifiHotspot.objects.order_by("code")
    else:
        rows = Camera.objects.select_related("model", "site").order_by("code")
    if order.area is not None:
        rows = rows.filter(geom__intersects=order.area.geom.envelope.buffer(EDGE_DEG))
    return list(rows)


def lookers_of(order: RunOrder, rows: Sequence[Any], frame: Frame) -> list[Looker]:
    """Records as the run takes them, those that do not count with their reason."""
    if order.wifi:
        return [_hotspot(row, frame) for row in rows]
    found = []
    for row, item in zip(rows, watchers(list(rows), frame), strict=True):
        found.append(
            Looker(
                item.code, item.name, row.site.code, row.site.name, item.lon, item.lat,
                view=item.view, reach=item.reach, reason=item.reason, assumed=tuple(item.assumed),
            )
        )  # fmt: skip
    return found


def _hotspot(row: WifiHotspot, frame: Frame) -> Looker:
    lon, lat = row.geom.x, row.geom.y
    reason, view = "", None
    if row.status != AssetStatus.ACTIVE:
        reason = str(row.status)
    elif row.reach_m is None or row.reach_m <= 0:
        reason = "reach unknown"
    else:
        x, y = frame.to_local([(lon, lat)])[0]
        view = Circle(float(x), float(y), float(row.reach_m))
    return Looker(row.code, row.name, "", "", lon, lat, view=view, reach=view, reason=reason)


def looker_boxes(lookers: Sequence[Looker]) -> NDArray[np.float64]:
    """(n, 4) west, south, east, north in metres of all that each can reach; NaN where nothing."""
    boxes = np.full((len(lookers), 4), np.nan)
    for number, looker in enumerate(lookers):
        views = [view for view in (looker.view, looker.reach) if view is not None]
        if views:
            far = max(view.max_range_m for view in views)
            x, y = views[0].x, views[0].y
            # A camera on a facade is moved to just in front of it.
            boxes[number] = (x - far - 1.0, y - far - 1.0, x + far + 1.0, y + far + 1.0)
    return boxes
