"""Cutting lines where they cross, on request only: it also joins flyovers to what they pass over."""

from __future__ import annotations

import numpy as np
import shapely

from layers.errors import InvalidInput
from layers.importers.judging.report import Report
from layers.importers.kinds.ground import geometry_key
from layers.importers.kinds.spec import Layer, Record


def noded(layer: Layer, records: list[Record], report: Report) -> list[Record]:
    """Road records cut at every crossing; each piece keeps the fields of the line it comes from.

    Pieces are keyed by their own geometry, so that the same file cut again changes nothing.
    """
    if layer.shape != "line":
        raise InvalidInput("only lines can be noded", value=layer.name, remedy="leave out --node")
    lines = np.array([record.geometry for record in records], dtype=object)
    if not len(lines):
        return records
    pieces = shapely.get_parts(shapely.node(shapely.multilinestrings(lines)))
    middles = shapely.line_interpolate_point(pieces, 0.5, normalized=True)
    nearest = shapely.STRtree(lines).nearest(middles)
    result: dict[str, Record] = {}
    for piece, origin in zip(pieces, nearest, strict=True):
        source = records[int(origin)]
        key = geometry_key(piece)
        result.setdefault(
            key,
            Record(
                source.row, ("source_key", key), dict(source.fields), source.extra, source.attributes,
                piece, headers=source.headers,
            ),
        )  # fmt: skip
    report.warn(
        None, "geometry", len(result),
        f"{len(lines)} lines were cut into {len(result)} pieces where they cross; flyovers are joined "
        "to the roads under them", kind="lines noded",
    )  # fmt: skip
    return list(result.values())
