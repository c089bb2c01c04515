"""One pass over an extract: every feature of use as plain rows, everything broken named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from osmium.filter import KeyFilter
from osmium.geom import WKBFactory

from layers.errors import InvalidInput
from layers.geo.crs import GEOD
from layers.importers.osm.tags import (
    building_attributes,
    ground_kind,
    place_kind,
    station_kind,
    surveillance_attributes,
)
from layers.network.osm_tags import (
    restriction_except_modes,
    restriction_kind,
    road_attributes,
    road_node_kind,
)

#: Smallest zoom at which a road class is drawn.
ROAD_MINZ = {
    "motorway": 6, "trunk": 7, "primary": 9, "secondary": 10, "tertiary": 11, "motorway_link": 11,
    "trunk_link": 11, "primary_link": 12, "secondary_link": 12, "tertiary_link": 12,
    "unclassified": 12, "residential": 13, "living_street": 13, "busway": 13, "road": 13,
    "pedestrian": 14, "service": 14, "track": 14, "path": 15,
}  # fmt: skip
_AREA_KEYS = ("building", "natural", "waterway", "landuse", "leisure", "amenity", "place", "tourism", "shop", "railway", "historic", "office", "aeroway", "emergency")  # fmt: skip
_MOST_NAMED = 2_000


@dataclass
class Extract:
    """Rows of one extract, ready for the database; geometry as WKB in WGS 84."""

    roads: list[tuple[Any, ...]] = field(default_factory=list)
    restrictions: list[tuple[Any, ...]] = field(default_factory=list)
    road_nodes: list[tuple[Any, ...]] = field(default_factory=list)
    buildings: list[tuple[Any, ...]] = field(default_factory=list)
    ground: list[tuple[Any, ...]] = field(default_factory=list)
    places: list[tuple[Any, ...]] = field(default_factory=list)
    addresses: list[tuple[Any, ...]] = field(default_factory=list)
    stations: list[tuple[Any, ...]] = field(default_factory=list)
    cameras: list[tuple[Any, ...]] = field(default_factory=list)
    rejected: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)

    def reject(self, key: str, reason: str) -> None:
        """Name something that could not be used."""
        self.rejected.append({"id": key, "reason": reason})

    def warn(self, key: str, reason: str) -> None:
        """Name something that was used and deserves a look; the list stays bounded."""
        if len(self.warnings) < _MOST_NAMED:
            self.warnings.append({"id": key, "reason": reason})


def _clean(text: str | None, most: int) -> str:
    return " ".join((text or "").replace("\x00", "").split())[:most]


def _building_minz(area_m2: float) -> int:
    for least_m2, zoom in ((5_000.0, 12), (1_200.0, 13), (250.0, 14)):
        if area_m2 >= least_m2:
            return zoom
    return 15


def _ground_minz(kind: str, area_m2: float) -> int:
    if kind in {"waterway", "rail"}:
        return 12
    for least_m2, zoom in ((1_000_000.0, 8), (100_000.0, 10), (10_000.0, 12), (1_000.0, 14)):
        if area_m2 >= least_m2:
            return zoom
    return 15


class _Reader:
    """Takes the objects of a file one by one; `osmium` hands areas after both of its passes."""

    def __init__(self, boundary: Any | None) -> None:
        self.extract = Extract()
        self.wkb = WKBFactory()
        self.boundary = boundary
        if boundary is not None:
            shapely.prepare(boundary)
        self.wanted_areas: dict[int, str] = {}
        self.built_areas: set[int] = set()

    def inside(self, geometry: Any) -> bool:
        return self.boundary is None or bool(self.boundary.intersects(geometry))

    def node(self, node: Any) -> None:
        tags = node.tags
        if len(tags) == 0:
            return
        key = f"n{node.id}"
        if not node.location.valid():
            self.extract.reject(key, "the node has no valid position")
            return
        tags = dict(tags)
        barrier = road_node_kind(tags)
        point = shapely.Point(node.lon, node.lat)
        if not self.inside(point):
            return
        if barrier is not None:
            self.extract.road_nodes.append((node.id, barrier, barrier != "barrier", point.wkb))
        camera = surveillance_attributes(tags)
        if camera is not None:
            if camera.fault:
                self.extract.warn(key, camera.fault)
            name = _clean(tags.get("name"), 200) or f"OSM {node.id}"
            self.extract.cameras.append((node.id, name, camera, _kept(tags), point.wkb))
        self.named(node.id, "n", tags, point)

    def named(self, osm_id: int, kind: str, tags: dict[str, str], point: Any) -> None:
        """Places, stations and addresses, whether mapped as a node or as an outline."""
        name = _clean(tags.get("name"), 200)
        address = _clean(
            " ".join([tags.get("addr:street", ""), tags.get("addr:housenumber", "")]), 300
        )
        station = station_kind(tags)
        if station is not None:
            shown = name or f"{tags.get('amenity') or tags.get('emergency')} {osm_id}"
            self.extract.stations.append(
                (kind, osm_id, shown, station, address, _clean(tags.get("phone"), 40), point.wkb)
            )
        found = place_kind(tags)
        if found is not None and name:
            minz = min(16, max(7, 8 + found[1] // 5))
            self.extract.places.append(
                (kind, osm_id, found[0], name, address, found[1], minz, point.wkb)
            )
        if tags.get("addr:housenumber") and tags.get("addr:street"):
            self.extract.addresses.append(
                (kind, osm_id, _clean(tags["addr:street"], 200), _clean(tags["addr:housenumber"], 30), _clean(tags.get("addr:postcode"), 12), point.wkb)
            )  # fmt: skip

    def way(self, way: Any) -> None:
        if len(way.tags) == 0:
            return
        tags = dict(way.tags)
        road = road_attributes(tags) if "highway" in tags else None
        line_kind = None if road is not None or way.is_closed() else ground_kind(tags)
        if way.is_closed() and any(key in tags for key in _AREA_KEYS) and tags.get("area") != "no":
            if len(way.nodes) >= 4 and ("building" in tags):
                self.wanted_areas[way.id * 2] = f"w{way.id}"
            elif "building" in tags:
                self.extract.reject(f"w{way.id}", "a building outline needs at least three corners")
        elif "building" in tags and building_attributes(tags) is not None:
            self.extract.reject(f"w{way.id}", "the building outline is not closed")
        if road is None and line_kind is None:
            return
        key = f"w{way.id}"
        line, node_ids = self.line(way, key)
        if line is None or not self.inside(line):
            return
        if road is not None:
            drivable = road.access not in {"no"} and road.road_class not in {"path", "pedestrian"}
            self.extract.roads.append(
                (way.id, road.road_class, road.name[:200], road.ref[:60], road.oneway,
                 road.maxspeed_kph, road.access, road.bridge, road.tunnel,
                 max(-20, min(20, road.layer)), road.roundabout, drivable, node_ids,
                 ROAD_MINZ.get(road.road_class, 14), line.wkb)
            )  # fmt: skip
        elif line_kind is not None:
            self.extract.ground.append(("w", way.id, line_kind, _clean(tags.get("name"), 200), _ground_minz(line_kind, 0.0), line.wkb))  # fmt: skip

    def line(self, way: Any, key: str) -> tuple[Any | None, list[int]]:
        """The longest run of located nodes of a way, without repeats, and their ids."""
        runs: list[list[tuple[int, float, float]]] = [[]]
        missing = 0
        for node in way.nodes:
            if not node.location.valid():
                missing += 1
                runs.append([])
                continue
            if runs[-1] and runs[-1][-1][0] == node.ref:
                continue
            runs[-1].append((node.ref, node.lon, node.lat))
        best = max(runs, key=len)
        if len(best) < 2:
            self.extract.reject(key, f"{missing} of {len(way.nodes)} nodes are missing, no line is left" if missing else "the line has fewer than two different nodes")  # fmt: skip
            return None, []
        if missing:
            self.extract.warn(
                key, f"{missing} of {len(way.nodes)} nodes are missing; the longest part was kept"
            )
        points = np.array([(lon, lat) for _, lon, lat in best])
        if not np.any(np.ptp(points, axis=0) > 0):
            self.extract.reject(key, "all nodes lie at one place")
            return None, []
        return shapely.LineString(points), [ref for ref, _, _ in best]

    def relation(self, relation: Any) -> None:
        tags = dict(relation.tags)
        kind = restriction_kind(tags)
        if kind is not None:
            self.restriction(relation, tags, kind)
        elif tags.get("type") == "multipolygon" and building_attributes(tags) is not None:
            self.wanted_areas[relation.id * 2 + 1] = f"r{relation.id}"

    def restriction(self, relation: Any, tags: dict[str, str], kind: str) -> None:
        key = f"r{relation.id}"
        members: dict[str, list[tuple[str, int]]] = {"from": [], "via": [], "to": []}
        for member in relation.members:
            if member.role in members:
                members[member.role].append((member.type, member.ref))
        from_ways = [ref for type_, ref in members["from"] if type_ == "w"]
        to_ways = [ref for type_, ref in members["to"] if type_ == "w"]
        via_nodes = [ref for type_, ref in members["via"] if type_ == "n"]
        via_ways = [ref for type_, ref in members["via"] if type_ == "w"]
        if len(from_ways) != 1 or len(to_ways) != 1 or not (len(via_nodes) == 1 or via_ways):
            self.extract.reject(
                key,
                f"turn restriction with {len(from_ways)} from, {len(via_nodes) + len(via_ways)} via and "
                f"{len(to_ways)} to members; one from, one via and one to are needed",
            )
            return
        via_node = via_nodes[0] if len(via_nodes) == 1 and not via_ways else None
        excepted = [word[:20] for word in restriction_except_modes(tags)]
        self.extract.restrictions.append(
            (relation.id, kind, from_ways[0], via_node, via_ways, to_ways[0], excepted)
        )

    def area(self, area: Any) -> None:
        tags = dict(area.tags)
        building = building_attributes(tags)
        kind = None if building is not None else ground_kind(tags)
        wanted = building is not None or kind is not None or place_kind(tags) or station_kind(tags)
        marker = area.orig_id() * 2 + (0 if area.from_way() else 1)
        self.built_areas.add(marker)
        if not wanted:
            return
        osm_kind, osm_id = ("w" if area.from_way() else "r"), area.orig_id()
        key = f"{osm_kind}{osm_id}"
        try:
            shape = shapely.from_wkb(self.wkb.create_multipolygon(area))
        except RuntimeError:
            self.extract.reject(key, "the outline crosses itself or its members do not close")
            return
        if not self.inside(shape):
            return
        if not shapely.is_valid(shape):
            self.extract.reject(key, f"the outline is not valid: {shapely.is_valid_reason(shape)}")
            return
        area_m2 = abs(GEOD.geometry_area_perimeter(shape)[0])
        if building is not None:
            if building.fault:
                self.extract.warn(key, building.fault)
            self.extract.buildings.append(
                (osm_kind, osm_id, building.name, building.kind, building.height_m,
                 building.min_height_m, building.levels, _building_minz(area_m2), shape.wkb)
            )  # fmt: skip
        elif kind is not None:
            self.extract.ground.append((osm_kind, osm_id, kind, _clean(tags.get("name"), 200), _ground_minz(kind, area_m2), shape.wkb))  # fmt: skip
        self.named(osm_id, osm_kind, tags, shape.representative_point())

    def finish(self) -> Extract:
        for marker, key in self.wanted_areas.items():
            if marker not in self.built_areas:
                reason = (
                    "the outline crosses itself or is not closed"
                    if key[0] == "w"
                    else "the multipolygon's members are broken or missing"
                )
                self.extract.reject(key, reason)
        return self.extract


def _kept(tags: dict[str, str]) -> dict[str, str]:
    """Tags kept beside a camera: all but those that may hold an address of its picture."""
    return {
        key[:60]: value[:200]
        for key, value in tags.items()
        if not key.startswith(("contact:", "url", "website", "name"))
    }


def read_extract(
    path: Path, *, boundary: Any | None = None, progress: Callable[[str], None] | None = None
) -> Extract:
    """Every feature of use in an OSM file (`.osm.pbf`, `.osm`, `.osm.gz`), longitude latitude.

    `boundary`: shapely (Multi)Polygon in WGS 84; features that touch it are read. Raises
    `InvalidInput` when the file is no OSM file or is damaged.
    """
    reader = _Reader(boundary)
    seen = 0
    take = {"n": reader.node, "w": reader.way, "r": reader.relation, "a": reader.area}
    try:
        objects = (
            osmium.FileProcessor(str(path)).with_locations().with_areas(KeyFilter(*_AREA_KEYS))
        )
        for item in objects:
            seen += 1
            if progress is not None and seen % 200_000 == 0:
                progress(f"{seen:,} objects read, {len(reader.extract.roads):,} roads, {len(reader.extract.buildings):,} buildings")  # fmt: skip
            if item.is_node():
                take["n"](item)
            elif item.is_way():
                take["w"](item)
            elif item.is_relation():
                take["r"](item)
            else:
                take["a"](item)
    except (RuntimeError, ValueError, OSError) as error:
        raise InvalidInput(
            f"{path.name} cannot be read as OpenStreetMap data after {seen:,} objects: {error}",
            value=str(path),
            remedy="download the extract again; .osm.pbf, .osm and .osm.gz are understood",
        ) from error
    if seen == 0:
        raise InvalidInput(
            f"{path.name} holds no OpenStreetMap object",
            value=str(path),
            remedy="give an extract with nodes and ways",
        )
    return reader.finish()
