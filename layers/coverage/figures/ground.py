"""The ground of a run: street pieces with their demand, areas, and who looks, as they were when it began."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from django.db import connection
from numpy.typing import NDArray

from layers.coverage.demand import Streets, build_streets
from layers.coverage.figures.lookers import Looker, looker_from, looker_rows, lookers_of
from layers.coverage.figures.order import RunOrder
from layers.coverage.figures.tiles import Tile, cut_tiles, pack, unpack
from layers.errors import InvalidInput
from layers.geo.crs import utm_srid
from layers.places.frames import Frame, frame_at, zone_groups
from layers.places.models import Area


@dataclass(frozen=True)
class AreaRow:
    """An area as a run knows it; `parent` is the code of the one it is part of."""

    id: int
    code: str
    name: str
    level: str
    population: int
    parent: str
    area_m2: float


@dataclass(frozen=True)
class PartGround:
    """One zone's share of a run. `streets.area` counts in `areas`, whose first are the smallest.

    `looker_area` (k,): the smallest area a looker stands in, -1 where none.
    """

    place: tuple[float, float, int]
    frame: Frame
    streets: Streets
    areas: list[AreaRow]
    lookers: list[Looker]
    looker_area: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.streets)


def run_ground(order: RunOrder, progress: Any) -> list[tuple[PartGround, list[Tile]]]:
    """The run cut by UTM zone (one part for a city), each part with its tiles.

    Raises `InvalidInput` where there is nothing to analyse.
    """
    rows = looker_rows(order)
    parts = []
    if order.area is not None:
        middle = order.area.geom.point_on_surface
        parts.append(_part(order, middle.x, middle.y, rows, None, progress))
    else:
        for srid, lon, lat in zone_centres([(row.geom.x, row.geom.y) for row in rows]):
            here = [row for row in rows if utm_srid(row.geom.x, row.geom.y) == srid]
            parts.append(_part(order, lon, lat, here, srid, progress))
    if not any(len(part) for part, _ in parts) and not rows:
        raise InvalidInput(
            "there are no streets and no cameras to analyse",
            remedy="import roads and cameras first (import_osm, import_layer)",
        )
    return parts


def zone_centres(places: list[tuple[float, float]]) -> list[tuple[int, float, float]]:
    """UTM zones that hold streets or places, with the point (degrees) about which to work in each.

    Where there are streets the point goes by the hundredths of a degree in which they begin, and is
    one itself: a camera more moves no coordinate, nor does the order of records, so that two runs
    differ by what changed and nothing else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT floor(ST_X(p) * 100) / 100 AS lon, floor(ST_Y(p) * 100) / 100 AS lat"
            " FROM (SELECT ST_StartPoint(geom) AS p FROM layers_road) AS s ORDER BY lon, lat"
        )
        roads = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 2)
    others = np.array(places, dtype=np.float64).reshape(-1, 2)
    found = {srid: others[indices] for srid, indices in zone_groups(others)}
    found.update({srid: roads[indices] for srid, indices in zone_groups(roads)})
    centres = []
    for srid, points in sorted(found.items()):
        lon, lat = np.round(points.mean(axis=0), 2).tolist()
        centres.append((srid, lon, lat))
    return centres


def _part(
    order: RunOrder, lon: float, lat: float, rows: list[Any], srid: int | None, progress: Any
) -> tuple[PartGround, list[Tile]]:
    frame = frame_at(lon, lat)
    progress("cutting streets into pieces")
    streets = build_streets(
        frame, profile=order.profile, as_of=order.as_of, area=order.area, zone_srid=srid
    )
    smallest = streets.areas
    outlines = _outlines(frame, smallest)
    lookers = lookers_of(order, rows, frame)
    place = (lon, lat, frame.srid)
    part = PartGround(
        place, frame, streets, _area_rows(frame, smallest, outlines), lookers,
        _standing_in(smallest, lookers),
    )  # fmt: skip
    clip = None
    if order.area is not None:
        clip = _outlines(frame, [order.area])[0]
        outlines = shapely.intersection(outlines, clip)
    tiles = cut_tiles(
        place=place, level=order.level, levels=order.levels, xy=streets.xy, lookers=lookers,
        outlines=outlines, clip=clip,
    )  # fmt: skip
    progress(f"{len(streets):,} street pieces, {len(lookers):,} lookers, {len(tiles):,} tiles")
    return part, tiles


def _outlines(frame: Frame, areas: list[Area]) -> NDArray[np.object_]:
    shapes = shapely.from_wkb([bytes(area.geom.wkb) for area in areas])
    found = np.empty(len(areas), dtype=object)
    found[:] = frame.geometries_to_local(shapes) if len(areas) else []
    return found


def _area_rows(frame: Frame, smallest: list[Area], outlines: NDArray[np.object_]) -> list[AreaRow]:
    """The smallest areas in their order, then what they are part of."""
    known = {area.code: area for area in smallest}
    measured = dict(zip(known, shapely.area(outlines).tolist(), strict=True))
    for area in smallest:
        step = area.parent
        while step is not None and step.code not in known:
            known[step.code] = step
            measured[step.code] = float(_outlines(frame, [step])[0].area)
            step = step.parent
    return [
        AreaRow(
            area.pk, area.code, area.name, area.level, max(area.population or 0, 0),
            area.parent.code if area.parent else "", measured[area.code],
        )
        for area in known.values()
    ]  # fmt: skip


def _standing_in(areas: list[Area], lookers: list[Looker]) -> NDArray[np.int64]:
    found = np.full(len(lookers), -1, dtype=np.int64)
    if areas and lookers:
        shapes = shapely.from_wkb([bytes(area.geom.wkb) for area in areas])
        points = shapely.points([(looker.lon, looker.lat) for looker in lookers])
        who, where = shapely.STRtree(shapes).query(points, predicate="intersects")
        last_first = np.lexsort((-where, who))
        found[who[last_first]] = where[last_first]
    return found


def ground_pack(part: PartGround) -> bytes:
    """A part as bytes, everything that bringing its tiles together needs."""
    streets = part.streets
    coords, index = shapely.get_coordinates(streets.lines, return_index=True)
    words = {
        "place": part.place,
        "areas": [asdict(area) for area in part.areas],
        "lookers": [looker.as_json() for looker in part.lookers],
        "names": [[road, name] for road, name in streets.names.items()],
    }
    arrays = {
        "xy": streets.xy, "length_m": streets.length_m, "demand": streets.demand, "road": streets.road,
        "area": streets.area, "links": streets.links, "start_m": streets.start_m,
        "looker_area": part.looker_area, "coords": coords, "index": index,
    }  # fmt: skip
    return pack(arrays, words)


def ground_unpack(data: bytes | memoryview) -> PartGround:
    """The part of `ground_pack`, equal to the last bit."""
    arrays, words = unpack(data)
    lon, lat, srid = words["place"]
    frame = Frame.around(lon, lat, srid=srid)
    lookers = [looker_from(values) for values in words["lookers"]]
    looker_area = arrays.pop("looker_area")
    coords, index = arrays.pop("coords"), arrays.pop("index")
    lines = shapely.linestrings(coords, indices=index) if len(index) else np.empty(0, dtype=object)
    streets = Streets(frame=frame, names=dict(words["names"]), areas=[], lines=lines, **arrays)
    areas = [AreaRow(**values) for values in words["areas"]]
    return PartGround((lon, lat, srid), frame, streets, areas, lookers, looker_area)
