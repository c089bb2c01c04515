"""A bad night over HTTP: dispatchers, consoles, moving units and many incidents against a running server.

    bin/run --port 8000                                    # an instance for trying out, demo city loaded
    bin/manage shell -c "from benchmarks.dispatch.night import main; main('http://127.0.0.1:8000')"

Makes units and sessions of its own, then plays: a call with its incident every few seconds, the
recommendation, the dispatch, every step of the units, the closing; every console holds an event
stream and reads the board again after each change, as the page does; every unit reports its place.
Printed are the times the people feel: from the stamp of a change to a console that has read the
board after it, the POST of an assignment, and what went wrong. Loopback only, and it ends by itself.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import numpy as np

#: The server closes connections that were idle for 20 s.
IDLE_S = 15.0
LON, LAT, SPREAD_DEG = 112.635, -7.975, 0.03


class Notes:
    """Times (s) by name and faults by kind, from many threads."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.faults: Counter[str] = Counter()
        self.lock = threading.Lock()

    def time(self, name: str, seconds: float) -> None:
        with self.lock:
            self.times.setdefault(name, []).append(seconds)

    def fault(self, what: str) -> None:
        with self.lock:
            self.faults[what] += 1


class Client:
    """One person's connection: a session, kept alive."""

    def __init__(self, home: str, cookies: dict[str, str], headers: dict[str, str] | None = None):
        self.home, self.cookies, self.headers = home, cookies, headers or {}
        self.line = http.client.HTTPConnection(home, timeout=30)
        self.used = time.monotonic()

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Accept": "application/json", "Content-Type": "application/json", **self.headers}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
            headers["X-CSRFToken"] = self.cookies.get("csrftoken", "")
        if time.monotonic() - self.used > IDLE_S:
            self.line.close()  # opened anew by the next request, as a browser does
        self.used = time.monotonic()
        try:
            self.line.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self.line.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.line.close()
            raise
        return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else None


