"""Fetching a configured address: no private network, no surprises by redirect or name, bounded in size and time."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

from layers.errors import HostileInput, InvalidInput, Unavailable

#: Bytes, seconds in all, and redirects of one fetch.
MAX_BYTES, MAX_S, MAX_REDIRECTS = 5 * 1024 * 1024, 15.0, 3
_CHUNK = 65_536


@dataclass(frozen=True)
class Fetched:
    """What an address answered; `address` is where redirects ended."""

    address: str
    content: bytes
    content_type: str


class _Pinned(http.client.HTTPConnection):
    """A connection to the very number that was checked: a name may answer otherwise a moment later."""

    def __init__(
        self, host: str, port: int, *, number: str, secure: bool, timeout_s: float
    ) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._number = number
        self._secure = secure

    def connect(self) -> None:
        plain = socket.create_connection((self._number, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.host)
        else:
            self.sock = plain


def fetch(address: str) -> Fetched:
    """GET an http or https address.

    Every step of a redirect is checked anew: hosts that resolve to a loopback, private, link-local
    or otherwise not public number are refused unless `NCC_FETCH_PRIVATE_HOSTS` names them
    (`host:port`). Raises `HostileInput` for what is refused, `Unavailable` for what fails.
    """
    deadline = time.monotonic() + MAX_S
    for _step in range(MAX_REDIRECTS + 1):
        parts = _checked(address)
        status, headers, content = _get(parts, deadline)
        if status in {301, 302, 303, 307, 308} and headers.get("Location"):
            address = urljoin(address, str(headers["Location"]))
            continue
        if status != 200:
            raise Unavailable(f"the address answered {status}", where=_shown(parts))
        return Fetched(address, content, str(headers.get("Content-Type", "")))
    raise HostileInput("too many redirects", where=_shown(_checked(address)))


def _checked(address: str) -> SplitResult:
    if len(address) > 2000 or any(ord(character) <= 32 for character in address):
        raise InvalidInput("the address cannot be used", value=address[:80])
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError as error:
        raise InvalidInput("the address cannot be used", value=address[:80]) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise HostileInput(
            f"only http and https are fetched, not {parts.scheme[:20] or 'nothing'}",
            remedy="configure an http or https address",
        )
    if parts.username or parts.password:
        raise HostileInput("an address with a password in it is not fetched", where=parts.hostname)
    return parts


def _shown(parts: SplitResult) -> str:
    """The address without its query, which may hold a key."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _number_of(host: str, port: int) -> str:
    """The number to connect to; refused unless every number of the name is public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"the host {host[:80]} is not known", where=host[:80]) from error
    numbers = [str(entry[4][0]) for entry in found]
    if f"{host}:{port}" not in settings.NCC_FETCH_PRIVATE_HOSTS:
        for number in numbers:
            plain = ipaddress.ip_address(number.partition("%")[0])
            inner = getattr(plain, "ipv4_mapped", None) or plain
            if not inner.is_global or inner.is_multicast:
                raise HostileInput(
                    "the address leads into a private network",
                    where=host[:80],
                    remedy="name host:port in NCC_FETCH_PRIVATE_HOSTS if that is meant",
                )
    return numbers[0]


def _get(parts: SplitResult, deadline: float) -> tuple[int, http.client.HTTPMessage, bytes]:
    secure = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if secure else 80)
    left_s = _left(deadline, parts)
    connection = _Pinned(host, port, number=_number_of(host, port), secure=secure, timeout_s=left_s)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"User-Agent": "NCC-Geo", "Accept": "*/*"})
        answer = connection.getresponse()
        content = bytearray()
        while chunk := answer.read1(_CHUNK):
            content += chunk
            if len(content) > MAX_BYTES:
                raise HostileInput(f"the answer is larger than {MAX_BYTES} bytes", where=_shown(parts))  # fmt: skip
            if connection.sock is not None:
                connection.sock.settimeout(_left(deadline, parts))
            else:
                _left(deadline, parts)
        return answer.status, answer.headers, bytes(content)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(
            f"the address does not answer: {type(error).__name__}", where=_shown(parts)
        ) from error
    finally:
        connection.close()


def _left(deadline: float, parts: SplitResult) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise Unavailable(f"no whole answer within {MAX_S:.0f} s", where=_shown(parts))
    return left_s
