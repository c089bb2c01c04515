"""Rows of an extract into PostGIS: COPY to a staging table, then one merge a table.

A row that an earlier extract made and nobody edited since is replaced by the new one; an edited
row stays as it is and is listed. Edited means: the digest of the imported columns no longer equals
the digest kept with the row, whoever changed them and however.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql


@dataclass(frozen=True)
class Target:
    """A table that extracts feed: its imported columns, and what names a row of the source."""

    table: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    #: Constant columns of a created row.
    fixed: tuple[tuple[str, str], ...] = ()
    #: Rows carry a digest and may be edited; otherwise the table mirrors the extract.
    sourced: bool = True


_SOURCED_FIXED = (
    ("origin", "'osm'"),
    ("attributes", "'{}'::jsonb"),
    ("created_at", "now()"),
    ("updated_at", "now()"),
)

ROADS = Target(
    "layers_road",
    (("osm_id", "bigint"), ("road_class", "text"), ("name", "text"), ("ref", "text"), ("oneway", "text"),
     ("maxspeed_kph", "float8"), ("access", "text"), ("bridge", "bool"), ("tunnel", "bool"),
     ("level", "int2"), ("roundabout", "bool"), ("drivable", "bool"), ("node_ids", "bigint[]"),
     ("minz", "int2"), ("geom", "geometry")),
    ("osm_id",), _SOURCED_FIXED,
)  # fmt: skip
BUILDINGS = Target(
    "layers_building",
    (("osm_kind", "text"), ("osm_id", "bigint"), ("name", "text"), ("kind", "text"), ("height_m", "float8"),
     ("min_height_m", "float8"), ("levels", "float8"), ("minz", "int2"), ("geom", "geometry")),
    ("osm_kind", "osm_id"), _SOURCED_FIXED,
)  # fmt: skip
GROUND = Target(
    "layers_landcover",
    (("osm_kind", "text"), ("osm_id", "bigint"), ("kind", "text"), ("name", "text"), ("minz", "int2"),
     ("geom", "geometry")),
    ("osm_kind", "osm_id"), _SOURCED_FIXED,
)  # fmt: skip
PLACES = Target(
    "layers_place",
    (("osm_kind", "text"), ("osm_id", "bigint"), ("kind", "text"), ("name", "text"), ("address", "text"),
     ("rank", "int2"), ("minz", "int2"), ("geom", "geometry")),
    ("osm_kind", "osm_id"), _SOURCED_FIXED,
)  # fmt: skip
ADDRESSES = Target(
    "layers_address",
    (("osm_kind", "text"), ("osm_id", "bigint"), ("street", "text"), ("housenumber", "text"),
     ("postcode", "text"), ("geom", "geometry")),
    ("osm_kind", "osm_id"), (), sourced=False,
)  # fmt: skip
RESTRICTIONS = Target(
    "layers_turnrestriction",
    (("osm_id", "bigint"), ("kind", "text"), ("from_way", "bigint"), ("via_node", "bigint"),
     ("via_ways", "bigint[]"), ("to_way", "bigint"), ("except_modes", "text[]")),
    ("osm_id",), (), sourced=False,
)  # fmt: skip
ROAD_NODES = Target(
    "layers_roadnode",
    (("osm_id", "bigint"), ("kind", "text"), ("passable", "bool"), ("geom", "geometry")),
    ("osm_id",), (), sourced=False,
)  # fmt: skip
STATIONS = Target(
    "layers_station",
    (("code", "text"), ("source_key", "text"), ("name", "text"), ("kind", "text"), ("address", "text"),
     ("phone", "text"), ("geom", "geometry")),
    ("code",), (*_SOURCED_FIXED, ("status", "'active'")),
)  # fmt: skip
SITES = Target(
    "layers_site",
    (("code", "text"), ("source_key", "text"), ("name", "text"), ("geom", "geometry")),
    ("code",), (*_SOURCED_FIXED, ("status", "'active'"), ("address", "''")),
)  # fmt: skip
CAMERAS = Target(
    "layers_camera",
    (("code", "text"), ("source_key", "text"), ("name", "text"), ("kind", "text"), ("heading_deg", "float8"),
     ("heading_source", "text"), ("fov_deg", "float8"), ("mount_height_m", "float8"), ("tilt_deg", "float8"),
     ("attributes", "jsonb"), ("site_id", "bigint"), ("geom", "geometry")),
    ("code",),
    (("origin", "'osm'"), ("created_at", "now()"), ("updated_at", "now()"), ("status", "'active'"),
     ("stream_url", "''"), ("is_public", "false"), ("address", "''")),
)  # fmt: skip


def _names(names: Iterable[str], prefix: str = "") -> sql.Composed:
    if prefix:
        return sql.SQL(", ").join(sql.Identifier(prefix, name) for name in names)
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def _digest(target: Target, prefix: str) -> sql.Composed:
    """md5 over the imported columns; the same expression when writing and when comparing."""
    parts = []
    for name, kind in target.columns:
        column = sql.Identifier(prefix, name)
        if kind == "geometry":
            parts.append(sql.SQL("encode(ST_AsBinary({}), 'hex')").format(column))
        else:
            parts.append(sql.SQL("{}::text").format(column))
    return sql.SQL("md5(concat_ws('|', {}))").format(sql.SQL(", ").join(parts))


def _geometry(target: Target) -> sql.Composable:
    """The staged geometry in the type of the table's column."""
    if target.table == "layers_building":
        return sql.SQL("ST_Multi(ST_SetSRID(s.geom, 4326))")
    return sql.SQL("ST_SetSRID(s.geom, 4326)")


