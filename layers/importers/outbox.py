"""Telling the consoles that a layer changed: one event for each import."""

from __future__ import annotations

from typing import Any

from layers.events.services import event_publish
from layers.importers.kinds.spec import Layer


def import_published(layer: Layer, result: dict[str, Any], run_id: int) -> None:
    """Publishes the counts of an import that changed something; rows are read from the snapshot."""
    if not layer.events or not (result["created"] or result["updated"]):
        return
    event_publish(
        "layer.imported",
        layer=layer.events,
        object_id=run_id,
        payload={name: result[name] for name in ("created", "updated", "unchanged")},
    )
