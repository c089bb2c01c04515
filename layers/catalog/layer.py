"""What the catalogue says of a layer: rows, columns, symbols, and who gets which of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.db.models import Model, QuerySet
from django.utils.functional import Promise

#: Text shown to people: a lazy translation.
Text = str | Promise


class Geometry(StrEnum):
    """What a layer is drawn as."""

    POINT = "point"
    LINE = "line"
    POLYGON = "polygon"


class Shape(StrEnum):
    """Outline of a point symbol; layers differ by shape as well as by colour."""

    CIRCLE = "circle"
    SQUARE = "square"
    DIAMOND = "diamond"
    TRIANGLE = "triangle"
    PENTAGON = "pentagon"
    HEXAGON = "hexagon"
    SHIELD = "shield"
    DROP = "drop"


class Group(StrEnum):
    """Heading of the layer control under which a layer stands."""

    OPERATIONS = "operations"
    ASSETS = "assets"
    ANALYSIS = "analysis"
    BASE = "base"


@dataclass(frozen=True)
class Style:
    """How a feature looks: a colour on dark and on light ground, a shape and a glyph inside it.

    `weight_px` is the line width, `dash` its pattern in pixels, `opacity` that of a filled area.
    """

    dark: str
    light: str
    shape: Shape = Shape.CIRCLE
    glyph: str = ""
    weight_px: float = 1.5
    dash: tuple[int, ...] = ()
    opacity: float = 0.25


@dataclass(frozen=True)
class Variant:
    """A style for rows whose `Layer.varies_by` column has the value, with its line in the legend."""

    value: str
    title: Text
    style: Style


@dataclass(frozen=True)
class Field:
    """A column of the details panel. Only `public` ones reach a visitor without full access.

    `path` is an ORM path; `kind` tells the page how to write the value: text, choice, number,
    integer, degrees, metres, idr, datetime, list.
    """

    path: str
    title: Text
    kind: str = "text"
    public: bool = False

    @property
    def key(self) -> str:
        """Name of the value in answers: the path with `__` folded."""
        return self.path.replace("__", "_")


@dataclass(frozen=True)
class Layer:
    """One drawable layer, declared once and read by tiles, maps, API and JavaScript.

    `one` names a single feature that has no name of its own (its `title_path` is empty or blank).
    `versions` are the counters of `layers_layerversion` that move when the drawing changes.
    `tile_fields` are paths out of `fields` that the symbols need. `min_zoom` is the first tile
    zoom with anything in it (the map's zoom minus one); `has_minz` says that rows carry their
    own first zoom in a `minz` column. `cluster_cell_px` is the side of a cell that holds one
    symbol below `CLUSTER_UNTIL_ZOOM`; 0 means never clustered. `parameters` are integer filters
    that an address may give, name to ORM path. `rows` narrows the table further.
    """

    key: str
    title: Text
    one: Text
    group: Group
    model_label: str
    geometry: Geometry
    style: Style
    fields: tuple[Field, ...]
    title_path: str = ""
    versions: tuple[str, ...] = ()
    geom: str = "geom"
    subtitle_path: str = ""
    tile_fields: tuple[str, ...] = ()
    search_fields: tuple[str, ...] = ()
    varies_by: str = ""
    variants: tuple[Variant, ...] = ()
    min_zoom: int = 0
    has_minz: bool = False
    cluster_cell_px: int = 0
    agency_path: str = ""
    rank: tuple[str, ...] = ("pk",)
    parameters: Mapping[str, str] = field(default_factory=dict)
    rows: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    rows_at: Callable[[QuerySet[Any], int], QuerySet[Any]] | None = None
    shown: bool = False
    live: bool = False
    sectors: bool = False
    siblings_by: str = ""
    basemap: bool = False
    drawn_order: int = 50
    description: Text = ""

    def __post_init__(self) -> None:
        known = {column.path for column in self.fields}
        unknown = [
            path for path in (*self.tile_fields, self.varies_by) if path and path not in known
        ]
        if unknown:
            raise ValueError(f"layer {self.key}: {unknown} are drawn but not among its fields")
        if self.cluster_cell_px not in (0, 32, 64, 128):
            raise ValueError(f"layer {self.key}: a cluster cell is 32, 64 or 128 px")

    @property
    def model(self) -> type[Model]:
        """The model whose table holds the rows."""
        return apps.get_model(self.model_label)

    @property
    def version_keys(self) -> tuple[str, ...]:
        """Counters whose sum says whether the drawing is still true."""
        return self.versions or (self.key,)

    def fields_for(self, *, full: bool) -> tuple[Field, ...]:
        """Columns for a visitor with full access to the row, or for the public."""
        return self.fields if full else tuple(column for column in self.fields if column.public)
