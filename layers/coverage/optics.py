"""Camera optics: field of view, pixels per metre, and the near and far edges of a tilted view."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from layers.errors import InvalidInput

#: Pixels per metre on the target, IEC 62676-4:2014 (DORI), coarsest first.
DORI_2014: Mapping[str, float] = MappingProxyType(
    {"monitor": 12.5, "detect": 25.0, "observe": 62.5, "recognise": 125.0, "identify": 250.0}
)

#: Pixels per metre on the target, IEC 62676-4:2025 (OODPCVS) as vendors' pages give it.
OODPCVS_2025: Mapping[str, float] = MappingProxyType(
    {
        "overview": 20.0,
        "outline": 40.0,
        "discern": 80.0,
        "perceive": 125.0,
        "characterise": 250.0,
        "validate": 500.0,
        "scrutinise": 1500.0,
    }
)

#: Editions of the table by name; a result names the one it used.
EDITIONS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {"IEC 62676-4:2014": DORI_2014, "IEC 62676-4:2025": OODPCVS_2025}
)

#: Height of the target that pixels are counted on (m).
TARGET_HEIGHT_M = 1.7

#: From this field of view on (degrees) no flat image holds the view: pixels go by radius.
FLAT_IMAGE_BELOW_DEG = 180.0

#: Columns of the table the kernels read, one row a camera.
VIEW_COLUMNS = (
    "x", "y", "height", "target", "heading_x", "heading_y", "half_fov", "range",
    "radial", "near", "far", "px_times_m", "tilt_sin", "tilt_cos",
)  # fmt: skip


def field_of_view_deg(sensor_mm: float, focal_mm: float) -> float:
    """Field of view of a sensor side behind a rectilinear lens: 2·atan(w / 2f), in degrees."""
    if not (sensor_mm > 0 and focal_mm > 0 and math.isfinite(sensor_mm + focal_mm)):
        raise InvalidInput(
            f"no field of view for a sensor of {sensor_mm} mm and a focal length of {focal_mm} mm",
            value=(sensor_mm, focal_mm),
            remedy="give both as positive millimetres",
        )
    return math.degrees(2.0 * math.atan(sensor_mm / (2.0 * focal_mm)))


def focal_length_mm(sensor_mm: float, fov_deg: float) -> float:
    """Focal length that gives a field of view: w / (2·tan(fov/2)), for 0 < fov < 180 degrees."""
    if not (sensor_mm > 0 and 0 < fov_deg < FLAT_IMAGE_BELOW_DEG):
        raise InvalidInput(
            f"no focal length for a sensor of {sensor_mm} mm and a field of view of {fov_deg}°",
            value=(sensor_mm, fov_deg),
            remedy="give a positive sensor width and a field of view between 0 and 180 degrees",
        )
    return sensor_mm / (2.0 * math.tan(math.radians(fov_deg) / 2.0))


def px_per_m(depth_m: float, *, image_width_px: float, hfov_deg: float) -> float:
    """Pixels per metre across the line of sight at a depth along the optical axis (FIELD formula).

    image_width / (2 · depth · tan(hfov/2)), for 0 < hfov < 180 degrees and depth > 0.
    """
    if not (depth_m > 0 and image_width_px > 0 and 0 < hfov_deg < FLAT_IMAGE_BELOW_DEG):
        raise InvalidInput(
            f"no pixels per metre at depth {depth_m} m, width {image_width_px} px, field {hfov_deg}°",
            value=(depth_m, image_width_px, hfov_deg),
            remedy="give positive numbers and a field of view below 180 degrees",
        )
    return image_width_px / (2.0 * depth_m * math.tan(math.radians(hfov_deg) / 2.0))


def level_depth_m(level_px_per_m: float, *, image_width_px: float, hfov_deg: float) -> float:
    """Greatest depth along the optical axis at which a level of pixels per metre is held."""
    return px_per_m(level_px_per_m, image_width_px=image_width_px, hfov_deg=hfov_deg)


def vertical_edges_m(
    above_target_m: float, *, tilt_deg: float, vfov_deg: float
) -> tuple[float, float]:
    """Near and far edge of view on the plane of the targets, forward of the camera, in metres.

    `above_target_m` is H − T, camera height less target height. With tilt t below the horizon
    and vertical field v: near = (H−T)/tan(t + v/2), 0 once t + v/2 ≥ 90°; far = (H−T)/tan(t − v/2),
    infinite when t ≤ v/2. A camera lower than its target is the mirror image (−(H−T), −t).
    `(inf, inf)` where no target is in the vertical field.
    """
    if above_target_m < 0:
        return vertical_edges_m(-above_target_m, tilt_deg=-tilt_deg, vfov_deg=vfov_deg)
    lower = tilt_deg + vfov_deg / 2.0
    upper = tilt_deg - vfov_deg / 2.0
    if lower < 0 or upper >= 90.0 or (lower <= 0 and above_target_m > 0):
        return math.inf, math.inf
    if above_target_m == 0:
        return (0.0, math.inf) if upper <= 0 else (math.inf, math.inf)
    near = 0.0 if lower >= 90.0 else above_target_m / math.tan(math.radians(lower))
    far = math.inf if upper <= 0 else above_target_m / math.tan(math.radians(upper))
    return near, far


def near_edge_m(above_target_m: float, *, tilt_deg: float, vfov_deg: float) -> float:
    """Where the view begins on the plane of the targets, forward of the camera (m)."""
    return vertical_edges_m(above_target_m, tilt_deg=tilt_deg, vfov_deg=vfov_deg)[0]


def far_edge_m(above_target_m: float, *, tilt_deg: float, vfov_deg: float) -> float:
    """Where the view ends on the plane of the targets (m); infinite when tilt ≤ vfov/2."""
    return vertical_edges_m(above_target_m, tilt_deg=tilt_deg, vfov_deg=vfov_deg)[1]


@dataclass(frozen=True, kw_only=True)
class CameraView:
    """A camera as the engine sees it: local metres and a bearing from the grid's north.

    `hfov_deg` is the wedge in plan, heading ± hfov/2, edges included (0 < hfov ≤ 360).
    Below 180° the picture is flat: pixels follow the depth along the tilted optical axis, and
    the near and far edges are straight lines across the heading. From 180° on they go by radius:
    with `lens_hfov_deg` (a PTZ, or one sensor of several) a lens looks at the target, else
    the picture is a panorama of `image_width_px` over the whole field.
    `vfov_deg` None leaves the vertical field unbounded, as for a PTZ that is aimed: neither a
    near nor a far edge.
    """

    x: float
    y: float
    height_m: float = 5.0
    heading_deg: float = 0.0
    hfov_deg: float = 360.0
    vfov_deg: float | None = None
    tilt_deg: float = 0.0
    image_width_px: float = 1920.0
    lens_hfov_deg: float | None = None
    max_range_m: float = 150.0
    target_height_m: float = TARGET_HEIGHT_M

    def __post_init__(self) -> None:
        self._require(math.isfinite(self.x) and math.isfinite(self.y), "x, y", "finite metres")
        self._require(0 < self.height_m < 10_000, "height_m", "metres above the ground, over 0")
        self._require(math.isfinite(self.heading_deg), "heading_deg", "a bearing in degrees")
        self._require(0 < self.hfov_deg <= 360, "hfov_deg", "over 0 and up to 360 degrees")
        self._require(-90 <= self.tilt_deg <= 90, "tilt_deg", "between -90 and 90 degrees")
        self._require(self.image_width_px > 0, "image_width_px", "a positive number of pixels")
        self._require(0 < self.max_range_m <= 20_000, "max_range_m", "over 0 and up to 20,000 m")
        self._require(0 <= self.target_height_m < 10_000, "target_height_m", "0 or more metres")
        if self.vfov_deg is not None:
            self._require(0 < self.vfov_deg <= 180, "vfov_deg", "over 0 and up to 180 degrees")
        if self.lens_hfov_deg is not None:
            self._require(
                0 < self.lens_hfov_deg < 180, "lens_hfov_deg", "between 0 and 180 degrees"
            )

    def _require(self, holds: bool, name: str, remedy: str) -> None:
        if not holds:
            value = getattr(self, name, (self.x, self.y))
            raise InvalidInput(
                f"camera {name} cannot be {value}", value=value, where=name, remedy=f"give {remedy}"
            )

    @property
    def is_radial(self) -> bool:
        """Whether pixels go by radius (PTZ, multi-sensor, panorama), not by depth."""
        return self.lens_hfov_deg is not None or self.hfov_deg >= FLAT_IMAGE_BELOW_DEG

    @property
    def above_target_m(self) -> float:
        """Camera height less target height (m)."""
        return self.height_m - self.target_height_m

    @property
    def px_times_m(self) -> float:
        """Pixels per metre at 1 m: divide by the depth (flat) or the slant distance (radial)."""
        if self.lens_hfov_deg is None and self.is_radial:
            return self.image_width_px / math.radians(self.hfov_deg)
        flat_deg = self.hfov_deg if self.lens_hfov_deg is None else self.lens_hfov_deg
        return self.image_width_px / (2.0 * math.tan(math.radians(flat_deg) / 2.0))

    def edges_m(self) -> tuple[float, float]:
        """Near and far edge: forward of a flat view, by radius otherwise; none when unbounded."""
        if self.vfov_deg is None:
            return 0.0, math.inf
        return vertical_edges_m(self.above_target_m, tilt_deg=self.tilt_deg, vfov_deg=self.vfov_deg)

    def px_per_m_at(self, forward_m: float, distance_m: float) -> float:
        """Pixels per metre on a target `forward_m` along the heading, `distance_m` in plan."""
        if self.is_radial:
            depth = math.hypot(distance_m, self.above_target_m)
        else:
            tilt = math.radians(self.tilt_deg)
            depth = forward_m * math.cos(tilt) + self.above_target_m * math.sin(tilt)
        return self.px_times_m / depth if depth > 0 else 0.0

    def level_reach_m(self, level_px_per_m: float) -> float:
        """How far a level of pixels per metre reaches on the plane of the targets.

        Forward of the camera for a flat view, by radius otherwise; below 0 when never reached.
        """
        if not level_px_per_m > 0:
            raise InvalidInput(
                f"a level of {level_px_per_m} px/m means nothing",
                value=level_px_per_m,
                remedy="give pixels per metre over 0",
            )
        depth = self.px_times_m / level_px_per_m
        if self.is_radial:
            return (
                math.sqrt(depth**2 - self.above_target_m**2)
                if depth > abs(self.above_target_m)
                else -1.0
            )
        tilt = math.radians(self.tilt_deg)
        room = depth - self.above_target_m * math.sin(tilt)
        if math.cos(tilt) < 1e-9:
            return math.inf if room >= 0 else -1.0
        return room / math.cos(tilt)


def level_at(px: float, *, levels: Mapping[str, float] = DORI_2014) -> str | None:
    """The finest level that `px` pixels per metre satisfies (≥), or None below all of them."""
    held = [(threshold, name) for name, threshold in levels.items() if px >= threshold]
    return max(held)[1] if held else None


def view_table(cameras: Sequence[CameraView]) -> NDArray[np.float64]:
    """One row a camera in the order of `VIEW_COLUMNS`; angles in radians, heading as a vector."""
    table = np.empty((len(cameras), len(VIEW_COLUMNS)), dtype=np.float64)
    for row, camera in enumerate(cameras):
        heading = math.radians(camera.heading_deg % 360.0)
        tilt = math.radians(camera.tilt_deg)
        near, far = camera.edges_m()
        table[row] = (
            camera.x, camera.y, camera.height_m, camera.target_height_m,
            math.sin(heading), math.cos(heading), math.radians(camera.hfov_deg) / 2.0,
            camera.max_range_m, float(camera.is_radial), near, far,
            camera.px_times_m, math.sin(tilt), math.cos(tilt),
        )  # fmt: skip
    return table
