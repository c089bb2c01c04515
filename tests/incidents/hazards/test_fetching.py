"""Fetching feeds: from a server of the test, and refused wherever a private network would be reached."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.utils import timezone

from layers.errors import HostileInput, InvalidInput, NccError, Unavailable
from layers.incidents.hazards import fetching
from layers.incidents.hazards.fetching import fetch
from layers.incidents.hazards.models import Hazard, HazardFeed
from layers.incidents.hazards.service import feed_poll
from layers.incidents.hazards.upkeep import feeds_poll_due
from layers.jobs.models import Job
from tests.factories import make_area
from tests.incidents.hazards.test_hazards import cap


class Server:
    """An HTTP server on loopback whose answers the test sets; it remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                status, headers, body = outer.answers.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    made = Server()
    settings.NCC_FETCH_PRIVATE_HOSTS = [f"127.0.0.1:{made.port}"]
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/", "http://0.0.0.0:{port}/",
        "http://2130706433:{port}/", "http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/",
        "http://169.254.169.254/latest/", "http://10.0.0.1/", "http://192.168.1.1/", "http://[fe80::1]/",
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://user:pw@127.0.0.1:{port}/",
        "http:///x", "http://[", "http://a b/", "http://x:99999/",
    ],
)  # fmt: skip
def test_private_places_are_refused_and_a_listener_sees_nothing(
    server: Server, settings: Any, address: str
) -> None:
    settings.NCC_FETCH_PRIVATE_HOSTS = []
    with pytest.raises((HostileInput, InvalidInput, Unavailable)):
        fetch(address.format(port=server.port))
    assert server.asked == []


def test_a_redirect_into_a_private_network_is_refused(server: Server) -> None:
    other = Server()
    server.answers["/"] = (302, {"Location": other.url("/secret")}, b"")
    with pytest.raises(HostileInput):
        fetch(server.url("/"))
    assert other.asked == []
    other.http.shutdown()
    other.http.server_close()


def test_a_name_that_answers_otherwise_a_moment_later_is_not_followed(
    server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NCC_FETCH_PRIVATE_HOSTS = []
    answers = iter(["93.184.216.34", "127.0.0.1"])
    asked: list[tuple[str, int]] = []

    def resolve(_host: str, port: int, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(place: tuple[str, int], _timeout: float) -> socket.socket:
        asked.append(place)
        raise OSError("no network in a test")

    monkeypatch.setattr(fetching.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(fetching.socket, "create_connection", connect)
    with pytest.raises(Unavailable):
        fetch(f"http://rebound.example:{server.port}/")
    assert asked == [("93.184.216.34", server.port)]  # the number that was checked, asked for once


def test_size_time_redirects_and_failures_are_bounded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/big"] = (200, {}, b"x" * 20_000)
    server.answers["/loop"] = (302, {"Location": "/loop"}, b"")
    server.answers["/ok"] = (200, {"Content-Type": "application/json"}, b"{}")
    server.answers["/hop"] = (301, {"Location": "ok"}, b"")
    assert fetch(server.url("/hop")).content == b"{}"
    monkeypatch.setattr(fetching, "MAX_BYTES", 10_000)
    with pytest.raises(HostileInput):
        fetch(server.url("/big"))
    with pytest.raises(HostileInput):
        fetch(server.url("/loop"))
    with pytest.raises(Unavailable):
        fetch(server.url("/none"))


def test_a_server_that_drips_is_given_up(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_S", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    settings.NCC_FETCH_PRIVATE_HOSTS = [f"127.0.0.1:{listener.getsockname()[1]}"]

    def drip() -> None:
        peer, _place = listener.accept()
        with peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _byte in range(100):
                try:
                    peer.sendall(b"x")
                except OSError:
                    return
                time.sleep(0.05)

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(Unavailable):
        fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert time.monotonic() - began < 3
    listener.close()


@pytest.mark.django_db
def test_a_list_is_followed_once_for_each_message_and_its_faults_are_kept(server: Server) -> None:
    make_area(name="Kota Malang")
    items = "".join(
        f"<item><title>x</title><link>{server.url(f'/{name}.xml')}</link><guid>{name}</guid></item>"
        for name in ("A1", "A2", "BAD", "GONE")
    )
    server.answers["/rss.xml"] = (200, {}, f"<rss><channel>{items}</channel></rss>".encode())
    server.answers["/A1.xml"] = (200, {}, cap("A1"))
    server.answers["/A2.xml"] = (200, {}, cap("A2"))
    server.answers["/BAD.xml"] = (200, {}, b"<alert")
    feed = HazardFeed.objects.create(address=server.url("/rss.xml"))
    taken = feed_poll(feed)
    assert (taken.new, len(taken.faults)) == (2, 2)
    feed.refresh_from_db()
    assert feed.ok_at is not None
    assert feed.error
    server.asked.clear()
    assert feed_poll(feed).known == 2
    assert server.asked == ["/rss.xml", "/BAD.xml", "/GONE.xml"]
    assert Hazard.objects.count() == 2


@pytest.mark.django_db
def test_a_feed_that_fails_says_so_in_its_row(server: Server) -> None:
    feed = HazardFeed.objects.create(address=server.url("/none?key=secret"))
    with pytest.raises(NccError):
        feed_poll(feed)
    feed.refresh_from_db()
    assert "404" in feed.error
    assert "secret" not in feed.error
    assert feed.ok_at is None


@pytest.mark.django_db
def test_no_address_is_called_unless_it_is_configured(settings: Any) -> None:
    assert settings.NCC_HAZARD_FEEDS == []
    assert feeds_poll_due() == 0
    settings.NCC_HAZARD_FEEDS = ["http://feed.example/a"]
    assert feeds_poll_due() == 1
    assert feeds_poll_due() == 1  # the same job, not another
    assert Job.objects.filter(kind="hazards.poll").count() == 1
    HazardFeed.objects.update(polled_at=timezone.now())
    assert feeds_poll_due() == 0
