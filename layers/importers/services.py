"""Importing one file into one layer: read, map, judge, compare, write; all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from layers.audit.actor import Actor, acting_as, current_actor, recorded
from layers.errors import Conflict, InvalidInput
from layers.importers.database import (
    Lookups,
    differing_fields,
    merged_attributes,
    rows_copy,
    rows_update,
    same_geometry,
)
from layers.importers.editions import missing_since_earlier, without_strangers
from layers.importers.files.opening import table_from_file
from layers.importers.files.table import SourceTable
from layers.importers.judging.columns import header_named, mapping_from_table
from layers.importers.judging.noding import noded
from layers.importers.judging.positions import geometries_from_table
from layers.importers.judging.records import record_hash, records_from_table
from layers.importers.judging.report import Report
from layers.importers.judging.surroundings import (
    city_neighbourhood,
    warn_about_names,
    warn_about_pairs,
    warn_about_places,
)
from layers.importers.judging.values import is_blank
from layers.importers.kinds.registry import layer_named
from layers.importers.kinds.spec import Layer, Record
from layers.importers.models import ImportRun
from layers.importers.outbox import import_published
from layers.places.models import Origin

Progress = Callable[[str], None]


class _DryRun(Exception):
    """Ends a trial run: everything is rolled back."""


def layer_import(
    layer_name: str,
    path: str | Path,
    *,
    key: str = "",
    dry_run: bool = False,
    crs: str = "",
    sublayer: str = "",
    repair: bool = False,
    node: bool = False,
    defaults: dict[str, str] | None = None,
    origin: str = Origin.FILE,
    author_id: int | None = None,
    progress: Progress = lambda line: None,
) -> dict[str, Any]:
    """Imports a file into a layer and returns the report.

    `key` names the column that identifies a row; `crs` the coordinate system where the file states
    none; `sublayer` one of several layers in the file; `repair` mends invalid areas; `node` cuts
    roads where they cross; `defaults` gives columns a value where the file states none. Rows that
    are there already are updated where they differ; nothing is ever deleted. One transaction:
    after an error the database is as it was. Raises `InvalidInput` and `HostileInput`.
    """
    started = time.monotonic()
    layer = layer_named(layer_name)
    report = Report()
    table = table_from_file(
        path, crs=crs, sublayer=sublayer, layer_name=layer.name, shape=layer.shape
    )
    if defaults:
        _set_defaults(table, layer, defaults)
    progress(f"{len(table.rows)} rows read from {table.file_name}")
    actor = current_actor() or Actor(author_id, "import", "import_layer")
    try:
        with acting_as(actor), recorded():
            if layer.history:
                _believe_history()
            result = _import(layer, table, report, key=key, crs=crs, repair=repair, node=node, origin=origin, progress=progress)  # fmt: skip
            result["seconds"] = round(time.monotonic() - started, 3)
            if dry_run:
                raise _DryRun
            run = ImportRun.objects.create(
                layer=layer.name, file_name=table.file_name[:255], file_sha256=table.file_sha256,
                key_field=result.pop("_key_field")[:80], mapping=result["mapping"],
                report={**_summary(result), "keys": result.pop("_keys")},
                seconds=result["seconds"], author_id=author_id,
            )  # fmt: skip
            result["run"] = run.pk
            import_published(layer, result, run.pk)
    except _DryRun:
        result.pop("_keys", None)
        result.pop("_key_field", None)
        result["dry_run"] = True
    return result


def _import(
    layer: Layer,
    table: SourceTable,
    report: Report,
    *,
    key: str,
    crs: str,
    repair: bool,
    node: bool,
    origin: str,
    progress: Progress,
) -> dict[str, Any]:
    points = layer.shape == "point"
    mapping = mapping_from_table(
        table, layer.columns, positions=layer.shape != "none", districts=points
    )
    near = city_neighbourhood() if points else None
    geometries = geometries_from_table(
        table, mapping, shape=layer.shape, required=layer.geometry_required,
        crs=crs, repair=repair, near=near, report=report,
    )  # fmt: skip
    placed = table.has_geometry or (mapping.lon and mapping.lat) or mapping.wkt or mapping.pair
    if layer.shape != "none" and layer.geometry_required and not placed:
        raise InvalidInput(
            "no position columns", where=f"columns: {', '.join(table.columns[:25])}",
            remedy="name them lon and lat, or bujur and lintang",
        )  # fmt: skip
    if points:
        labelled = [
            (row.number, geometry, row.values.get(mapping.district) if mapping.district else None)
            for row, geometry in zip(table.rows, geometries, strict=True)
            if geometry is not None
        ]
        warn_about_places(labelled, label_header=mapping.district, report=report)
    absent = [c.name for c in layer.columns if c.required and c.name not in mapping.headers]
    if absent and table.rows:
        raise InvalidInput(
            f"no column for {' and '.join(absent)}", where=f"columns: {', '.join(table.columns[:25])}",
            remedy=f"name it so, or give --set {absent[0]}=VALUE",
        )  # fmt: skip
    key_header = _key_header(table, layer, mapping.headers, key)
    records = records_from_table(
        table, layer, mapping, geometries, key_header=key_header, report=report
    )
    for remark in table.remarks:
        report.warn(None, "", None, remark, kind="remark on the file")
    if node:
        records = noded(layer, records, report)
    _warn_across_rows(layer, records, mapping.headers.get("name", "name"), report)
    layer.file_remarks(records, report)
    progress(f"{len(records)} usable, {len(report.rejected)} rejected; comparing with the database")
    _one_at_a_time(layer)
    lookups = Lookups(origin)
    records = layer.resolve(records, lookups, report)
    existing = layer.existing(records)
    records = without_strangers(records, existing, report)
    created, updated, unchanged = _write(layer, records, existing, lookups, origin, report)
    keys = [record.key[1] for record in records]
    key_field = key_header or (records[0].key[0] if records else layer.keys[0])
    missing = missing_since_earlier(layer, key_field, set(keys))
    return {
        "layer": layer.name,
        "file": table.file_name,
        "created": created,
        "updated": updated,
        "unchanged": unchanged,
        "missing": missing,
        "rejected": sorted(report.rejected, key=lambda entry: entry["row"]),
        "warnings": report.listed_warnings(),
        "counts": dict(sorted(report.counts.items())),
        "mapping": {**layer.mapped(mapping.unknown), **mapping.shown()},
        "attributes": mapping.unknown,
        "key": key_field,
        "rows": len(table.rows),
        "_keys": keys if len(keys) <= 200_000 else [],
        "_key_field": key_field,
    }


def _believe_history() -> None:
    """Say to the triggers that this transaction brings history from elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ncc.import', 'on', true)")


