"""Five hundred units at a fix every two seconds over HTTP: does the server keep up, and at what cost.

    bin/run --port 8107 &
    bin/manage shell -c "from benchmarks.dispatch.positions import main; main(port=8107, seconds=20)"

Prints requests a second asked for and answered, the answers' delay, the oldest position seen while
it ran, processor seconds of the web processes, rows and bytes added. Its units are removed again.
"""

from __future__ import annotations

import asyncio
import json
import math
import statistics
import threading
import time
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from layers.dispatch.fleet import fleet
from layers.dispatch.models import Unit, UnitPosition, UnitStatus
from layers.dispatch.positions.intake import Source
from layers.dispatch.positions.keys import device_create
from layers.dispatch.positions.models import PositionDevice, UnitTrack
from layers.dispatch.positions.reading import Reading
from layers.dispatch.positions.service import positions_take
from layers.places.models import Agency

LON, LAT = 112.63, -7.98
CALLSIGN = "BENCH-"


def make_units(count: int) -> list[str]:
    """Keys of so many new units."""
    status = UnitStatus.objects.get(code="available")
    now = timezone.now()
    units = Unit.objects.bulk_create(
        Unit(callsign=f"{CALLSIGN}{number}", kind="fire", status=status, status_since=now)
        for number in range(count)
    )
    with transaction.atomic():
        return [device_create(name=unit.callsign, unit=unit)[1] for unit in units]


def drop_units() -> None:
    """Remove what the benchmark made."""
    units = Unit.objects.filter(callsign__startswith=CALLSIGN)
    UnitTrack.objects.filter(unit_id__in=list(units.values_list("pk", flat=True))).delete()
    units.delete()
    PositionDevice.objects.filter(name__startswith=CALLSIGN).delete()


def processor_s(port: int) -> float:
    """Processor seconds of the processes whose command names the port, and of their children."""
    total = 0
    pids: set[str] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if "uvicorn" in " ".join(words) and str(port) in words:
                pids.add(entry.name)
    for pid in list(pids):
        children = Path(f"/proc/{pid}/task/{pid}/children")
        pids |= set(children.read_text().split())
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / 100


async def one_unit(port: int, key: str, number: int, until: float, every_s: float, delays: list[float]) -> None:  # fmt: skip
    """A tracker on a connection of its own: circles at 36 km/h, reports every `every_s`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(every_s * (number % 100) / 100)
    while (now := time.time()) < until:
        angle = now / 40 + number
        lon = LON + (number % 25) / 1000 + 0.004 * math.cos(angle)
        lat = LAT + (number // 25) / 1000 + 0.004 * math.sin(angle)
        began = time.monotonic()
        writer.write(
            f"GET /api/v1/positions/osmand?id={key}&lat={lat:.6f}&lon={lon:.6f}&timestamp={now * 1000:.0f}"
            f"&accuracy=5 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        assert head.startswith(b"HTTP/1.1 200"), head
        assert not body["quarantined"], body
        delays.append(time.monotonic() - began)
        await asyncio.sleep(max(0.0, every_s - (time.monotonic() - began)))
    writer.close()


def main(
    *, port: int = 8107, count: int = 500, every_s: float = 2.0, seconds: float = 20.0
) -> None:
    """Run and print; the site must be up on the port, on the same database."""
    drop_units()
    keys = make_units(count)
    delays: list[float] = []
    before = processor_s(port)
    ages: list[float] = []

    async def run() -> None:
        until = time.time() + seconds
        tasks = [
            asyncio.create_task(one_unit(port, key, number, until, every_s, delays))
            for number, key in enumerate(keys)
        ]
        await asyncio.sleep(3 * every_s)
        while time.time() < until - 1:
            ages.append(await asyncio.to_thread(oldest))
            await asyncio.sleep(0.5)
        await asyncio.gather(*tasks)

    def oldest() -> float:
        rows = UnitPosition.objects.filter(unit__callsign__startswith=CALLSIGN)
        age = (timezone.now() - rows.earliest("fix_at").fix_at).total_seconds()  # type: ignore[operator]
        connection.close()
        return age

    asyncio.run(run())
    used = processor_s(port) - before
    track = UnitTrack.objects.filter(unit__callsign__startswith=CALLSIGN).count()
    delays.sort()
    answer: dict[str, Any] = {
        "units": count, "asked_per_s": count / every_s, "answered_per_s": round(len(delays) / seconds, 1),
        "median_ms": round(statistics.median(delays) * 1000, 1),
        "p99_ms": round(delays[int(len(delays) * 0.99)] * 1000, 1),
        "oldest_position_s": round(max(ages), 2), "web_processor_s": round(used, 2),
        "processor_ms_per_fix": round(used / len(delays) * 1000, 2), "track_rows": track,
    }  # fmt: skip
    print(json.dumps(answer, indent=1))
    drop_units()


def flood(*, count: int = 500, per_s: int = 1000, seconds: float = 10.0) -> None:
    """So many fixes a second in requests of 100, while units are asked for: errors, the oldest place
    seen, and the processor time of one fix. In one process, without HTTP."""
    drop_units()
    make_units(count)
    rows = list(Unit.objects.filter(callsign__startswith=CALLSIGN).order_by("pk"))
    agency = Agency.objects.order_by("pk").first()
    assert agency is not None
    Unit.objects.filter(callsign__startswith=CALLSIGN).update(agency=agency)
    gateway = device_create(name=f"{CALLSIGN}gateway", kind="gateway", agency=agency)[0]
    source = Source(gateway.pk, None, agency.pk)
    failures: list[str] = []
    queries: list[float] = []
    ages: list[float] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                fleet()
                place = UnitPosition.objects.filter(unit__in=rows).order_by("fix_at").first()
                if place is not None and place.fix_at is not None:
                    ages.append((timezone.now() - place.fix_at).total_seconds())
            except Exception as error:
                failures.append(repr(error))
            queries.append(time.monotonic() - began)
        connection.close()

    asking = threading.Thread(target=ask)
    began, spent, sent, tick = time.monotonic(), time.process_time(), 0, 0
    while time.monotonic() - began < seconds:
        now = timezone.now()
        fixes = []
        for unit in range(tick * 100 % count, tick * 100 % count + 100):
            angle = time.time() / 40 + unit
            lon, lat = LON + 0.004 * math.cos(angle), LAT + 0.004 * math.sin(angle)
            fixes.append(Reading(lon, lat, now, callsign=f"{CALLSIGN}{unit % count}"))
        try:
            sent += positions_take(source, fixes).moved
        except Exception as error:
            failures.append(repr(error))
        tick += 1
        if tick == count // 100:
            asking.start()
        time.sleep(max(0.0, began + tick * 100 / per_s - time.monotonic()))
    over.set()
    if asking.ident is not None:
        asking.join()
    took = time.monotonic() - began
    print(json.dumps({
        "asked_per_s": per_s, "written_per_s": round(sent / took, 1), "failures": failures[:3],
        "oldest_s": round(max(ages, default=-1), 2), "median_oldest_s": round(statistics.median(ages or [-1]), 2), "queries": len(queries),
        "processor_ms_per_fix_and_query": round((time.process_time() - spent) / max(sent, 1) * 1000, 2),
    }, indent=1))  # fmt: skip
    drop_units()
