"""The layers there are, by key; tests and plug-ins add theirs with `registered`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from layers.catalog.layer import Layer
from layers.errors import NotFound

_LAYERS: dict[str, Layer] = {}


def layer_register(layer: Layer) -> Layer:
    """Add a layer; its key must be new."""
    if layer.key in _LAYERS:
        raise ValueError(f"layer {layer.key} is declared twice")
    _LAYERS[layer.key] = layer
    return layer


@contextmanager
def registered(layer: Layer) -> Iterator[Layer]:
    """A layer that exists for the length of a block."""
    layer_register(layer)
    try:
        yield layer
    finally:
        del _LAYERS[layer.key]


def all_layers() -> tuple[Layer, ...]:
    """Every declared layer, in the order of declaration."""
    _declare()
    return tuple(_LAYERS.values())


def get_layer(key: str) -> Layer:
    """The layer of a key; raises `NotFound`."""
    _declare()
    try:
        return _LAYERS[key]
    except KeyError:
        raise NotFound(f"there is no layer {key!r}", value=key) from None


def _declare() -> None:
    """Load the declarations when they are first asked for: they need the app registry."""
    from layers.catalog import entries  # noqa: F401
