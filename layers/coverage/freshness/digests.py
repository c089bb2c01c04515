"""Digests of all that a stored camera view was computed from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection

from layers.assets.models import Camera
from layers.coverage.city import DEFAULT_RANGE_M, Watcher, reach_pads, watchers
from layers.geo.crs import utm_srid
from layers.geo.frames import Frame
from layers.geo.sql import load_sql
from layers.places.frames import working_srid
from layers.places.models import City

#: Part of every digest: raise it when the engine draws other regions from the same inputs.
ENGINE = "2"

#: Side (degrees) of the squares whose cameras share a working frame, wherever else cameras are.
_SQUARE_DEG = 0.1


@dataclass(frozen=True)
class Subject:
    """A camera whose views are stored, as the engine takes it, in the frame of its square."""

    camera: Camera
    frame: Frame
    watcher: Watcher

    @property
    def range_m(self) -> float:
        """How far it can be concerned by a building."""
        return float(self.camera.max_range_m or DEFAULT_RANGE_M)


def subjects_of(cameras: Iterable[Camera]) -> list[list[Subject]]:
    """Cameras in groups that share a frame. The frame depends on a camera's place alone."""
    own_srid = City.objects.filter(working_srid__isnull=False).exists()
    squares: dict[tuple[int, int, int], list[Camera]] = {}
    for camera in cameras:
        lon, lat = camera.geom.x, camera.geom.y
        srid = working_srid(lon, lat) if own_srid else utm_srid(lon, lat)
        square = (srid, int(lon // _SQUARE_DEG), int(lat // _SQUARE_DEG))
        squares.setdefault(square, []).append(camera)
    groups = []
    for (srid, column, row), members in sorted(squares.items()):
        frame = Frame.around(
            (column + 0.5) * _SQUARE_DEG,
            float(np.clip((row + 0.5) * _SQUARE_DEG, -84.0, 84.0)),
            srid=srid,
        )
        ready = watchers(members, frame)
        groups.append([Subject(c, frame, w) for c, w in zip(members, ready, strict=True)])
    return groups


def sight_digests(
    subjects: Sequence[Subject], *, edition: str, levels: Mapping[str, float]
) -> dict[int, str]:
    """Digest by camera of everything its views depend on: lens, place, levels, settings, buildings.

    Take it before the buildings are read: a change in between then shows as a difference.
    """
    around = _surroundings(subjects)
    digests = {}
    for subject in subjects:
        text = repr(
            (
                ENGINE, edition, sorted(levels.items()), subject.frame.srid, subject.watcher.view,
                subject.watcher.reach, settings.NCC_STOREY_HEIGHT_M, settings.NCC_DEFAULT_LEVELS,
                around.get(subject.camera.pk, ""),
            )
        )  # fmt: skip
        digests[subject.camera.pk] = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return digests


def _surroundings(subjects: Sequence[Subject]) -> dict[int, str]:
    """Digest of the buildings within reach of each camera that looks anywhere."""
    looking = [s for s in subjects if s.watcher.view is not None or s.watcher.reach is not None]
    if not looking:
        return {}
    lonlat = np.array([(s.watcher.lon, s.watcher.lat) for s in looking])
    pad_lon, pad_lat = reach_pads(lonlat[:, 1], np.array([s.range_m for s in looking]))
    parameters: dict[str, Any] = {
        "ids": [s.camera.pk for s in looking],
        "lon": lonlat[:, 0].tolist(),
        "lat": lonlat[:, 1].tolist(),
        "pad_lon": pad_lon.tolist(),
        "pad_lat": pad_lat.tolist(),
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("coverage", "sight_surroundings"), parameters)
        return {row[0]: row[1] for row in cursor.fetchall()}
