"""Slow independent answers on who sees what: exact rational lines, and shadows cut by GEOS."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import shapely
from shapely.affinity import scale


def sees_exactly(
    camera: tuple[float, float],
    eye_m: float,
    point: tuple[float, float],
    target_m: float,
    footprints: Sequence[Any],
    heights_m: Sequence[float],
) -> bool:
    """Whether the open line from an eye to the top of a target meets no solid, in rationals.

    Solids are closed prisms on the footprints, the camera outside all of them. The line is cut
    by every edge of a footprint; on each stretch inside it the line must be above the roof.
    """
    cx, cy, px, py = (Fraction(v) for v in (*camera, *point))
    eye, target = Fraction(eye_m), Fraction(target_m)
    dx, dy = px - cx, py - cy
    for footprint, height in zip(footprints, heights_m, strict=True):
        top = Fraction(height)
        if top <= target and eye >= top:
            continue
        cuts = {Fraction(0), Fraction(1)}
        rings = [footprint.exterior, *footprint.interiors]
        edges = []
        for ring in rings:
            corners = [(Fraction(x), Fraction(y)) for x, y in ring.coords]
            edges += list(itertools.pairwise(corners))
        touched = []
        for (ax, ay), (bx, by) in edges:
            ex, ey = bx - ax, by - ay
            across = dx * ey - dy * ex
            if across == 0:
                if (ax - cx) * dy == (ay - cy) * dx:
                    for qx, qy in ((ax, ay), (bx, by)):
                        touched.append(_share(qx - cx, qy - cy, dx, dy))
                continue
            t = ((ax - cx) * ey - (ay - cy) * ex) / across
            s = ((ax - cx) * dy - (ay - cy) * dx) / across
            if 0 <= s <= 1:
                touched.append(t)
        for t in touched:
            if 0 < t < 1:
                cuts.add(t)
                if eye + t * (target - eye) <= top:
                    return False
        ordered = sorted(cuts)
        for low, high in itertools.pairwise(ordered):
            middle = (low + high) / 2
            if not _inside(cx + middle * dx, cy + middle * dy, edges):
                continue
            ends = (eye + low * (target - eye), eye + high * (target - eye))
            if min(ends) < top:
                return False
    return True


def _share(qx: Fraction, qy: Fraction, dx: Fraction, dy: Fraction) -> Fraction:
    return qx / dx if dx else qy / dy if dy else Fraction(0)


def _inside(x: Fraction, y: Fraction, edges: Sequence[Any]) -> bool:
    odd = False
    for (ax, ay), (bx, by) in edges:
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            odd = not odd
    return odd


def sees_by_lines(
    camera: tuple[float, float],
    eye_m: float,
    points: np.ndarray,
    target_m: float,
    footprints: np.ndarray,
    heights_m: np.ndarray,
) -> np.ndarray:
    """Brute force by GEOS: every line against every footprint, lowest clearance over each."""
    seen = np.ones(len(points), dtype=bool)
    for i, point in enumerate(points):
        line = shapely.LineString([camera, point])
        length = math.dist(camera, point)
        for j in np.flatnonzero(shapely.intersects(footprints, line)):
            parts = shapely.get_coordinates(shapely.intersection(footprints[j], line))
            shares = np.hypot(parts[:, 0] - camera[0], parts[:, 1] - camera[1]) / length
            if (eye_m + shares * (target_m - eye_m)).min() < heights_m[j]:
                seen[i] = False
                break
    return seen


def region_by_shadows(
    camera: tuple[float, float],
    eye_m: float,
    reach_m: float,
    target_m: float,
    footprints: Sequence[Any],
    heights_m: Sequence[float],
    *,
    chords: int = 7200,
) -> Any:
    """Region by an exact overlay: the disk less every footprint and the shadow of every wall.

    Eye at or above the target. The shadow of a wall is the wall swept away from the camera, to
    (H−T)/(H−h) times its distance, or out of range when the roof is no lower than the eye.
    """
    turns = np.linspace(0, 2 * math.pi, chords, endpoint=False)
    grown = reach_m * math.sqrt((turns[1]) / math.sin(turns[1]))
    disk = shapely.Polygon(
        np.column_stack([camera[0] + grown * np.cos(turns), camera[1] + grown * np.sin(turns)])
    )
    cuts = []
    for footprint, height in zip(footprints, heights_m, strict=True):
        if height <= target_m or shapely.distance(footprint, shapely.Point(camera)) > reach_m:
            continue
        cuts.append(footprint)
        factor = (eye_m - target_m) / (eye_m - height) if eye_m > height else math.inf
        for ring in [footprint.exterior, *footprint.interiors]:
            corners = np.array(ring.coords)
            for a, b in itertools.pairwise(corners):
                nearest = shapely.distance(shapely.LineString([a, b]), shapely.Point(camera))
                times = min(factor, 4 * reach_m / nearest)
                wall = shapely.LineString([a, b])
                far = scale(wall, times, times, origin=shapely.Point(camera))
                quad = shapely.MultiPoint([*wall.coords, *far.coords]).convex_hull
                if quad.geom_type == "Polygon":
                    cuts.append(quad)
    return disk.difference(shapely.union_all(cuts)) if cuts else disk
