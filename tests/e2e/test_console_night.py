"""What a night brings to an open board: a schedule, a database that restarts, warnings, pictures, and a track to replay."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from layers.audit.models import Look
from layers.coverage.analysis import coverage_analyse
from layers.dispatch.assigning.scheduled import scheduled_due
from layers.dispatch.models import Assignment, Unit
from layers.dispatch.positions.models import UnitTrack
from layers.incidents.hazards.models import Hazard
from tests import city
from tests.e2e.test_dispatch import LAT, LON, Colleague, clean, open_console, rows, town

__all__ = ["town"]
pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Any]


def test_a_scheduled_incident_reserves_and_comes_due_on_an_open_board(
    open_page: Open, town: None
) -> None:
    other = Colleague()
    due = timezone.now() + timedelta(seconds=20)
    row = other.report(type="fallen_tree", scheduled_for=due.isoformat())
    sent = other.send("POST", f"/incidents/{row['id']}/dispatch", {"units": ["DAMKAR-1"]})
    assert sent.json()["assigned"][0]["step"] == "reserved"
    page, watch = open_console(open_page)
    page.locator("[data-queue] [data-row]").first.click()
    page.wait_for_selector(".crew-step[data-step='reserved']")
    assert "dijadwalkan" in page.locator(".incident-head").inner_text()
    assert scheduled_due() == 0
    assert Assignment.objects.get().dispatched_at is None
    while timezone.now() < due:
        time.sleep(0.2)
    assert scheduled_due() == 1
    # Without a key or a click the open board shows that the unit has been sent.
    page.wait_for_selector(".crew-step[data-step='dispatched']", timeout=15_000)
    page.wait_for_selector(".incident-head .state[data-state='dispatched']")
    page.wait_for_selector("[data-queue] .state[data-state='dispatched']")
    part = Assignment.objects.get()
    assert part.dispatched_at is not None
    assert part.dispatched_at >= due
    clean(watch)


def cut_off(*, seconds: float) -> None:
    """End every connection of the database and let nobody in for a while, as a restart does."""
    name = connection.settings_dict["NAME"]
    parameters = {**connection.get_connection_params(), "dbname": "postgres"}
    for key in ("context", "cursor_factory", "prepare_threshold", "client_encoding"):
        parameters.pop(key, None)
    connection.close()
    with psycopg.connect(**parameters, autocommit=True) as master:
        master.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            master.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])  # fmt: skip
            time.sleep(seconds)
        finally:
            master.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_a_board_catches_up_after_the_database_was_away(open_page: Open, town: None) -> None:
    other = Colleague()
    first = other.report()
    page, watch = open_console(open_page)
    page.wait_for_selector("[data-queue] [data-row]")
    page.evaluate("window.stayed = true")
    cut_off(seconds=7)
    # Told on the board that the picture is old, or it has been read again already.
    second = other.report(lat=LAT + 0.004, priority=2)
    other.send("POST", f"/incidents/{first['id']}/dispatch", {"units": ["DAMKAR-1"]})
    page.wait_for_function("() => document.querySelectorAll('[data-queue] [data-row]').length === 2", timeout=30_000)  # fmt: skip
    page.wait_for_selector("[data-queue] .state[data-state='dispatched']", timeout=20_000)
    assert rows(page) == [str(int(one["number"].rsplit("-", 1)[1])) for one in (first, second)]
    assert page.evaluate("window.stayed") is True
    # The outage was told by status; nothing else went wrong.
    watch.failed = [line for line in watch.failed if not line.startswith("503")]
    watch.errors = [line for line in watch.errors if "status of 503" not in line]
    clean(watch)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, '{"error": "unavailable", "message": "basis data tidak menjawab; coba lagi"}', "Basis data tidak menjawab; coba lagi"),
        (502, "<html>Bad Gateway</html>", "Sedang tidak tersedia. Coba lagi sebentar lagi."),
        (418, "", "Permintaan gagal (418)."),
    ],
)  # fmt: skip
def test_the_words_of_the_server_are_shown_and_general_ones_where_it_said_nothing(
    open_page: Open, town: None, status: int, body: str, said: str
) -> None:
    Colleague().report()
    page, _watch = open_console(open_page)
    page.locator("[data-queue] [data-row]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-card] .card-line")
    page.route("**/state", lambda route: route.fulfill(status=status, body=body))
    page.keyboard.press("a")
    page.get_by_text(said).first.wait_for(timeout=5_000)


def warning(**fields: Any) -> Hazard:
    now = timezone.now()
    return Hazard.objects.create(
        **{
            "sender": "BMKG", "identifier": f"x-{now.timestamp()}", "kind": "weather", "message": "alert",
            "event": "Hujan lebat", "headline": "Hujan lebat di Kota Malang <b>", "description": "Waspada genangan.",
            "sent_at": now, "starts_at": now, "expires_at": now + timedelta(hours=2), "touches_city": True, **fields,
        }
    )  # fmt: skip


def test_a_warning_that_touches_the_city_is_heard_and_stays_in_the_strip(
    open_page: Open, town: None
) -> None:
    warning(headline="Sudah berlaku", identifier="old")
    page, watch = open_console(open_page)
    page.wait_for_selector(".alarm-chip[data-kind='warning']")
    assert page.locator(".toast").count() == 0  # in force before: shown, not sounded
    warning(identifier="far", headline="Jauh", touches_city=False)
    row = warning()
    told: list[int] = []

    def stream(handled: Any) -> None:
        body = {"kind": "hazard.raised", "layer": "hazards", "object_id": str(row.pk), "payload": {"id": row.pk}}  # fmt: skip
        if told:
            handled.fulfill(status=204)
            return
        told.append(1)
        text = f"id: 7\nevent: message\ndata: {json.dumps(body)}\n\n"
        handled.fulfill(status=200, content_type="text/event-stream", body=text)

    page.context.route("**/events/**", stream)
    page.wait_for_selector(".toast[data-kind='bad']", timeout=30_000)
    assert "Hujan lebat di Kota Malang <b>" in page.locator(".toast").inner_text()
    assert page.locator(".toast").count() == 1
    assert page.evaluate("document.documentElement.dataset.lastSound") == "warning"
    chips = page.locator(".alarm-chip[data-kind='warning']")
    page.wait_for_function("() => document.querySelectorAll(\".alarm-chip[data-kind='warning']\").length === 2")  # fmt: skip
    chips.filter(has_text="Hujan lebat").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog[open]")
    assert "Waspada genangan." in page.locator("dialog[open]").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog[open]", state="detached")
    watch.assert_clean()


#: A camera's picture as a browser records it: two seconds of a canvas in fragments of MP4.
RECORD = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 });
  const pen = canvas.getContext('2d');
  let at = 0;
  const paint = setInterval(() => { pen.fillStyle = `hsl(${(at += 20)} 90% 50%)`; pen.fillRect(0, 0, 160, 120); }, 40);
  const type = ['video/mp4;codecs=avc1.42E01E', 'video/mp4;codecs=vp09.00.10.08', 'video/mp4'].find((one) => MediaRecorder.isTypeSupported(one));
  if (!type) return null;
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: type });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.start();
  await new Promise((done) => setTimeout(done, 2000));
  const stopped = new Promise((done) => (recorder.onstop = done));
  recorder.stop();
  await stopped;
  clearInterval(paint);
  return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
}"""


