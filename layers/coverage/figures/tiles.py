"""Ground cut into tiles, each of which can be looked at anywhere: its input and its answer are bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.coverage.city import scene_around
from layers.coverage.figures.lookers import Looker, View, looker_boxes, view_from
from layers.coverage.regions import visible_regions
from layers.coverage.visibility import sight_lines
from layers.places.frames import Frame

#: A tile is cut in four while more than this many look into it, down to the least side (m).
MOST_LOOKERS = 40
WIDEST_M = 8_000.0
NARROWEST_M = 500.0
#: Segments of a quarter circle of wifi reach; the ring has the circle's area, see `_circles`.
_QUARTER = 32


@dataclass(frozen=True)
class Tile:
    """One square of ground in local metres: street pieces whose middle lies in it, who looks into it.

    `piece` (n,) numbers in the part, `xy` (n, 2); `looker` (k,) numbers in the part with their
    views; `area` (m,) numbers of the areas that reach into it, with `outlines` cut to it. `clip`
    is the run's own area in it, where it has one.
    """

    box: tuple[float, float, float, float]
    place: tuple[float, float, int]
    level: str
    levels: tuple[tuple[str, float], ...]
    piece: NDArray[np.int64]
    xy: NDArray[np.float64]
    looker: NDArray[np.int64]
    views: list[View | None]
    reaches: list[View | None]
    lonlat: NDArray[np.float64]
    area: NDArray[np.int64]
    outlines: NDArray[np.object_]
    clip: Any


@dataclass(frozen=True)
class TileSeen:
    """What is seen in one tile.

    `pairs` (p, 2): piece and looker that sees it now at the run's level. `best` and `reach` (n,):
    how many levels of the table are held at each of the tile's `piece`, now and by what could turn
    to it. `m2` (m + 1, levels + 1): ground seen, in all first and then by `area`; out to the range
    first and then by level.
    """

    piece: NDArray[np.int64]
    pairs: NDArray[np.int64]
    best: NDArray[np.int8]
    reach: NDArray[np.int8]
    area: NDArray[np.int64]
    m2: NDArray[np.float64]


def tile_boxes(
    boxes: NDArray[np.float64], *, most: int = MOST_LOOKERS
) -> list[tuple[float, float, float, float]]:
    """Squares that together hold every box, none with more than `most` of them unless it is narrow.

    West, south, east, north; side by side, by row from the south. Boxes of NaN belong nowhere.
    """
    known = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    if not len(known):
        return []
    low = np.floor(boxes[known, :2].min(axis=0) / WIDEST_M).astype(int)
    high = np.floor(boxes[known, 2:].max(axis=0) / WIDEST_M).astype(int)
    found: list[tuple[float, float, float, float]] = []

    def cut(x: float, y: float, side: float, candidates: NDArray[np.int64]) -> None:
        own = boxes[candidates]
        inside = candidates[
            (own[:, 0] <= x + side) & (own[:, 2] >= x) & (own[:, 1] <= y + side) & (own[:, 3] >= y)
        ]
        if not len(inside):
            return
        half = side / 2
        if len(inside) <= most or half < NARROWEST_M:
            found.append((x, y, x + side, y + side))
            return
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            cut(x + right * half, y + down * half, half, inside)

    for row in range(low[1], high[1] + 1):
        for column in range(low[0], high[0] + 1):
            cut(column * WIDEST_M, row * WIDEST_M, WIDEST_M, known)
    return sorted(found, key=lambda box: (box[1], box[0]))


def cut_tiles(
    *,
    place: tuple[float, float, int],
    level: str,
    levels: dict[str, float],
    xy: NDArray[np.float64],
    lookers: Sequence[Looker],
    outlines: NDArray[np.object_],
    clip: Any,
) -> list[Tile]:
    """Tiles of a part; ground that nobody looks into is in none."""
    boxes = looker_boxes(lookers)
    tiles = []
    tree = shapely.STRtree(outlines) if len(outlines) else None
    for box in tile_boxes(boxes):
        west, south, east, north = box
        inside = (xy[:, 0] >= west) & (xy[:, 0] < east) & (xy[:, 1] >= south) & (xy[:, 1] < north)
        piece = np.flatnonzero(inside)
        looking: NDArray[np.int64] = np.flatnonzero(
            (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        )  # fmt: skip
        square = shapely.box(*box)
        found = tree.query(square, predicate="intersects") if tree is not None else []
        area = np.sort(np.asarray(found, dtype=np.int64))
        tiles.append(
            Tile(
                box=box, place=place, level=level, levels=tuple(levels.items()), piece=piece, xy=xy[piece],
                looker=looking, views=[lookers[i].view for i in looking.tolist()],
                reaches=[lookers[i].reach for i in looking.tolist()],
                lonlat=np.array([(lookers[i].lon, lookers[i].lat) for i in looking.tolist()]).reshape(-1, 2),
                area=area, outlines=shapely.intersection(outlines[area], square),
                clip=None if clip is None else shapely.intersection(clip, square),
            )
        )  # fmt: skip
    return tiles


def look_at(tile: Tile) -> TileSeen:
    """What is seen in a tile; depends on the tile and the buildings around it, and on nothing else."""
    circles = [view for view in tile.views if view is not None and not hasattr(view, "hfov_deg")]
    look = _within if circles else _look
    pairs, best, reach, shapes = look(tile)
    square = shapely.box(*tile.box)
    m2 = np.zeros((len(tile.area) + 1, len(shapes)))
    for column, shape in enumerate(shapes):
        shape = shapely.intersection(shape, square)
        if tile.clip is not None:
            shape = shapely.intersection(shape, tile.clip)
        m2[0, column] = shape.area
        m2[1:, column] = shapely.area(shapely.intersection(tile.outlines, shape))
    return TileSeen(tile.piece, pairs, best, reach, tile.area, m2)


def _look(tile: Tile) -> tuple[Any, Any, Any, list[Any]]:
    """By sight lines and regions of cameras, buildings in the way."""
    levels = dict(tile.levels)
    thresholds = np.array([least for _, least in tile.levels])
    rank = [name for name, _ in tile.levels].index(tile.level) + 1
    views: list[Any] = [(at, v) for at, v in enumerate(tile.views) if v is not None]
    turned: list[Any] = [
        (at, reach)
        for at, (view, reach) in enumerate(zip(tile.views, tile.reaches, strict=True))
        if reach is not None and reach is not view
    ]
    far = max(view.max_range_m for _, view in [*views, *turned])
    frame = Frame.around(tile.place[0], tile.place[1], srid=tile.place[2])
    scene = scene_around(frame, [tuple(place) for place in tile.lonlat.tolist()], range_m=far)
    best, pairs = np.zeros(len(tile.piece), dtype=np.int8), np.empty((0, 2), dtype=np.int64)
    reach = best.copy()
    if len(tile.piece) and views:
        lines = sight_lines(scene, [view for _, view in views], tile.xy)
        held = np.searchsorted(thresholds, lines.px_per_m, side="right").astype(np.int8)
        np.maximum.at(best, lines.point, held)
        hit = held >= rank
        owner = tile.looker[np.array([at for at, _ in views])]
        pairs = np.column_stack([tile.piece[lines.point[hit]], owner[lines.camera[hit]]])
    if len(tile.piece) and turned:
        lines = sight_lines(scene, [view for _, view in turned], tile.xy)
        held = np.searchsorted(thresholds, lines.px_per_m, side="right").astype(np.int8)
        np.maximum.at(reach, lines.point, held)
    regions = visible_regions(scene, [view for _, view in views], levels) if views else []
    shapes = [
        shapely.union_all([region[name] for region in regions]) if regions else shapely.Polygon()
        for name in ("visible", *levels)
    ]
    return pairs, best, np.maximum(best, reach), shapes


def _within(tile: Tile) -> tuple[Any, Any, Any, list[Any]]:
    """By distance alone: at most (<=) the reach of a hotspot away."""
    best, pairs = np.zeros(len(tile.piece), dtype=np.int8), []
    for number, view in zip(tile.looker.tolist(), tile.views, strict=True):
        if view is None:
            continue
        near = np.hypot(*(tile.xy - (view.x, view.y)).T) <= view.max_range_m
        best[near] = 1
        pairs.append(np.column_stack([tile.piece[near], np.full(int(near.sum()), number)]))
    shape = shapely.union_all([_ring(view) for view in tile.views if view is not None])
    found = np.concatenate([np.empty((0, 2), dtype=np.int64), *pairs]).astype(np.int64)
    return found, best, best, [shape, shape]


def _ring(view: View) -> Any:
    """The regular polygon about a hotspot that has its circle's area."""
    step = np.pi / (2 * _QUARTER)
    radius = view.max_range_m * np.sqrt(step / np.sin(step))
    angle = np.arange(4 * _QUARTER) * step
    return shapely.Polygon(
        np.column_stack([view.x + radius * np.cos(angle), view.y + radius * np.sin(angle)])
    )


