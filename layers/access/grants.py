"""Database rights of the serving role."""

from __future__ import annotations

from layers.geo.sql import load_sql


def grant_statements() -> list[str]:
    """SQL that grants the serving role its rights; does nothing where there is no such role."""
    return [load_sql("access", "grants")]
