"""A camera at a place in degrees, looking along a true bearing, as the engine takes it."""

from __future__ import annotations

from typing import Any

from layers.coverage.optics import CameraView
from layers.geo.frames import Frame


def camera_at(
    frame: Frame, lon: float, lat: float, *, heading_deg: float = 0.0, **view: Any
) -> CameraView:
    """A `CameraView` in a frame's metres and grid bearing; `view` as its other fields."""
    x, y = frame.to_local([[lon, lat]])[0]
    heading = frame.grid_bearing_deg(heading_deg, lon, lat)
    return CameraView(x=float(x), y=float(y), heading_deg=heading, **view)
