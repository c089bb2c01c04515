"""What OpenStreetMap tags say about a road, a turn and a point on a road: pure functions.

The words are those of the OSM wiki pages Key:highway, Key:oneway, Key:maxspeed, Key:access and
Relation:restriction. Nothing here knows a vehicle: what a fire engine makes of an attribute is
decided in `layers.network.costing`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Oneway = Literal["no", "forward", "backward"]
#: Who may drive: everybody; to an address on it; its owner; blue lights only; nobody on wheels.
Access = Literal["yes", "destination", "private", "emergency", "no"]

KPH_PER_MPH = 1.609344
KPH_PER_KNOT = 1.852
WALKING_KPH = 5.0
MIN_PLAUSIBLE_KPH, MAX_PLAUSIBLE_KPH = 5.0, 150.0

#: Classes kept under their own name, widest first; `road` is a road of unknown class.
ROAD_CLASSES = (
    "motorway", "trunk", "primary", "secondary", "tertiary",
    "motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link",
    "unclassified", "residential", "living_street", "service", "busway", "track", "road",
    "pedestrian", "path",
)  # fmt: skip
_AS_PATH = {"footway", "cycleway", "path", "steps", "bridleway"}
_IMPLIED_ONEWAY_JUNCTIONS = {"roundabout", "circular"}

_ACCESS: dict[str, Access] = {
    **dict.fromkeys(("yes", "permissive", "designated", "official", "public"), "yes"),
    **dict.fromkeys(("destination", "customers", "delivery", "residents"), "destination"),
    **dict.fromkeys(("private", "permit", "agricultural", "forestry", "military"), "private"),
    "emergency": "emergency",
    **dict.fromkeys(("no", "use_sidepath", "dismount"), "no"),
}

#: Limits that a sign implies by country and zone (Key:maxspeed, "implicit maxspeed values"), km/h.
#: A zone that is not listed for its country takes the value under "".
IMPLICIT_KPH: dict[str, dict[str, float]] = {
    "": {"urban": 50, "rural": 90, "trunk": 100, "motorway": 120, "living_street": 20},
    "ID": {"urban": 50, "rural": 80, "motorway": 100, "living_street": 30},
    "RU": {"urban": 60, "rural": 90, "motorway": 110, "living_street": 20},
    "UA": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130, "living_street": 20},
    "BY": {"urban": 60, "rural": 90, "motorway": 110, "living_street": 20},
    "DE": {"urban": 50, "rural": 100, "living_street": 7},
    "AT": {"urban": 50, "rural": 100, "motorway": 130},
    "CH": {"urban": 50, "rural": 80, "trunk": 100, "motorway": 120},
    "FR": {"urban": 50, "rural": 80, "trunk": 110, "motorway": 130},
    "IT": {"urban": 50, "rural": 90, "trunk": 110, "motorway": 130},
    "ES": {"urban": 50, "rural": 90, "motorway": 120},
    "PT": {"urban": 50, "rural": 90, "trunk": 100, "motorway": 120, "living_street": 20},
    "RO": {"urban": 50, "rural": 90, "trunk": 100, "motorway": 130},
    "GB": {"urban": 30 * KPH_PER_MPH, "nsl_restricted": 30 * KPH_PER_MPH,
           "nsl_single": 60 * KPH_PER_MPH, "nsl_dual": 70 * KPH_PER_MPH,
           "rural": 60 * KPH_PER_MPH, "motorway": 70 * KPH_PER_MPH},
}  # fmt: skip

_NUMBER = re.compile(r"^(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|knots)?$")
_COUNTRY = re.compile(r"^([A-Z]{2})(?:-[A-Z]+)?:(.+)$")
_ZONE_LIMIT = re.compile(r"^(?:zone:?)?(\d+)$")


@dataclass(frozen=True)
class RoadAttributes:
    """A road as its tags describe it.

    `road_class` is one of `ROAD_CLASSES`; `oneway` is relative to the order of the vertices;
    `maxspeed_kph` is the posted limit in km/h or None; `layer` is the z level (0 = ground);
    `ref` is the road number; `roundabout` says that the direction was implied by a junction.
    """

    road_class: str
    name: str = ""
    ref: str = ""
    oneway: Oneway = "no"
    maxspeed_kph: float | None = None
    access: Access = "yes"
    bridge: bool = False
    tunnel: bool = False
    layer: int = 0
    roundabout: bool = False


def road_attributes(tags: Mapping[str, str]) -> RoadAttributes | None:
    """Attributes of a way, or None where it is not a road or path (an area, a plan, a platform).

    Footways, cycleways, bridleways, steps and paths become class `path` with access `no`, unless
    the tags let motor vehicles in.
    """
    road_class = _road_class(tags.get("highway", ""))
    if road_class is None or tags.get("area") == "yes":
        return None
    bridge = _is_set(tags.get("bridge"))
    tunnel = _is_set(tags.get("tunnel")) and tags.get("tunnel") != "culvert"
    junction = tags.get("junction", "")
    oneway, known_direction = _oneway(tags, road_class)
    return RoadAttributes(
        road_class=road_class,
        name=" ".join(tags.get("name", "").split()),
        ref=" ".join(tags.get("ref", "").split()),
        oneway=oneway,
        maxspeed_kph=maxspeed_kph(tags),
        access=_access(tags, road_class) if known_direction else "no",
        bridge=bridge,
        tunnel=tunnel,
        layer=_layer(tags.get("layer", ""), bridge=bridge, tunnel=tunnel),
        roundabout=junction in _IMPLIED_ONEWAY_JUNCTIONS,
    )


def maxspeed_kph(tags: Mapping[str, str]) -> float | None:
    """Posted limit in km/h, or None where none is given or it cannot be read.

    Of several values (`50; 40`, or one for each direction) the lowest is taken. `signals`,
    `variable` and `none` give None: the class decides then.
    """
    found: list[float] = []
    if "maxspeed" in tags:
        texts = [tags["maxspeed"]]
    else:
        texts = [tags[k] for k in ("maxspeed:forward", "maxspeed:backward") if k in tags]
    if not texts:
        texts = [tags[k] for k in ("zone:maxspeed", "maxspeed:type") if k in tags][:1]
    for text in texts:
        for part in re.split(r"[;|,]", text):
            limit = _one_limit_kph(part.strip())
            if limit is not None:
                found.append(limit)
    return min(found) if found else None


RESTRICTION_KINDS = (
    "no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit",
    "only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn",
)  # fmt: skip


def restriction_kind(tags: Mapping[str, str]) -> str | None:
    """Kind of a turn restriction for motor vehicles (one of `RESTRICTION_KINDS`), or None.

    None as well for what is not in force at all hours (`restriction:conditional`, `hour_on`), for
    what binds other vehicles only (`restriction:hgv`, `restriction:bicycle`), and for unknown words.
    """
    kind = tags.get("type", "")
    if kind not in {"restriction", "restriction:motorcar", "restriction:motor_vehicle"}:
        return None
    if "hour_on" in tags or "day_on" in tags or "date_on" in tags:
        return None
    for key in ("restriction", "restriction:motorcar", "restriction:motor_vehicle"):
        for word in tags.get(key, "").split(";"):
            if word.strip() in RESTRICTION_KINDS:
                return word.strip()
    return None


def restriction_except_modes(tags: Mapping[str, str]) -> list[str]:
    """Modes that a turn restriction does not bind (`except=psv;emergency`), in order, lower case."""
    return [word.strip().lower() for word in tags.get("except", "").split(";") if word.strip()]


#: Point kinds: `barrier` stops every vehicle, `gate` can be opened and costs time.
ROAD_NODE_KINDS = ("traffic_signals", "stop", "toll_booth", "gate", "barrier")
_GATES = {"gate", "lift_gate", "swing_gate", "sliding_gate", "hampshire_gate", "chain",
          "rising_bollard", "sally_port", "bus_trap"}  # fmt: skip
_OPEN_BARRIERS = {"no", "entrance", "cattle_grid", "toll_booth", "border_control", "height_restrictor",
                  "kerb", "coupure", "lane_separator"}  # fmt: skip


def road_node_kind(tags: Mapping[str, str]) -> str | None:
    """What a point on a road does to those who pass (one of `ROAD_NODE_KINDS`), or None for nothing.

    A barrier that motor vehicles may pass by its own access tags is no barrier; an unknown kind of
    barrier that lets foot and bicycle through only (bollard, block, stile …) is `barrier`.
    """
    barrier = tags.get("barrier", "")
    if barrier == "toll_booth" or tags.get("highway") == "toll_booth":
        return "toll_booth"
    if barrier and barrier not in _OPEN_BARRIERS:
        if barrier in _GATES:
            return "gate"
        if barrier == "bollard" and tags.get("bollard") in {"rising", "removable", "foldable"}:
            return "gate"
        allowed = tags.get("emergency") or _first(
            tags, "motorcar", "motor_vehicle", "vehicle", "access"
        )
        return None if _ACCESS.get(allowed or "no", "no") != "no" else "barrier"
    if tags.get("highway") == "traffic_signals" or tags.get("crossing") == "traffic_signals":
        return "traffic_signals"
    if tags.get("highway") == "stop":
        return "stop"
    return None


def _road_class(highway: str) -> str | None:
    for word in highway.split(";"):
        word = word.strip()
        if word in _AS_PATH:
            return "path"
        if word in ROAD_CLASSES:
            return word
        if word == "bus_guideway":
            return "busway"
        if word == "services":
            return "service"
    return None


def _oneway(tags: Mapping[str, str], road_class: str) -> tuple[Oneway, bool]:
    """Direction, and whether it is known: that of a reversible road changes by the hour."""
    text = (
        _first(tags, "oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway") or ""
    ).lower()
    if text in {"yes", "true", "1"}:
        return "forward", True
    if text in {"-1", "reverse"}:
        return "backward", True
    if text == "reversible":
        return "no", False
    if text in {"no", "false", "0", "alternating"}:
        return "no", True
    if tags.get("junction") in _IMPLIED_ONEWAY_JUNCTIONS or road_class == "motorway":
        return "forward", True
    return "no", True


def _access(tags: Mapping[str, str], road_class: str) -> Access:
    emergency = (tags.get("emergency") or "").lower()
    if emergency == "no":
        return "no"
    text = _first(tags, "motorcar", "motor_vehicle", "vehicle", "access")
    if text is None:
        access: Access = {"path": "no", "pedestrian": "emergency", "busway": "emergency"}.get(
            road_class, "yes"
        )  # type: ignore[assignment]
    else:
        values = [_ACCESS.get(word.strip(), "yes") for word in text.lower().split(";")]
        access = min(values, key=list(dict.fromkeys(_ACCESS.values())).index)
        only_general = _first(tags, "motorcar", "motor_vehicle", "vehicle") is None
        if only_general and access != "no" and road_class in {"path", "pedestrian", "busway"}:
            # Who may use a footpath is said of people: `access` alone lets no car in.
            access = "no" if road_class == "path" else "emergency"
    buses = _first(tags, "bus", "psv") or ""
    if emergency in {"yes", "designated", "official", "permissive"} and access != "yes":
        return "emergency"
    if access == "no" and _ACCESS.get(buses.lower(), "no") != "no":
        return "emergency"
    return access


def _layer(text: str, *, bridge: bool, tunnel: bool) -> int:
    try:
        return max(-10, min(10, int(text.split(";")[0])))
    except ValueError:
        return 1 if bridge else -1 if tunnel else 0


def _one_limit_kph(text: str) -> float | None:
    match = _NUMBER.match(text.lower())
    if match:
        factor = {"mph": KPH_PER_MPH, "knots": KPH_PER_KNOT}.get(match[2] or "", 1.0)
        limit = float(match[1]) * factor
        return limit if MIN_PLAUSIBLE_KPH <= limit <= MAX_PLAUSIBLE_KPH else None
    if text.lower() == "walk":
        return WALKING_KPH
    country = _COUNTRY.match(text)
    if not country:
        return None
    zone = country[2].lower()
    if zone in {"walk", "bicycle_road"}:
        return WALKING_KPH if zone == "walk" else 30.0
    numbered = _ZONE_LIMIT.match(zone)
    if numbered:
        per_unit = KPH_PER_MPH if country[1] in {"GB", "US"} else 1.0
        return float(numbered[1]) * per_unit
    if country[1] == "DE" and zone == "motorway":
        return None  # no general limit
    return IMPLICIT_KPH.get(country[1], {}).get(zone, IMPLICIT_KPH[""].get(zone))


def _first(tags: Mapping[str, str], *keys: str) -> str | None:
    return next((tags[key] for key in keys if key in tags), None)


def _is_set(text: str | None) -> bool:
    return text not in {None, "", "no", "false", "0"}