def _prepare(units: int, people: int) -> tuple[list[str], str, list[dict[str, str]]]:
    """Units with places, a gateway's key, and one session a dispatcher; straight in the database."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.gis.geos import Point
    from django.middleware.csrf import _get_new_csrf_string
    from django.utils import timezone

    from layers.access.models import User
    from layers.dispatch.models import Unit, UnitPosition, UnitStatus
    from layers.dispatch.positions.keys import device_create
    from layers.places.models import Agency

    agency = Agency.objects.get(code__iexact="damkar")
    free = UnitStatus.objects.get(code="available")
    chance = random.Random(1)
    signs = []
    for number in range(units):
        sign = f"NIGHT-{number:03d}"
        unit, _made = Unit.objects.get_or_create(
            callsign=sign,
            defaults={"kind": "fire", "agency": agency, "status": free, "status_since": timezone.now(), "capabilities": ["pump"]},
        )  # fmt: skip
        place = Point(
            chance.gauss(LON, SPREAD_DEG / 2), chance.gauss(LAT, SPREAD_DEG / 2), srid=4326
        )
        UnitPosition.objects.update_or_create(
            unit=unit, defaults={"geom": place, "fix_at": timezone.now()}
        )
        signs.append(sign)
    _device, key = device_create(kind="gateway", agency=agency, name=f"night {time.time():.0f}")
    store = import_module(settings.SESSION_ENGINE).SessionStore
    user = User.objects.get(username="dispatcher")
    sessions = []
    for _ in range(people):
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        sessions.append({"sessionid": session.session_key, "csrftoken": _get_new_csrf_string()})
    return signs, key, sessions


def _console(home: str, cookies: dict[str, str], stop: threading.Event, notes: Notes) -> None:
    """Holds the stream; reads the board after each change, one reading at a time, as the page does."""
    waiting: list[float] = []
    heard = 0
    wake = threading.Event()

    def reader() -> None:
        client = Client(home, cookies)
        while not stop.is_set():
            if not wake.wait(0.5):
                continue
            wake.clear()
            stamps, waiting[:] = waiting[:], []
            began = time.monotonic()
            try:
                status, _board = client.ask("GET", f"/api/v1/board?seen={heard}")
            except (OSError, http.client.HTTPException) as error:
                notes.fault(f"board: {type(error).__name__}")
                continue
            if status != 200:
                notes.fault(f"board: {status}")
                continue
            now = time.time()
            notes.time("board GET", time.monotonic() - began)
            for stamp in stamps:
                notes.time("change to board on screen", now - stamp)

    threading.Thread(target=reader, daemon=True).start()
    line = http.client.HTTPConnection(home, timeout=60)
    line.request("GET", "/events/", headers={"Cookie": f"sessionid={cookies['sessionid']}"})
    stream = line.getresponse()
    while not stop.is_set():
        text = stream.readline()
        if not text:
            notes.fault("stream ended")
            return
        if not text.startswith(b"data:"):
            continue
        event = json.loads(text[5:])
        if event.get("kind") in {"incident.changed", "assignment.changed", "call.changed"}:
            heard = event["id"]
            stamp = datetime.fromisoformat(event["at"]).timestamp()
            notes.time("change to console", time.time() - stamp)
            waiting.append(stamp)
            wake.set()


def _positions(home: str, key: str, signs: list[str], stop: threading.Event, notes: Notes) -> None:
    """Every unit's place every 5 s, in batches of 20 as a gateway sends them."""
    client = Client(home, {}, {"Authorization": f"Bearer {key}"})
    chance = random.Random(2)
    places = {sign: [chance.gauss(LON, 0.01), chance.gauss(LAT, 0.01)] for sign in signs}
    while not stop.is_set():
        round_began = time.monotonic()
        for first in range(0, len(signs), 20):
            batch = []
            for sign in signs[first : first + 20]:
                places[sign][0] += chance.gauss(0, 0.0002)
                places[sign][1] += chance.gauss(0, 0.0002)
                batch.append(
                    {"callsign": sign, "lon": places[sign][0], "lat": places[sign][1], "fix_at": datetime.now(UTC).isoformat()}
                )  # fmt: skip
            began = time.monotonic()
            try:
                status, answer = client.ask("POST", "/api/v1/positions", {"positions": batch})
            except (OSError, http.client.HTTPException) as error:
                notes.fault(f"positions: {type(error).__name__}")
                continue
            notes.time("20 positions POST", time.monotonic() - began)
            if status != 200:
                notes.fault(f"positions: {status} {str(answer)[:120]}")
        stop.wait(max(0.0, 5.0 - (time.monotonic() - round_began)))


def _beside(home: str, cookies: dict[str, str], path: str, notes: Notes) -> None:
    """A question that the page asks beside the others, on a connection of its own."""
    client = Client(home, cookies)
    began = time.monotonic()
    try:
        status, _answer = client.ask("GET", path)
    except (OSError, http.client.HTTPException) as error:
        notes.fault(f"alternatives: {type(error).__name__}")
        return
    finally:
        client.line.close()
    notes.time("alternatives GET", time.monotonic() - began)
    if status != 200:
        notes.fault(f"alternatives: {status}")


