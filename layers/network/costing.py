"""What a road costs a vehicle in seconds: speeds, one-ways, access and delays, by kind of unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.errors import InvalidInput
from layers.network.engine.arrays import ACCESS_WORDS
from layers.network.engine.graph import Graph
from layers.network.osm_tags import ROAD_CLASSES, ROAD_NODE_KINDS

#: Speeds where no limit is posted, km/h, in the order of `ROAD_CLASSES`.
DEFAULT_CLASS_KPH: dict[str, float] = {
    "motorway": 100, "trunk": 80, "primary": 60, "secondary": 50, "tertiary": 40,
    "motorway_link": 60, "trunk_link": 50, "primary_link": 40, "secondary_link": 35,
    "tertiary_link": 30, "unclassified": 35, "residential": 30, "living_street": 15,
    "service": 20, "busway": 40, "track": 15, "road": 30, "pedestrian": 10, "path": 10,
}  # fmt: skip
#: Roads on which nobody drives against the traffic, whatever the costing says.
NEVER_AGAINST = ("motorway", "motorway_link", "trunk", "trunk_link")
EMERGENCY_ACCESS = ("yes", "destination", "private", "emergency")


@dataclass(frozen=True)
class Costing:
    """How one kind of vehicle moves.

    Time on an edge = length / speed + delays of the points it passes (its head included, its tail
    not), spread evenly along the edge. Speed in km/h = posted limit × `limit_factor`, or the
    class's speed × `speed_factor` where none is posted. Delays in seconds. A U-turn at a junction
    costs `u_turn_s`. `access`: the words of `ACCESS_WORDS` that let the vehicle in.
    Against a one-way, where `against_oneway`, at most `against_oneway_kph`.
    """

    name: str
    class_kph: tuple[float, ...] = tuple(DEFAULT_CLASS_KPH[name] for name in ROAD_CLASSES)
    speed_factor: float = 1.0
    limit_factor: float = 1.0
    traffic_signals_s: float = 5.0
    stop_s: float = 2.0
    toll_booth_s: float = 10.0
    gate_s: float = 20.0
    u_turn_s: float = 20.0
    access: tuple[str, ...] = EMERGENCY_ACCESS
    against_oneway: bool = False
    against_oneway_kph: float = 15.0
    obeys_turn_restrictions: bool = True

    def __post_init__(self) -> None:
        speeds = (*self.class_kph, self.speed_factor, self.limit_factor, self.against_oneway_kph)
        delays = (
            self.traffic_signals_s,
            self.stop_s,
            self.toll_booth_s,
            self.gate_s,
            self.u_turn_s,
        )
        if len(self.class_kph) != len(ROAD_CLASSES) or min(speeds) <= 0 or min(delays) < 0:
            raise InvalidInput(
                "a costing needs a speed above 0 for every road class and delays of 0 or more",
                value=self.name,
                where=f"costing {self.name}",
                remedy="correct the speeds and delays in the agency's costing",
            )
        unknown = set(self.access) - set(ACCESS_WORDS)
        if unknown:
            raise InvalidInput(
                f"unknown access {', '.join(sorted(unknown))}",
                where=f"costing {self.name}",
                remedy=f"use {', '.join(ACCESS_WORDS)}",
            )


#: One costing for each kind of unit; an agency's settings are laid over it by `costing_for`.
COSTINGS: dict[str, Costing] = {
    "fire": Costing("fire", speed_factor=0.9, traffic_signals_s=6.0, u_turn_s=40.0),
    "police": Costing("police", speed_factor=1.1),
    "ambulance": Costing("ambulance"),
    "rescue": Costing("rescue", speed_factor=0.9, traffic_signals_s=6.0, u_turn_s=40.0),
}
DEFAULT_COSTING = COSTINGS["ambulance"]


def costing_for(kind: str | None, overrides: Mapping[str, Any] | None = None) -> Costing:
    """Costing of a kind of unit with an agency's overrides (fields of `Costing`) laid over it.

    `class_kph` may be a mapping of some classes. An unknown kind takes the ambulance's. Raises
    `InvalidInput` for an unknown field, class or value.
    """
    base = COSTINGS.get(kind or "", DEFAULT_COSTING)
    if not overrides:
        return base
    known = {field.name for field in fields(Costing)} - {"name"}
    unknown = set(overrides) - known
    if unknown:
        raise InvalidInput(
            f"unknown costing field {', '.join(sorted(unknown))}",
            where=f"costing {base.name}",
            remedy=f"known fields: {', '.join(sorted(known))}",
        )
    values = dict(overrides)
    if isinstance(values.get("class_kph"), Mapping):
        by_class = dict(zip(ROAD_CLASSES, base.class_kph, strict=True))
        strange = set(values["class_kph"]) - set(by_class)
        if strange:
            raise InvalidInput(
                f"unknown road class {', '.join(sorted(strange))}",
                where=f"costing {base.name}",
                remedy=f"use {', '.join(ROAD_CLASSES)}",
            )
        values["class_kph"] = tuple({**by_class, **values["class_kph"]}.values())
    for name in ("class_kph", "access"):
        if name in values:
            values[name] = tuple(values[name])
    try:
        return replace(base, **values)
    except TypeError as error:
        raise InvalidInput(
            f"costing values of the wrong type: {error}", where=f"costing {base.name}"
        ) from error


def edge_times_s(graph: Graph, costing: Costing) -> NDArray[np.float64]:
    """Seconds for each of the 2L directed edges; inf where the vehicle may not drive.

    A one-way is closed against its direction unless the costing allows it; equal is not against.
    """
    class_kph = np.array(costing.class_kph)[graph.road_class] * costing.speed_factor
    posted = graph.maxspeed_kph.astype(np.float64)
    kph = np.where(np.isnan(posted), class_kph, posted * costing.limit_factor)
    delay = np.zeros(len(ROAD_NODE_KINDS))
    for place, kind in enumerate(ROAD_NODE_KINDS):
        delay[place] = getattr(costing, f"{kind}_s", 0.0)
    let_in = np.isin(graph.access, [ACCESS_WORDS.index(word) for word in costing.access])
    never = np.isin(graph.road_class, [ROAD_CLASSES.index(name) for name in NEVER_AGAINST])

    times = np.empty((graph.link_count, 2))
    for side, against in ((0, graph.oneway < 0), (1, graph.oneway > 0)):
        speed = np.where(against, np.minimum(kph, costing.against_oneway_kph), kph)
        times[:, side] = graph.length_m * 3.6 / speed + graph.stops[:, side, :] @ delay
        allowed = let_in & (~against | (costing.against_oneway & ~never))
        times[~allowed, side] = np.inf
    return times.reshape(-1)