def head_and_rest(film: bytes) -> tuple[bytes, bytes]:
    """An MP4 in fragments, cut before the first `moof`."""
    at = 0
    while at < len(film):
        size, name = int.from_bytes(film[at : at + 4]), film[at + 4 : at + 8]
        if name == b"moof":
            return film[:at], film[at:]
        at += size
    raise AssertionError("no fragment in the film")


@pytest.fixture
def relay(settings: Any) -> Iterator[Any]:
    """A relay of HLS on this machine: files by path, and which were asked for."""
    files: dict[str, bytes] = {}
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Access-Control-Allow-Origin", "*")
            kind = "application/vnd.apple.mpegurl" if self.path.endswith("m3u8") else "video/mp4"
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.NCC_RELAY_URL = f"http://127.0.0.1:{server.server_port}"
    server.files, server.asked = files, asked  # type: ignore[attr-defined]
    yield server
    server.shutdown()
    server.server_close()


def test_the_live_picture_plays_from_the_relay_and_says_where_there_is_none(
    open_page: Open, town: None, relay: Any
) -> None:
    owner = city.agency()
    more = {"heading_deg": 0.0, "owner": owner, "lat": LAT - 0.0003}
    live = city.camera("CCTV-1", lon=LON, stream_id="simpang-1", **more)
    dark = city.camera("CCTV-2", lon=LON + 0.0001, stream_id="", stream_url="", **more)
    coverage_analyse()
    Colleague().report()
    boss = city.person("bos", is_superuser=True)
    page, watch = open_page(f"/dispatch/#17/{LAT}/{LON}", user=boss)
    page.context.route(f"http://127.0.0.1:{relay.server_port}/**", lambda handled: handled.continue_())  # fmt: skip
    film = page.evaluate(RECORD)
    if film is None:
        pytest.skip("this Chromium records no MP4")
    head, rest = head_and_rest(bytes(film))
    relay.files["/simpang-1/head.mp4"], relay.files["/simpang-1/0.m4s"] = head, rest
    relay.files["/simpang-1/index.m3u8"] = (
        b"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:3\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        b'#EXT-X-MAP:URI="head.mp4"\n#EXTINF:2.0,\n0.m4s\n#EXT-X-ENDLIST\n'
    )
    page.locator("[data-queue] [data-row]").first.click()
    page.locator("[data-watchers] .watcher").nth(1).wait_for()

    def watch_button(camera: Any) -> Any:
        row = page.locator("[data-watchers] .watcher").filter(has_text=camera.name)
        return row.locator("button").first

    with_stream, without = watch_button(live), watch_button(dark)
    with_stream.click()
    page.wait_for_function("() => { const film = document.querySelector('[data-picture] video'); return film && film.currentTime > 0.2 && film.videoWidth === 160; }", timeout=20_000)  # fmt: skip
    assert page.locator("[data-picture-said]").inner_text() == ""
    assert {"/simpang-1/index.m3u8", "/simpang-1/head.mp4", "/simpang-1/0.m4s"} <= set(relay.asked)
    assert Look.objects.filter(table_name="layers_camera", what="stream", actor="bos").count() == 1
    without.click()
    page.wait_for_function("() => /tidak|belum/i.test(document.querySelector('[data-picture-said]')?.textContent ?? '')")  # fmt: skip
    assert page.locator("[data-picture] video:not([hidden])").count() == 0
    # The relay knows no such picture any more: words, never a black box.
    relay.files.clear()
    with_stream.click()
    page.wait_for_function("() => document.querySelector('[data-picture-said]')?.textContent.includes('Gambar tidak')", timeout=40_000)  # fmt: skip
    watch.outside = [address for address in watch.outside if str(relay.server_port) not in address]
    watch.failed = [line for line in watch.failed if str(relay.server_port) not in line]
    watch.errors = [line for line in watch.errors if "status of 404" not in line]
    clean(watch)