def _dispatcher(home: str, cookies: dict[str, str], turns: Callable[[], bool], pause_s: float, notes: Notes) -> None:  # fmt: skip
    """Takes incidents one after another from call to closed."""
    client = Client(home, cookies)
    chance = random.Random(cookies["sessionid"])

    def step(name: str, method: str, path: str, body: Any = None, fine: tuple[int, ...] = (200, 201)) -> Any:  # fmt: skip
        began = time.monotonic()
        status, answer = client.ask(method, path, body)
        notes.time(name, time.monotonic() - began)
        if status not in fine:
            notes.fault(f"{name}: {status} {str(answer)[:160]}")
            return None
        return answer if status < 400 else {"refused": status, **(answer or {})}

    while turns():
        try:
            place = {"lon": chance.gauss(LON, 0.008), "lat": chance.gauss(LAT, 0.008)}
            call = step(
                "call POST", "POST", "/api/v1/calls", {"channel": "112", "note": "night", **place}
            )
            if call is None:
                continue
            made = step("incident POST", "POST", f"/api/v1/calls/{call['call']['id']}/incident", {"type": "building_fire", **place})  # fmt: skip
            if made is None:
                continue
            incident = made["id"]
            # As the page asks: the choice first, what it leaves covered beside it.
            asked = f"/api/v1/incidents/{incident}/recommendation?alternatives="
            advice = step("recommendation GET", "GET", f"{asked}false")
            beside = threading.Thread(target=_beside, args=(home, cookies, f"{asked}true", notes))
            beside.start()
            wanted = [unit["callsign"] for line in (advice or {}).get("lines", []) for unit in line["units"]][:4]  # fmt: skip
            sent: list[dict[str, Any]] = []
            if wanted:
                answer = step("assignment POST", "POST", f"/api/v1/incidents/{incident}/dispatch", {"units": wanted, "partial": True}, fine=(200, 409))  # fmt: skip
                sent = (answer or {}).get("assigned") or []
                notes.time("units assigned", float(len(sent)))
            for move in ("acknowledged", "en_route", "on_scene", "clear"):
                time.sleep(pause_s)
                for part in sent:
                    step("step POST", "POST", f"/api/v1/assignments/{part['assignment']}/step", {"step": move})  # fmt: skip
            step("close POST", "POST", f"/api/v1/incidents/{incident}/state", {"action": "close", "disposition": "handled", "clear_units": True, "reason": "night"})  # fmt: skip
        except (OSError, http.client.HTTPException) as error:
            notes.fault(f"dispatcher: {type(error).__name__}")


def main(url: str, *, dispatchers: int = 20, units: int = 200, incidents: int = 500, minutes: float = 60.0) -> None:  # fmt: skip
    """Play the night: `incidents` spread over `minutes`; prints one row a measure."""
    home = urlsplit(url).netloc
    if not home.startswith(("127.0.0.1", "localhost")):
        raise SystemExit("error: the night is played on this machine only; give a loopback address")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    signs, key, sessions = _prepare(units, dispatchers)
    notes, stop = Notes(), threading.Event()
    began = time.monotonic()
    taken = 0
    lock = threading.Lock()

    def turns() -> bool:
        """The next incident, when it is due; False when the night is over."""
        nonlocal taken
        with lock:
            if taken >= incidents:
                return False
            due = began + 60.0 * minutes * taken / incidents
            taken += 1
        time.sleep(max(0.0, due - time.monotonic()))
        return True

    for cookies in sessions:
        threading.Thread(target=_console, args=(home, cookies, stop, notes), daemon=True).start()
    threading.Thread(target=_positions, args=(home, key, signs, stop, notes), daemon=True).start()
    time.sleep(3.0)
    began = time.monotonic()
    pause_s = min(20.0, 60.0 * minutes * dispatchers / incidents / 8.0)
    crew = [
        threading.Thread(target=_dispatcher, args=(home, cookies, turns, pause_s, notes))
        for cookies in sessions
    ]
    for person in crew:
        person.start()
    for person in crew:
        person.join()
    spent = time.monotonic() - began
    time.sleep(2.0)
    stop.set()
    print(
        f"{incidents} incidents in {spent / 60:.1f} min, {dispatchers} dispatchers and consoles, {units} units at 5 s"
    )
    print(f"{'':28s} {'n':>8s} {'p50 ms':>9s} {'p95 ms':>9s} {'p99 ms':>9s} {'max ms':>9s}")
    for name, values in sorted(notes.times.items()):
        if name == "units assigned":
            continue
        p50, p95, p99, most = (1000 * np.percentile(values, p) for p in (50, 95, 99, 100))
        print(f"{name:28s} {len(values):8d} {p50:9.1f} {p95:9.1f} {p99:9.1f} {most:9.1f}")
    print(f"units assigned: {int(sum(notes.times.get('units assigned', [])))}")
    print(f"faults: {dict(notes.faults) or 'none'}")
