"""Which rows a file speaks of: earlier editions of it, what it no longer holds, and strangers."""

from __future__ import annotations

from typing import Any

from layers.geo.crs import geodesic_m
from layers.importers.judging.report import Report
from layers.importers.kinds.spec import QUERY_CHUNK, Layer, Record
from layers.importers.models import ImportRun

#: A file that shares at least this part of the smaller one's keys is an edition of the same source.
SHARED_PART = 0.5
#: One key, another name and farther apart than this (m): two things, not one that moved.
STRANGER_M = 10_000.0


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


def without_strangers(
    records: list[Record], existing: dict[tuple[str, str], Any], report: Report
) -> list[Record]:
    """The records but for points whose key a different thing elsewhere has already; those are rejected.

    Numbers such as 1, 2, 3 are keys of many files. A row is taken for another thing when its name
    differs and it stands more than `STRANGER_M` away: to write over it would lose one of the two.
    """
    known = []
    for record in records:
        row = existing.get(record.key)
        stored = getattr(row, "geom", None)
        name = str(record.fields.get("name") or "")
        apart = None
        if stored is not None and record.geometry is not None and stored.geom_type == "Point":
            x, y = record.geometry.centroid.coords[0]
            apart = geodesic_m(stored.x, stored.y, x, y)
        if apart is None or apart <= STRANGER_M or not name or name == getattr(row, "name", name):
            known.append(record)
            continue
        field, value = record.key
        report.reject(
            record.row, record.headers.get(field, field), value,
            f"{getattr(row, 'name', '')!r}, {apart / 1000:,.0f} km away, has this key already: nothing was"
            " written over it; name a column that is unique with --key, or give the rows codes of their own",
        )  # fmt: skip
    return known