def pack(arrays: dict[str, NDArray[Any]], words: Any = None) -> bytes:
    """Arrays and JSON as bytes; floats keep every bit."""
    out = io.BytesIO()
    text = np.frombuffer(json.dumps(words).encode(), dtype=np.uint8)
    np.savez_compressed(out, **arrays, words=text)  # type: ignore[arg-type]
    return out.getvalue()


def unpack(data: bytes | memoryview) -> tuple[dict[str, NDArray[Any]], Any]:
    """What `pack` was given."""
    with np.load(io.BytesIO(bytes(data)), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    return arrays, json.loads(arrays.pop("words").tobytes())


def tile_pack(tile: Tile) -> bytes:
    """A tile's input as bytes."""
    views = [None if view is None else asdict(view) for view in tile.views]
    reaches = [
        True if reach is view and view is not None else (None if reach is None else asdict(reach))
        for view, reach in zip(tile.views, tile.reaches, strict=True)
    ]
    shapes = [shapely.to_wkb(shape, hex=True) for shape in tile.outlines]
    words = {
        "box": tile.box, "place": tile.place, "level": tile.level, "levels": tile.levels, "views": views,
        "reaches": reaches, "outlines": shapes,
        "clip": None if tile.clip is None else shapely.to_wkb(tile.clip, hex=True),
    }  # fmt: skip
    arrays = {"piece": tile.piece, "xy": tile.xy, "looker": tile.looker, "lonlat": tile.lonlat, "area": tile.area}  # fmt: skip
    return pack(arrays, words)


def tile_unpack(data: bytes | memoryview) -> Tile:
    """The tile of `tile_pack`, equal to the last bit."""
    arrays, words = unpack(data)
    views = [view_from(view) for view in words["views"]]
    reaches = [
        view if reach is True else view_from(reach)
        for view, reach in zip(views, words["reaches"], strict=True)
    ]
    return Tile(
        box=tuple(words["box"]), place=tuple(words["place"]), level=words["level"],
        levels=tuple((name, least) for name, least in words["levels"]), views=views, reaches=reaches,
        outlines=np.array(shapely.from_wkb(words["outlines"]), dtype=object).reshape(-1),
        clip=None if words["clip"] is None else shapely.from_wkb(words["clip"]), **arrays,
    )  # fmt: skip


def seen_pack(seen: TileSeen) -> bytes:
    """A tile's answer as bytes."""
    return pack(dict(seen.__dict__))


def seen_unpack(data: bytes | memoryview) -> TileSeen:
    """The answer of `seen_pack`, equal to the last bit."""
    return TileSeen(**unpack(data)[0])
