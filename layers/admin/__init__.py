"""Administration of every layer: lists, forms with a map, and the history beside them."""

from layers.admin import (
    accounts,
    assets,
    closures,
    doors,
    ground,
    history,
    operations,
    positions,
    work,
)

__all__ = [
    "accounts",
    "assets",
    "closures",
    "doors",
    "ground",
    "history",
    "operations",
    "positions",
    "work",
]
