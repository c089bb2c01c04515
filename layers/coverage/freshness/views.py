"""Computing and storing what cameras see: only views whose inputs are others than when computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
from django.db import connection, transaction

from layers.assets.models import Camera
from layers.coverage.city import levels_of, scene_around
from layers.coverage.freshness.digests import Subject, sight_digests, subjects_of
from layers.coverage.models import CameraSight
from layers.coverage.regions import VISIBLE, visible_regions
from layers.geo.frames import Frame

#: Coordinates of stored regions are kept to this (degrees, about a centimetre).
_GRID_DEG = 1e-7
#: Cameras whose surroundings are loaded into memory together.
_TOGETHER = 500


def camera_sights_refresh(camera_ids: Iterable[int] | None = None) -> list[int]:
    """Bring the stored views of cameras (all without ids) up to date; returns whose changed.

    A view is stale when the digest of its inputs is another than the one stored with it. Cameras
    that do not count (planned, failed, retired, without heading) lose their stored views.
    """
    cameras = Camera.objects.select_related("model").order_by("pk")
    if camera_ids is not None:
        cameras = cameras.filter(pk__in=list(camera_ids))
    edition, levels = levels_of()
    changed: list[int] = []
    for group in subjects_of(cameras):
        for first in range(0, len(group), _TOGETHER):
            changed += _refresh(group[first : first + _TOGETHER], edition, levels)
    return sorted(changed)


def camera_sights_stale(camera_ids: Iterable[int] | None = None) -> list[int]:
    """Cameras whose stored views are not what their inputs now give, without computing any."""
    cameras = Camera.objects.select_related("model").order_by("pk")
    if camera_ids is not None:
        cameras = cameras.filter(pk__in=list(camera_ids))
    edition, levels = levels_of()
    return sorted(
        subject.camera.pk
        for group in subjects_of(cameras)
        for subject, _digest in _stale(group, edition, levels)
    )


def _modes(subject: Subject) -> list[tuple[str, Any]]:
    """The views stored of a camera: where it looks, and what a PTZ could turn to."""
    watcher = subject.watcher
    views = [(CameraSight.Mode.NOW.value, watcher.view)]
    if watcher.reach is not None and watcher.reach is not watcher.view:
        views.append((CameraSight.Mode.REACH.value, watcher.reach))
    return [(mode, view) for mode, view in views if view is not None]


def _stale(
    subjects: Sequence[Subject], edition: str, levels: dict[str, float]
) -> list[tuple[Subject, str]]:
    digests = sight_digests(subjects, edition=edition, levels=levels)
    stored: dict[int, set[tuple[str, str, str]]] = {}
    for camera_id, mode, level, digest in CameraSight.objects.filter(
        camera_id__in=list(digests)
    ).values_list("camera_id", "mode", "level", "inputs_hash"):
        stored.setdefault(camera_id, set()).add((mode, level, digest))
    found = []
    for subject in subjects:
        digest = digests[subject.camera.pk]
        wanted = {
            (mode, level, digest) for mode, _ in _modes(subject) for level in (VISIBLE, *levels)
        }
        if stored.get(subject.camera.pk, set()) != wanted:
            found.append((subject, digest))
    return found


def _refresh(subjects: Sequence[Subject], edition: str, levels: dict[str, float]) -> list[int]:
    stale = _stale(subjects, edition, levels)
    if not stale:
        return []
    frame = stale[0][0].frame
    work = [(s, digest, mode, view) for s, digest in stale for mode, view in _modes(s)]
    views = [view for _s, _digest, _mode, view in work]
    drawn: list[dict[str, Any]] = []
    if views:
        scene = scene_around(
            frame,
            [(s.watcher.lon, s.watcher.lat) for s, _digest, _mode, _view in work],
            range_m=max(view.max_range_m for view in views),
        )
        drawn = visible_regions(scene, views, levels)
    ids = [subject.camera.pk for subject, _digest in stale]
    rows = [
        (subject.camera.pk, mode, level, digest, region)
        for (subject, digest, mode, _view), by_level in zip(work, drawn, strict=True)
        for level, region in by_level.items()
    ]
    with transaction.atomic():
        CameraSight.objects.filter(camera_id__in=ids).delete()
        _store(frame, rows)
    return ids


def _store(frame: Frame, rows: Sequence[tuple[int, str, str, str, Any]]) -> None:
    """Write regions of (camera, mode, level, digest, region in local metres), in one statement."""
    if not rows:
        return
    cameras, modes, names, digests, regions = zip(*rows, strict=True)
    local = np.array(regions, dtype=object)
    shapes = shapely.set_precision(frame.geometries_to_lonlat(local), _GRID_DEG)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO layers_camerasight"
            " (camera_id, mode, level, inputs_hash, area_m2, computed_at, geom)"
            " SELECT camera, mode, level, digest, area, clock_timestamp(),"
            "  ST_Multi(ST_CollectionExtract(ST_SetSRID(ST_GeomFromWKB(wkb), 4326), 3))"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::float8[], %s::bytea[])"
            "  AS row(camera, mode, level, digest, area, wkb)",
            [
                list(cameras), list(modes), list(names), list(digests),
                shapely.area(local).tolist(), list(shapely.to_wkb(shapes)),
            ],
        )  # fmt: skip
