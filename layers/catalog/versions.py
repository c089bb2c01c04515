"""Versions of layers, read at most once a second in each process."""

from __future__ import annotations

import threading
import time

from layers.catalog.layer import Layer
from layers.places import versions

#: How long a read stays good, seconds.
FRESH_S = 1.0

_lock = threading.Lock()
_read_at = -1e9
_versions: dict[str, int] = {}


def recent_versions() -> dict[str, int]:
    """Counter of every layer that ever changed, at most `FRESH_S` old."""
    global _read_at, _versions
    now = time.monotonic()
    if now - _read_at < FRESH_S:
        return _versions
    found = versions.layer_versions()
    with _lock:
        _versions, _read_at = found, now
    return found


def forget_versions() -> None:
    """Make the next `recent_versions` read the database."""
    global _read_at
    _read_at = -1e9


def layer_version(*layers: Layer) -> str:
    """Version of a drawing made of these layers: equal only while none of them has changed."""
    known = recent_versions()
    keys = [key for layer in layers for key in layer.version_keys]
    return ".".join(str(known.get(key, 0)) for key in keys)
