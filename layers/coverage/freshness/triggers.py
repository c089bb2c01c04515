"""SQL that notes every change which may make a stored camera view stale, and wakes the refresher."""

from __future__ import annotations

from layers.geo.sql import load_sql


def trigger_statements() -> list[str]:
    """SQL that (re)creates the triggers and functions of this room; safe to run again."""
    return [load_sql("coverage", "sight_triggers")]
