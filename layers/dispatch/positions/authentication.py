"""Who sends positions: the device behind the key of a request."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from django.db import connection
from django.http import HttpRequest

from layers.dispatch.positions.intake import Source
from layers.dispatch.positions.keys import KEY_MAX, key_hash
from layers.dispatch.positions.models import PositionDevice
from layers.errors import InvalidInput, Unauthenticated

#: A key is looked up anew this often (seconds). What the device may do, and whether its key still
#: holds, is asked again at every writing of fixes.
_REMEMBER_S = 60.0
_REMEMBER_MAX = 10_000
_known: dict[str, tuple[float, Source]] = {}
_lock = threading.Lock()


def device_of_request(request: HttpRequest) -> Source:
    """The device whose key the request carries; raises `Unauthenticated` when there is none.

    The key stands in `Authorization: Bearer …`, in `X-Device-Key`, or where the OsmAnd protocol
    has the device's identifier: `id` or `deviceid` of the query or form, `device_id` of the JSON.
    """
    return source_of_key(_key_of(request))


def source_of_key(key: str) -> Source:
    """The device with a key; raises `Unauthenticated`."""
    if not 20 <= len(key) <= KEY_MAX or "\x00" in key:
        raise _refusal()
    remembered = source_remembered(key)
    if remembered is not None:
        return remembered
    digest = key_hash(key)
    device = PositionDevice.objects.filter(key_hash=digest, revoked_at__isnull=True).first()
    if not connection.in_atomic_block:
        # Whoever waits for the writer of fixes must not hold a connection that the writer needs.
        connection.close()
    with _lock:
        if device is None:
            _known.pop(digest, None)
            raise _refusal()
        if len(_known) >= _REMEMBER_MAX:
            _known.clear()
        source = Source(
            device.pk, device.unit_id, device.agency_id, device.max_age_s, str(device.kind)
        )
        _known[digest] = (time.monotonic(), source)
    return source


def source_remembered(key: str) -> Source | None:
    """The device with a key where this process has just asked for it; touches no database."""
    if len(key) > KEY_MAX:
        return None
    found = _known.get(key_hash(key))
    return found[1] if found is not None and time.monotonic() - found[0] < _REMEMBER_S else None


def json_of_request(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body, read once; raises `InvalidInput` for anything else."""
    held: dict[str, Any] | None = getattr(request, "_ncc_document", None)
    if held is None:
        try:
            held = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidInput("the body is no JSON", remedy="send one JSON object") from error
        if not isinstance(held, dict):
            raise InvalidInput("the body is no JSON object", remedy="send one JSON object")
        request._ncc_document = held  # type: ignore[attr-defined]
    return held


def is_json(request: HttpRequest) -> bool:
    """Whether the body says that it is JSON."""
    return (request.content_type or "").startswith("application/json")


def _key_of(request: HttpRequest) -> str:
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip()
    key = request.headers.get("X-Device-Key", "")
    if key:
        return key
    for values in (request.GET, request.POST if request.method == "POST" else {}):
        key = values.get("id") or values.get("deviceid") or ""
        if key:
            return str(key)
    if is_json(request) and request.body:
        try:
            return str(json_of_request(request).get("device_id") or "")
        except InvalidInput:
            return ""
    return ""


def _refusal() -> Unauthenticated:
    return Unauthenticated(
        "the key of the device is missing, wrong or revoked",
        remedy="enter the key from the administration page of position devices",
    )
