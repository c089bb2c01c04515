"""The part of the schema that serves tiles and search: partial indexes and the clusters' tables."""

from __future__ import annotations

from layers.geo.sql import load_sql


def schema_statements() -> list[str]:
    """SQL that (re)creates indexes and cache tables; safe to run again."""
    return [load_sql("tiles", "indexes")]
