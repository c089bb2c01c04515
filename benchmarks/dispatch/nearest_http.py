"""Ten soonest of 500 units over HTTP: what a dispatcher's question costs on a running server.

    bin/run --port 8107 &                      # with the roads of a city loaded: bin/manage import_osm FILE
    bin/manage shell -c "from benchmarks.dispatch.nearest_http import main; main(port=8107, at=(-8.62, 41.16))"

Puts 500 units on the roads around a place, a closure among them, and asks as one logged-in
dispatcher and as four at once, each for another incident. Printed are the times by the clock, the
processor time of the web processes and of the database for a request, and how long a closure takes
from its commit until a request counts it. Its units and closures are removed again.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.gis.geos import Point, Polygon
from django.db import connection
from django.utils import timezone

from benchmarks.dispatch.live import cookie
from benchmarks.dispatch.positions import drop_units, make_units, processor_s
from layers.dispatch.models import Unit, UnitPosition
from layers.network.models import Road, RoadClosure

SPREAD_DEG = 0.04


def database_s() -> float:
    """Processor seconds of the database's processes that serve this database, as far as they live."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        pids = [row[0] for row in cursor.fetchall()]
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / 100


def places(at: tuple[float, float], count: int, chance: random.Random) -> list[tuple[float, float]]:
    """Places strewn about the roads around a place, some 30 m off them."""
    box = Polygon.from_bbox((at[0] - SPREAD_DEG, at[1] - SPREAD_DEG, at[0] + SPREAD_DEG, at[1] + SPREAD_DEG))  # fmt: skip
    lines = [row.geom.coords for row in Road.objects.filter(drivable=True, geom__bboverlaps=box)]
    if not lines:
        raise SystemExit(f"error: no roads around {at}; load some with import_osm")
    points = (chance.choice(chance.choice(lines)) for _ in range(count))
    return [(x + chance.gauss(0, 3e-4), y + chance.gauss(0, 3e-4)) for x, y in points]


def ask(
    port: int, key: str, points: list[tuple[float, float]], spent: list[float], *, least: int = 10
) -> None:
    """One dispatcher's questions on one connection, one after the other; `least` units must come."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for lon, lat in points:
        began = time.perf_counter()
        line.request(
            "GET", f"/api/v1/units/nearest?lon={lon:.6f}&lat={lat:.6f}", headers={"Cookie": f"sessionid={key}"}
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(line.getresponse().read())
        spent.append(time.perf_counter() - began)
        assert answer["by_road"], answer["warning"]
        assert len(answer["units"]) >= least, answer["snapped"]


def round_of(port: int, keys: list[str], points: list[tuple[float, float]]) -> dict[str, float]:
    """All the questions, shared out among the dispatchers."""
    spent: list[float] = []
    before, database = processor_s(port), database_s()
    crew = [
        threading.Thread(target=ask, args=(port, key, points[number :: len(keys)], spent))
        for number, key in enumerate(keys)
    ]
    for person in crew:
        person.start()
    for person in crew:
        person.join()
    ms = np.array(spent) * 1000
    return {
        "clients": len(keys), "requests": len(spent),
        "median_ms": round(float(np.median(ms)), 1), "p99_ms": round(float(np.percentile(ms, 99)), 1),
        "web_processor_ms": round((processor_s(port) - before) / len(spent) * 1000, 2),
        "database_processor_ms": round((database_s() - database) / len(spent) * 1000, 2),
    }  # fmt: skip


def closure_ms(port: int, key: str, point: tuple[float, float]) -> float:
    """From the commit of a closure beside a place until a request that began after it is answered."""
    closure = RoadClosure.objects.create(
        reason="benchmark", starts_at=timezone.now() - timedelta(minutes=1),
        geom=Point(point[0] + 0.004, point[1], srid=4326).buffer(0.001),
    )  # fmt: skip
    spent: list[float] = []
    try:
        ask(port, key, [point], spent, least=0)  # what stands in the flood reaches nobody
    finally:
        closure.delete()
    return spent[0] * 1000


def main(*, port: int = 8107, at: tuple[float, float] = (-8.62, 41.16), requests: int = 300) -> None:  # fmt: skip
    """Run and print; the site must be up on the port, on the same database."""
    chance = random.Random(4)
    drop_units()
    make_units(500)
    units = list(Unit.objects.filter(callsign__startswith="BENCH-"))
    UnitPosition.objects.bulk_create(
        UnitPosition(unit=unit, geom=Point(*place, srid=4326), fix_at=timezone.now(), max_age_s=86400)
        for unit, place in zip(units, places(at, len(units), chance), strict=True)
    )  # fmt: skip
    points = places(at, requests, chance)
    keys = [cookie() for _ in range(4)]
    for _ in range(60):
        try:
            for key in keys * 4:
                ask(port, key, points[:2], [])
            break
        except AssertionError:  # a process that has just started loads its engine first
            time.sleep(1)
    rows = [round_of(port, keys[:1], points), round_of(port, keys, points)]
    usual, shut = [], []
    for point in points[:20]:
        ask(port, keys[0], [point], usual)
        shut.append(closure_ms(port, keys[0], point))
    drop_units()
    more = float(np.median(shut)) - float(np.median(usual)) * 1000
    print(json.dumps({"rounds": rows, "a_new_closure_costs_ms": round(more, 1), "load": Path("/proc/loadavg").read_text().split()[0]}, indent=1))  # fmt: skip
