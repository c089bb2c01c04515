"""Which earlier imports a file is a later edition of, and what it no longer holds."""

from __future__ import annotations

from typing import Any

from layers.importers.kinds.spec import QUERY_CHUNK, Layer
from layers.importers.models import ImportRun

#: A file that shares at least this part of the smaller one's keys is an edition of the same source.
SHARED_PART = 0.5


def missing_since_earlier(layer: Layer, key_field: str, keys: set[str]) -> list[dict[str, Any]]:
    """Rows that earlier editions of this file made and that it does not hold, by key.

    An earlier import of the layer by the same key is an edition when the two share at least half
    of the smaller one's keys. Rows that are gone from the database are not told; nothing is
    deleted.
    """
    if not keys:
        return []
    gone: set[str] = set()
    runs = ImportRun.objects.filter(layer=layer.name, key_field=key_field)
    for earlier in runs.values_list("report__keys", flat=True).iterator(chunk_size=20):
        there = set(earlier or [])
        if there and len(there & keys) >= SHARED_PART * min(len(there), len(keys)):
            gone |= there - keys
    if not gone:
        return []
    return _still_there(layer, key_field, sorted(gone))


def _still_there(layer: Layer, key_field: str, keys: list[str]) -> list[dict[str, Any]]:
    fields = {field.name for field in layer.model._meta.concrete_fields}
    name = key_field if key_field in fields else "source_key"
    if name not in fields:
        return [{"key": key, "name": ""} for key in keys]
    label = "name" if "name" in fields else name
    result = []
    for start in range(0, len(keys), QUERY_CHUNK):
        rows = layer.model._default_manager.filter(
            **{f"{name}__in": keys[start : start + QUERY_CHUNK]}
        )
        result += [{"key": key, "name": text} for key, text in rows.values_list(name, label)]
    return sorted(result, key=lambda entry: entry["key"])
