"""Reads an OSM file into `RoadArrays` for the engine's tests, and into plain dictionaries for the oracle."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import osmium

from layers.network.engine.arrays import Restriction, RoadArrays, RoadArraysBuilder
from layers.network.osm_tags import (
    restriction_except_modes,
    restriction_kind,
    road_attributes,
    road_node_kind,
)


@dataclass
class OsmNetwork:
    """Plain copies of what was read: ways (id → dict), node positions, restrictions, points."""

    ways: dict[int, dict] = field(default_factory=dict)
    lonlat: dict[int, tuple[float, float]] = field(default_factory=dict)
    restrictions: list[Restriction] = field(default_factory=list)
    points: dict[int, str] = field(default_factory=dict)

    def arrays(self) -> RoadArrays:
        builder = RoadArraysBuilder()
        for way, road in self.ways.items():
            builder.add_road(
                way,
                [self.lonlat[node] for node in road["nodes"]],
                road_class=road["road_class"],
                node_ids=road["nodes"],
                oneway=road["oneway"],
                maxspeed_kph=road["maxspeed_kph"],
                access=road["access"],
            )
        for node, kind in self.points.items():
            builder.add_point(node, kind)
        builder.keep_restrictions(self.restrictions)
        return builder.build()


def read_osm(path: Path) -> OsmNetwork:
    network = OsmNetwork()
    for item in osmium.FileProcessor(str(path)).with_locations():
        if item.is_node():
            kind = road_node_kind(item.tags)
            if kind:
                network.points[item.id] = kind
        elif item.is_way():
            road = road_attributes(item.tags)
            if road is None or road.access == "no":
                continue
            nodes = [(n.ref, (n.lon, n.lat)) for n in item.nodes if n.location.valid()]
            if len(nodes) < 2:
                continue
            network.lonlat.update(nodes)
            network.ways[item.id] = {
                "nodes": [ref for ref, _ in nodes],
                "road_class": road.road_class,
                "oneway": road.oneway,
                "maxspeed_kph": road.maxspeed_kph,
                "access": road.access,
            }
        elif item.is_relation():
            kind = restriction_kind(item.tags)
            members = {"from": [], "via": [], "to": []}
            for member in item.members:
                if member.role in members:
                    members[member.role].append((member.type, member.ref))
            if not kind or len(members["from"]) != 1 or len(members["to"]) != 1:
                continue
            via = members["via"]
            if not via:
                continue
            over_node = via[0][0] == "n"
            network.restrictions.append(
                Restriction(
                    kind,
                    members["from"][0][1],
                    members["to"][0][1],
                    via_node=via[0][1] if over_node else None,
                    via_ways=() if over_node else tuple(ref for _, ref in via),
                    except_modes=tuple(restriction_except_modes(item.tags)),
                )
            )
    return network
