"""SQL that holds the transition table in the database, made from the same table the services read."""

from __future__ import annotations

from layers.geo.sql import load_sql
from layers.incidents.lifecycle.table import FOLLOWED_STATES, OPEN_STATES, transition_pairs


def trigger_statements() -> list[str]:
    """SQL that (re)creates the triggers of this room; safe to run again."""
    pairs = ", ".join(f"('{before}', '{after}')" for before, after in sorted(transition_pairs()))
    text = load_sql("incidents", "life_cycle")
    for name, value in (
        ("/*pairs*/", pairs),
        ("/*followed*/", ", ".join(f"'{state}'" for state in FOLLOWED_STATES)),
        ("/*open*/", ", ".join(f"'{state}'" for state in OPEN_STATES)),
    ):
        text = text.replace(name, value)
    return [text]
