"""Positions pour in while questions are asked: no error, and nothing older than a second is used."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest
from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone

from layers.dispatch.models import Unit, UnitPosition, UnitStatus
from layers.dispatch.recommendation import units_nearest
from layers.network import store
from tests.dispatch.streets import LAT, LON

UNITS, A_SECOND, BATCH, FOR_S = 400, 1000, 100, 6.0


class Tracker(threading.Thread):
    """Moves all units in turn, a hundred in one statement, a thousand a second, stamped as written."""

    def __init__(self, ids: list[int]) -> None:
        super().__init__(daemon=True)
        self.ids, self.stop, self.written, self.error = ids, threading.Event(), 0, ""
        self.parameters: dict[str, Any] = connection.get_connection_params()

    def run(self) -> None:
        wanted = {k: v for k, v in self.parameters.items() if k in ("dbname", "user", "password", "host", "port")}  # fmt: skip
        try:
            with psycopg.connect(**wanted, autocommit=True) as line:
                begun = time.monotonic()
                while not self.stop.is_set():
                    first = self.written % len(self.ids)
                    line.execute(
                        "UPDATE layers_unitposition SET fix_at = clock_timestamp(), server_at ="
                        " clock_timestamp(), geom = ST_SetSRID(ST_MakePoint(%s, %s +"
                        " 0.0028 * random()), 4326) WHERE unit_id = ANY(%s)",
                        [LON, LAT - 0.003, self.ids[first : first + BATCH]],
                    )
                    self.written += BATCH
                    ahead = begun + self.written / A_SECOND - time.monotonic()
                    self.stop.wait(max(ahead, 0.0))
        except psycopg.Error as error:
            self.error = str(error)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_thousand_positions_a_second_during_queries(cross: None) -> None:
    status = UnitStatus.objects.get_or_create(
        code="available", defaults={"name": "Siap", "status_class": "available"}
    )[0]
    now = timezone.now()
    units = Unit.objects.bulk_create(
        Unit(callsign=f"U{i}", kind="fire", status=status, status_since=now) for i in range(UNITS)
    )
    UnitPosition.objects.bulk_create(
        UnitPosition(unit=unit, geom=Point(LON, LAT - 0.001, srid=4326), fix_at=now)
        for unit in units
    )
    store.graph_build()
    units_nearest(LON, LAT)
    tracker = Tracker([unit.pk for unit in units])
    tracker.start()
    asked, oldest_s = 0, 0.0
    try:
        time.sleep(UNITS / A_SECOND + 0.1)  # every unit has been written once
        begun = time.monotonic()
        while time.monotonic() - begun < FOR_S:
            answer = units_nearest(LON, LAT)
            assert answer["by_road"] is True
            assert len(answer["units"]) == 10
            assert not [row for row in answer["excluded"] if row["reason"] != "farther"]
            oldest_s = max(oldest_s, *(row["position_age_s"] for row in answer["units"]))
            asked += 1
    finally:
        tracker.stop.set()
        tracker.join(10)
    print(f"{tracker.written} positions, {asked} answers, oldest position {oldest_s:.2f} s")
    assert tracker.error == ""
    assert tracker.written >= 0.9 * A_SECOND * FOR_S
    assert asked > 10
    assert oldest_s <= 1.0
