"""Loader of .sql files: long queries live beside the code that runs them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from layers.errors import NotFound

_ROOT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=256)
def load_sql(domain: str, name: str) -> str:
    """Text of `layers/<domain>/sql/<name>.sql`; raises `NotFound` when there is none."""
    path = _ROOT / domain / "sql" / f"{name}.sql"
    if not path.is_file():
        raise NotFound(f"no query {domain}/{name}", value=name)
    return path.read_text(encoding="utf-8")
