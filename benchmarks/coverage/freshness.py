"""How soon after a commit the stored views and their event are there, on a running installation.

    bin/run in one terminal, then: bin/manage shell -c "from benchmarks.coverage.freshness import main; main()"

Turns cameras and adds buildings, one commit each, and puts everything back. Times are by the clock:
from the commit's return to the event, which commits together with the views.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psycopg
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection

from layers.assets.models import AssetStatus, Camera
from layers.coverage.freshness.views import camera_sights_stale
from layers.events.models import Event
from layers.places.models import Building


def _waited(listener: psycopg.Connection[Any], change: Callable[[], object]) -> tuple[float, int]:
    """Seconds from the commit to the event, and how many cameras it names."""
    last = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    change()
    begin = time.perf_counter()
    while time.perf_counter() - begin < 30:
        found = Event.objects.filter(id__gt=last, kind="coverage.sights").first()
        if found is not None:
            return time.perf_counter() - begin, int(found.payload["cameras"])
        for _note in listener.notifies(timeout=0.5, stop_after=1):
            pass
    raise SystemExit("no event within 30 s: does a worker run?")


def _row(name: str, seconds: list[float], cameras: list[int]) -> None:
    p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
    print(
        f"{name:28s} p50 {p50:6.0f} ms   p95 {p95:6.0f} ms   worst {max(seconds) * 1000:6.0f} ms"
        f"   {len(seconds)} changes, {min(cameras)} to {max(cameras)} cameras each",
        flush=True,
    )


def main(*, changes: int = 40) -> None:
    """Print the table."""
    settings = connection.settings_dict
    names = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    known = {ours: settings[theirs] for ours, theirs in names.items() if settings[theirs]}
    cameras = list(
        Camera.objects.filter(status=AssetStatus.ACTIVE, heading_deg__isnull=False)[:changes]
    )
    print(f"{Camera.objects.count():,} cameras, {Building.objects.count():,} buildings")
    with psycopg.connect(**known, autocommit=True) as listener:
        listener.execute("LISTEN ncc_events")
        turned, told = [], []
        for camera in cameras:
            for heading in ((camera.heading_deg + 90.0) % 360.0, camera.heading_deg):
                rows = Camera.objects.filter(pk=camera.pk)
                seconds, count = _waited(listener, lambda: rows.update(heading_deg=heading))  # noqa: B023
                turned.append(seconds)
                told.append(count)
        _row("a camera turned", turned, told)
        added, told = [], []
        for camera in cameras:
            x, y = camera.geom.x + 0.0002, camera.geom.y + 0.0002
            box = MultiPolygon(Polygon.from_bbox((x, y, x + 0.0001, y + 0.0001)), srid=4326)
            made: list[Building] = []
            seconds, count = _waited(
                listener,
                lambda: made.append(Building.objects.create(geom=box, height_m=9.0)),  # noqa: B023
            )
            added.append(seconds)
            told.append(count)
            seconds, count = _waited(listener, made[0].delete)
            added.append(seconds)
            told.append(count)
        _row("a building added, removed", added, told)
    print(f"stale views left: {len(camera_sights_stale())}")