def _stage(cursor: Any, target: Target, rows: Sequence[tuple[Any, ...]]) -> None:
    definition = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in target.columns
    )
    cursor.execute(sql.SQL("DROP TABLE IF EXISTS staged"))
    cursor.execute(sql.SQL("CREATE TEMP TABLE staged ({}) ON COMMIT DROP").format(definition))
    statement = sql.SQL("COPY staged ({}) FROM STDIN").format(
        _names(name for name, _ in target.columns)
    )
    geometry = [kind == "geometry" for _, kind in target.columns]
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(
                [
                    value.hex() if is_geom else value
                    for value, is_geom in zip(row, geometry, strict=True)
                ]
            )
    cursor.execute(
        sql.SQL("UPDATE staged s SET geom = {}").format(_geometry(target))
        if any(geometry) else sql.SQL("SELECT 1")
    )  # fmt: skip
    cursor.execute(sql.SQL("CREATE INDEX ON staged ({})").format(_names(target.key)))
    cursor.execute("ANALYZE staged")


def merge_rows(target: Target, rows: Sequence[tuple[Any, ...]], *, replace: bool) -> list[str]:
    """Bring a table to what the extract says; returns the keys of edited rows left as they are.

    `replace`: rows of earlier extracts that this one does not have are removed, unless edited.
    """
    edited: list[str] = []
    columns = [name for name, _ in target.columns]
    same_key = sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier("t", key), sql.Identifier("s", key))
        for key in target.key
    )
    table = sql.Identifier(target.table)
    changed = sql.SQL(" OR ").join(_differs(name, kind) for name, kind in target.columns)
    places = [columns.index(key) for key in target.key]
    unique = list({tuple(row[place] for place in places): row for row in rows}.values())
    with connection.cursor() as django_cursor:
        cursor = django_cursor.connection.cursor()
        _stage(cursor, target, unique)
        if target.sourced:
            untouched: sql.Composable = sql.SQL("t.origin = 'osm' AND t.import_hash = {}").format(
                _digest(target, "t")
            )
            key_text = sql.SQL("concat_ws('', {})").format(_names(target.key, "t"))
            scope = sql.SQL("t.origin = 'osm'") if replace else sql.SQL("EXISTS (SELECT 1 FROM staged s WHERE {})").format(same_key)  # fmt: skip
            cursor.execute(
                sql.SQL("SELECT {} FROM {} t WHERE NOT ({}) AND {} ORDER BY 1").format(
                    key_text, table, untouched, scope
                )
            )
            edited = [row[0] for row in cursor.fetchall()]
        else:
            untouched = sql.SQL("true")
        if replace:
            guard = _unreferenced(target)
            cursor.execute(
                sql.SQL(
                    "DELETE FROM {} t WHERE {} AND NOT EXISTS (SELECT 1 FROM staged s WHERE {}){}"
                ).format(table, untouched, same_key, guard)
            )
        assignments: list[sql.Composable] = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier("s", name)) for name in columns if name not in target.key]  # fmt: skip
        if target.sourced:
            assignments.append(sql.SQL("import_hash = {}").format(_digest(target, "s")))
            assignments.append(sql.SQL("updated_at = now()"))
        cursor.execute(
            sql.SQL("UPDATE {} t SET {} FROM staged s WHERE {} AND {} AND ({})").format(
                table, sql.SQL(", ").join(assignments), same_key, untouched, changed
            )
        )
        fixed_names = [name for name, _ in target.fixed] + (
            ["import_hash"] if target.sourced else []
        )
        fixed_values = [sql.SQL(value) for _, value in target.fixed] + ([_digest(target, "s")] if target.sourced else [])  # fmt: skip
        if target.sourced and "source_key" not in columns:
            fixed_names.append("source_key")
            fixed_values.append(sql.SQL("concat_ws('', {})").format(_names(target.key, "s")))
        cursor.execute(
            sql.SQL(
                "INSERT INTO {} ({}) SELECT {} FROM staged s WHERE NOT EXISTS (SELECT 1 FROM {} t WHERE {})"
            ).format(
                table,
                _names([*columns, *fixed_names]),
                sql.SQL(", ").join(
                    [*(sql.Identifier("s", name) for name in columns), *fixed_values]
                ),
                table,
                same_key,
            )
        )
        cursor.execute(sql.SQL("ANALYZE {}").format(table))
        cursor.close()
    return edited


def _differs(name: str, kind: str) -> sql.Composed:
    """Whether the table's column `t` and the staged column `s` hold different values."""
    here, staged = sql.Identifier("t", name), sql.Identifier("s", name)
    if kind == "geometry":
        return sql.SQL("NOT ST_OrderingEquals({}, {})").format(here, staged)
    return sql.SQL("{}::{} IS DISTINCT FROM {}").format(here, sql.SQL(kind), staged)


def _unreferenced(target: Target) -> sql.Composable:
    """Rows that other records stand on are never removed."""
    guards = {
        "layers_station": " AND NOT EXISTS (SELECT 1 FROM layers_unit u WHERE u.station_id = t.id)",
        "layers_site": " AND NOT EXISTS (SELECT 1 FROM layers_camera c WHERE c.site_id = t.id)",
    }
    return sql.SQL(guards.get(target.table, ""))


def site_ids(codes: Sequence[str]) -> dict[str, int]:
    """Ids of sites by code."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, id FROM layers_site WHERE code = ANY(%s)", [list(codes)])
        return {code: int(pk) for code, pk in cursor.fetchall()}


def json_text(value: dict[str, Any]) -> str:
    """JSON for a staged column."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