def _one_at_a_time(layer: Layer) -> None:
    """Two imports of one layer never run beside each other; the second is told so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"import {layer.name}"])
        if not cursor.fetchone()[0]:
            raise Conflict(
                f"another import of {layer.name} is running",
                value=layer.name,
                remedy="try again when it is done",
            )


def _set_defaults(table: SourceTable, layer: Layer, defaults: dict[str, str]) -> None:
    known = {column.name for column in layer.columns}
    for name, value in defaults.items():
        if name not in known:
            raise InvalidInput(
                f"no column {name!r} in layer {layer.name}", value=name,
                remedy=f"choose one of {', '.join(sorted(known))}",
            )  # fmt: skip
        if name not in table.columns:
            table.columns.insert(0, name)
        for row in table.rows:
            if is_blank(row.values.get(name)):
                row.values[name] = value


def _key_header(table: SourceTable, layer: Layer, headers: dict[str, str], key: str) -> str:
    if not key:
        return ""
    return headers[key] if key in headers else header_named(table, key)


def _warn_across_rows(
    layer: Layer, records: list[Record], name_header: str, report: Report
) -> None:
    if layer.names_unique:
        named = [(r.row, r.fields.get("name", ""), r.geometry) for r in records]
        warn_about_names(named, header=name_header, report=report)
    if layer.near_m:
        points = [
            (r.row, r.fields.get("name", ""), r.geometry, str(r.extra.get("site") or ""))
            for r in records
            if r.geometry is not None
        ]
        warn_about_pairs(points, within_m=layer.near_m, report=report)


def _write(
    layer: Layer,
    records: list[Record],
    existing: dict[tuple[str, str], Any],
    lookups: Lookups,
    origin: str,
    report: Report,
) -> tuple[int, int, int]:
    has_geometry = any(field.name == "geom" for field in layer.model._meta.concrete_fields)
    sourced = any(field.name == "import_hash" for field in layer.model._meta.concrete_fields)
    extra_attributes = any(
        field.name == "attributes" for field in layer.model._meta.concrete_fields
    )
    to_create: list[Record] = []
    to_update: list[tuple[Any, dict[str, Any]]] = []
    unchanged: list[tuple[Record, int]] = []
    changed: list[tuple[Record, int]] = []
    for record in records:
        record.import_hash = record_hash(record)
        row = existing.get(record.key)
        if row is None:
            to_create.append(record)
            continue
        if (
            sourced
            and row.import_hash == record.import_hash
            and row.origin in {Origin.FILE, Origin.DEMO}
        ):
            record.extra["same_import"] = True
            unchanged.append((record, row.pk))
            continue
        layer.keep(row, record, lookups, report)
        fields = dict(record.fields)
        if record.key[0] != "code":
            fields.pop("code", None)  # others quote the code; the stable key decides who is who
        changes = differing_fields(row, fields)
        changes.pop("minz", None) if set(changes) == {"minz"} else None
        record.extra["status_changed"] = "status_id" in changes
        if (
            has_geometry
            and record.geometry is not None
            and not same_geometry(row.geom, record.geometry)
        ):
            changes["geom"] = record.geometry
            record.extra["moved"] = True
        if extra_attributes and (merged := merged_attributes(row.attributes, record.attributes)):
            changes["attributes"] = merged
        if not changes:
            unchanged.append((record, row.pk))
            continue
        if sourced and row.origin in {Origin.FILE, Origin.DEMO}:
            changes["import_hash"] = record.import_hash
        to_update.append((row, changes))
        changed.append((record, row.pk))
    for record in to_create:
        layer.on_create(record, lookups)
    _avoid_taken_codes(layer, to_create, report)
    rows_copy(
        layer.model,
        [
            {
                **record.fields,
                "geom": record.geometry,
                "attributes": record.attributes,
                "origin": origin,
                "source_key": record.key[1][:120],
                "import_hash": record.import_hash,
            }
            for record in to_create
        ],
    )
    rows_update(layer.model, to_update)
    written = [(record, pk, False) for record, pk in (*changed, *unchanged)]
    moved = 0
    if type(layer).after_write is not Layer.after_write:
        ids = {key: row.pk for key, row in layer.existing(to_create).items()} if to_create else {}
        written += [(record, ids[record.key], True) for record in to_create]
        moved = layer.after_write(written, lookups, report)
    return _count_rows(to_create, changed, unchanged, moved)


def _count_rows(
    created: list[Record],
    changed: list[tuple[Record, int]],
    unchanged: list[tuple[Record, int]],
    moved: int,
) -> tuple[int, int, int]:
    """Rows of the file created, updated, unchanged: a row that became several counts once."""
    made = {record.row for record in created}
    updated = {record.row for record, _ in changed} - made
    same = {record.row for record, _ in unchanged} - made - updated
    return len(made), len(updated) + moved, len(same) - moved


def _avoid_taken_codes(layer: Layer, records: list[Record], report: Report) -> None:
    """A new row known by another key whose code is already taken gets one of its own."""
    if "code" not in layer.keys or layer.keys == ("code",):
        return
    wanted = {record.fields["code"] for record in records}
    taken = set(layer.model._default_manager.filter(code__in=wanted).values_list("code", flat=True))
    for record in records:
        code = record.fields["code"]
        if code in taken:
            fresh = f"{code[:100]}-{record.key[1][-12:]}"
            report.warn(
                record.row, record.headers.get("code", "code"), code,
                f"another row has this code: {fresh} is used", kind="code taken",
            )  # fmt: skip
            record.fields["code"] = code = fresh
        taken.add(code)


def _summary(result: dict[str, Any]) -> dict[str, Any]:
    """The report as it is kept: lists cut to what a page shows."""
    kept = {name: value for name, value in result.items() if not name.startswith("_")}
    for name in ("missing", "rejected", "warnings"):
        kept[f"{name}_total"] = len(kept[name])
        kept[name] = kept[name][:1_000]
    return kept
