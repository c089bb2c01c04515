"""From the rows of a file to the records of a layer: typed, keyed, with every fault named."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from typing import Any

import numpy as np
import shapely
from django.utils.text import slugify

from layers.importers.database import canonical
from layers.importers.files.table import SourceRow, SourceTable
from layers.importers.judging.columns import Mapping
from layers.importers.judging.report import Report
from layers.importers.judging.values import clean_text, holds_line_break, is_blank
from layers.importers.kinds.spec import Column, Layer, Record


def records_from_table(
    table: SourceTable,
    layer: Layer,
    mapping: Mapping,
    geometries: list[Any],
    *,
    key_header: str,
    report: Report,
) -> list[Record]:
    """Usable records in file order; the faults of the others are in `report`.

    `key_header` is the header whose value identifies a row, "" for the layer's own keys. Rows that
    repeat a key are rejected at the second and later ones.
    """
    columns = {column.name: column for column in layer.columns}
    texts_as_numbers: dict[str, list[int]] = defaultdict(list)
    typed = table.file_format not in {"text", "kml"}
    numeric = {mapping.lon, mapping.lat} - {""}
    records: list[Record] = []
    for row, geometry in zip(table.rows, geometries, strict=True):
        if typed:
            for header in numeric:
                if isinstance(row.values.get(header), str) and not is_blank(row.values[header]):
                    texts_as_numbers[header].append(row.number)
        if row.number in report.rejected_rows:
            continue
        record = _record(
            row, geometry, layer, columns, mapping, key_header, table.file_name, report
        )
        if record is not None:
            records += layer.prepare(record, report)
    for header, rows in texts_as_numbers.items():
        report.remark(
            header, f"a number written as text in {len(rows)} rows: read as a number",
            kind="number written as text", rows=rows, value=str(table.rows[rows[0] - 1].values[header]),
        )  # fmt: skip
    return _without_repeats(records, table, report)


def _record(
    row: SourceRow,
    geometry: Any,
    layer: Layer,
    columns: dict[str, Column],
    mapping: Mapping,
    key_header: str,
    file_name: str,
    report: Report,
) -> Record | None:
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {"file": file_name}
    usable = True
    for name, header in mapping.headers.items():
        column, raw = columns[name], row.values.get(header)
        if is_blank(raw):
            if column.required:
                report.reject(row.number, header, None, f"no {name}")
                usable = False
            continue
        shown = "…" if column.secret else raw
        if holds_line_break(raw):
            report.warn(
                row.number,
                header,
                shown,
                "a line break in the cell: joined to one line",
                kind="line break",
            )
            if not clean_text(raw):
                continue
        try:
            value = column.read(raw)
        except ValueError as error:
            if column.strict:
                report.reject(row.number, header, shown, f"{name}: {error}")
                usable = False
                continue
            value = _shortened(column, raw, str(error))
            kept = "cut" if value is not None else "left out"
            report.warn(row.number, header, shown, f"{name}: {error}; {kept}", kind=f"bad {name}")
            if value is None:
                extra.setdefault("unreadable", set()).add(name)
                continue
        (fields if column.stored else extra)[column.field if column.stored else name] = value
    if not usable:
        return None
    if geometry is not None:
        fields["geom"] = geometry
    attributes = _attributes(row, mapping)
    key = _key(row, layer, fields, geometry, key_header, report)
    if key is None:
        return None
    stored = {name: value for name, value in fields.items() if name != "geom"}
    return Record(row.number, key, stored, extra, attributes, geometry, headers=mapping.headers)


def _shortened(column: Column, raw: Any, reason: str) -> Any:
    """Text that is merely too long, cut to what fits; None for any other fault."""
    if not reason.startswith("longer than "):
        return None
    return clean_text(raw)[: int(reason.split()[2])].rstrip()


def _attributes(row: SourceRow, mapping: Mapping) -> dict[str, Any]:
    """Columns nobody claimed, as they are; blanks are left out."""
    result = {}
    for header in mapping.unknown:
        value = row.values.get(header)
        if is_blank(value) or value in ([], {}):
            continue
        value = storable(value)
        if value is not None:
            result[clean_text(header)[:200]] = value
    return result


def storable(value: Any) -> Any:
    """What JSON in the database can hold: no control characters, no infinity, no giant numbers."""
    if isinstance(value, str):
        return clean_text(value)[:20_000]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**18 else clean_text(value)[:40]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, dict):
        return {clean_text(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return clean_text(value)


def _key(
    row: SourceRow,
    layer: Layer,
    fields: dict[str, Any],
    geometry: Any,
    key_header: str,
    report: Report,
) -> tuple[str, str] | None:
    if key_header:
        value = row.values.get(key_header)
        if is_blank(value):
            report.reject(row.number, key_header, None, "no key in this row")
            return None
        text = clean_text(value)[:120]
        for name in layer.keys:
            if fields.get(name) is not None and clean_text(fields[name]) == text:
                return (name, str(fields[name]))
        return ("source_key", text)
    for name in layer.keys:
        if fields.get(name):
            # The source key is provenance, not a field that an edition changes.
            value = fields.pop(name) if name == "source_key" else fields[name]
            return (name, str(value))
    if layer.keys[-1] == "code" and layer.shape == "point":
        return ("code", _made_code(fields.get("name", ""), geometry))
    return (layer.keys[-1], "")


def _made_code(name: str, point: Any) -> str:
    """A code from name and place, for files that have none: the same row makes the same code."""
    digest = hashlib.blake2b(digest_size=4)
    digest.update(name.encode())
    if point is not None:
        digest.update(np.round(shapely.get_coordinates(point) * 1e5).astype(np.int64).tobytes())
    return f"{(slugify(name) or 'x')[:60]}-{digest.hexdigest()}"


def _without_repeats(records: list[Record], table: SourceTable, report: Report) -> list[Record]:
    first: dict[tuple[str, str], Record] = {}
    kept = []
    for record in records:
        earlier = first.setdefault(record.key, record)
        if earlier is record:
            kept.append(record)
        elif earlier.row == record.row:
            continue  # two parts of one geometry that coincide
        else:
            same = _same_row(table.rows[earlier.row - 1], table.rows[record.row - 1])
            report.counts["exact duplicate" if same else "repeated key"] += 1
            report.reject(
                record.row, record.headers.get(record.key[0], record.key[0]), record.key[1],
                f"exact duplicate of row {earlier.row}" if same
                else f"the same key as row {earlier.row}, with other values",
            )  # fmt: skip
    return kept


def _same_row(one: SourceRow, two: SourceRow) -> bool:
    if one.values != two.values:
        return False
    if one.geometry is None or two.geometry is None:
        return one.geometry is two.geometry
    return bool(one.geometry.equals_exact(two.geometry, 0.0))


def record_hash(record: Record) -> str:
    """Digest of all that a row states, the same for every file format."""
    stated = {name: canonical(_plain(value)) for name, value in record.fields.items()}
    stated |= {f"+{name}": canonical(value) for name, value in record.attributes.items()}
    for name, value in record.extra.items():
        if isinstance(value, str | int | float | bool) and name != "file":
            stated[f"~{name}"] = canonical(value)
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(stated, sort_keys=True, ensure_ascii=False, default=str).encode())
    if record.geometry is not None:
        digest.update(
            np.round(shapely.get_coordinates(record.geometry) * 1e7).astype(np.int64).tobytes()
        )
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