def test_a_track_is_replayed_by_keyboard_and_who_looked_is_written_down(
    open_page: Open, town: None
) -> None:
    unit = Unit.objects.get(callsign="DAMKAR-1")
    begin = timezone.now().replace(microsecond=0) - timedelta(minutes=30)
    for n in range(11):
        UnitTrack.objects.create(unit=unit, fix_at=begin + timedelta(minutes=n), lon=LON + n / 1000, lat=LAT, speed_kph=float(n))  # fmt: skip
    page, watch = open_console(open_page)
    page.keyboard.press("u")
    page.locator("[data-units] [data-row]").filter(has_text="DAMKAR-1").focus()
    page.keyboard.press("z")
    page.wait_for_selector("#track[open] select:focus")
    assert page.locator("#track select option:checked").inner_text() == "DAMKAR-1"
    page.keyboard.press("Tab")
    page.locator("#track form button").first.focus()
    page.keyboard.press("Enter")
    slider = page.locator("#track input[type='range']")
    page.wait_for_selector("#track input[type='range']:focus")
    assert (slider.get_attribute("max"), slider.input_value()) == ("600", "0")
    assert "11 titik" in page.locator("[data-track-said]").inner_text()
    assert page.locator("[data-track-now]").inner_text().endswith("0 km/h")
    page.keyboard.press("End")
    assert page.locator("[data-track-now]").inner_text().endswith("10 km/h")
    page.keyboard.press("Home")
    for _ in range(59):
        page.keyboard.press("ArrowRight")
    assert page.locator("[data-track-now]").inner_text().endswith("· 0 km/h")
    page.keyboard.press("ArrowRight")
    assert page.locator("[data-track-now]").inner_text().endswith("· 1 km/h")
    look = Look.objects.get(table_name="layers_unittrack")
    assert (look.actor, look.row_id) == ("di", str(unit.pk))
    page.locator("[data-track-clear]").click()
    page.wait_for_selector("#track [data-track-player]", state="hidden")
    # An interval the wrong way round is refused in words.
    page.locator("#track [name='from']").fill("2026-01-02T00:00")
    page.locator("#track [name='to']").fill("2026-01-01T00:00")
    page.locator("#track form button").first.click()
    page.wait_for_function("() => document.querySelector('[data-track-said]').textContent.includes('Akhir jejak')")  # fmt: skip
    watch.failed = [line for line in watch.failed if not line.startswith("422")]
    watch.errors = [line for line in watch.errors if "status of 422" not in line]
    watch.assert_clean()
