"""Tags as the OSM wiki defines them, one line a case."""

from __future__ import annotations

import pytest

from layers.network.osm_tags import (
    maxspeed_kph,
    restriction_except_modes,
    restriction_kind,
    road_attributes,
    road_node_kind,
)


@pytest.mark.parametrize(
    ("text", "kph"),
    [
        ("50", 50), ("50 km/h", 50), ("30 mph", 48.28032), ("50mph", 80.4672), ("RU:urban", 60),
        ("DE:zone:30", 30), ("DE:zone30", 30), ("GB:nsl_single", 96.56064), ("ID:rural", 80),
        ("XX:urban", 50), ("DE:motorway", None), ("DE:rural", 100), ("walk", 5), ("DE:walk", 5),
        ("signals", None), ("none", None), ("variable", None), ("", None), ("fast", None),
        ("50; 40", 40), ("80|60|60", 60), ("0", None), ("999", None), ("-30", None),
    ],
)  # fmt: skip
def test_maxspeed_reads_every_form(text: str, kph: float | None) -> None:
    assert maxspeed_kph({"maxspeed": text}) == (pytest.approx(kph) if kph else None)


def test_maxspeed_by_direction_takes_the_lower_and_a_plain_one_wins() -> None:
    assert maxspeed_kph({"maxspeed:forward": "70", "maxspeed:backward": "50"}) == 50
    assert maxspeed_kph({"maxspeed": "60", "maxspeed:forward": "30"}) == 60
    assert maxspeed_kph({"maxspeed:type": "RU:urban"}) == 60


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [
        ({"oneway": "yes"}, "forward"), ({"oneway": "1"}, "forward"), ({"oneway": "-1"}, "backward"),
        ({"oneway": "reverse"}, "backward"), ({"oneway": "no"}, "no"), ({}, "no"),
        ({"junction": "roundabout"}, "forward"), ({"junction": "circular"}, "forward"),
        ({"junction": "roundabout", "oneway": "-1"}, "backward"),
        ({"highway": "motorway"}, "forward"), ({"highway": "motorway", "oneway": "no"}, "no"),
        ({"oneway": "yes", "oneway:motor_vehicle": "no"}, "no"), ({"oneway": "alternating"}, "no"),
        ({"oneway:bicycle": "no", "oneway": "yes"}, "forward"),
    ],
)  # fmt: skip
def test_oneway(tags: dict[str, str], oneway: str) -> None:
    road = road_attributes({"highway": "primary", **tags})
    assert road is not None
    assert road.oneway == oneway
    assert road.access == "yes"


def test_reversible_road_is_left_out_because_its_direction_is_unknown() -> None:
    road = road_attributes({"highway": "primary", "oneway": "reversible"})
    assert road is not None
    assert road.access == "no"


@pytest.mark.parametrize(
    ("tags", "access"),
    [
        ({}, "yes"), ({"access": "private"}, "private"), ({"access": "no"}, "no"),
        ({"access": "no", "motor_vehicle": "yes"}, "yes"), ({"motor_vehicle": "no"}, "no"),
        ({"access": "yes", "vehicle": "no"}, "no"), ({"access": "destination"}, "destination"),
        ({"access": "no", "emergency": "yes"}, "emergency"), ({"emergency": "no"}, "no"),
        ({"access": "no", "psv": "yes"}, "emergency"), ({"access": "gibberish"}, "yes"),
        ({"highway": "pedestrian"}, "emergency"), ({"highway": "footway"}, "no"),
        ({"highway": "footway", "access": "yes"}, "no"),
        ({"highway": "path", "access": "private"}, "no"),
        ({"highway": "path", "motor_vehicle": "private"}, "private"),
        ({"highway": "pedestrian", "access": "private"}, "emergency"),
        ({"highway": "pedestrian", "access": "yes"}, "emergency"),
        ({"highway": "pedestrian", "motor_vehicle": "destination"}, "destination"),
        ({"highway": "path", "motor_vehicle": "yes"}, "yes"),
        ({"highway": "footway", "emergency": "yes"}, "emergency"),
        ({"highway": "busway"}, "emergency"), ({"access": "customers;private"}, "destination"),
    ],
)  # fmt: skip
def test_access_for_motor_vehicles(tags: dict[str, str], access: str) -> None:
    road = road_attributes({"highway": "residential", **tags})
    assert road is not None
    assert road.access == access


def test_classes_kept_folded_and_refused() -> None:
    def of(**tags: str) -> str | None:
        road = road_attributes(tags)
        return road.road_class if road else None

    assert of(highway="cycleway") == of(highway="steps") == of(highway="bridleway") == "path"
    assert of(highway="unclassified;tertiary") == "unclassified"
    assert of(highway="services") == "service"
    for word in ("proposed", "construction", "raceway", "platform", "elevator", "bus_stop", ""):
        assert of(highway=word) is None
    assert of(highway="pedestrian", area="yes") is None
    assert of(building="yes") is None


def test_levels_and_names() -> None:
    road = road_attributes({"highway": "primary", "bridge": "viaduct", "name": " Jl.  Ijen\n"})
    assert road is not None
    assert (road.bridge, road.tunnel, road.layer, road.name) == (True, False, 1, "Jl. Ijen")
    road = road_attributes({"highway": "primary", "tunnel": "yes", "layer": "-2"})
    assert road is not None
    assert (road.tunnel, road.layer) == (True, -2)
    road = road_attributes({"highway": "primary", "tunnel": "culvert", "layer": "junk"})
    assert road is not None
    assert (road.tunnel, road.layer) == (False, 0)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"restriction": "no_left_turn"}, "no_left_turn"),
        ({"restriction": "only_straight_on"}, "only_straight_on"),
        ({"restriction": "no_left_turn;no_u_turn"}, "no_left_turn"),
        ({"restriction:motorcar": "no_u_turn"}, "no_u_turn"),
        ({"restriction:hgv": "no_u_turn"}, None), ({"restriction": "give_way"}, None),
        ({"restriction:conditional": "no_left_turn @ (07:00-09:00)"}, None),
        ({"restriction": "no_left_turn", "hour_on": "07:00"}, None),
        ({"restriction": "no_left_turn", "type": "route"}, None), ({}, None),
    ],
)  # fmt: skip
def test_restrictions(tags: dict[str, str], kind: str | None) -> None:
    assert restriction_kind({"type": "restriction", **tags}) == kind


def test_restriction_exceptions() -> None:
    assert restriction_except_modes({"except": "psv; Emergency"}) == ["psv", "emergency"]
    assert restriction_except_modes({}) == []


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "traffic_signals"}, "traffic_signals"),
        ({"highway": "crossing", "crossing": "traffic_signals"}, "traffic_signals"),
        ({"barrier": "gate"}, "gate"), ({"barrier": "lift_gate", "access": "private"}, "gate"),
        ({"barrier": "bollard"}, "barrier"), ({"barrier": "bollard", "bollard": "removable"}, "gate"),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, None), ({"barrier": "entrance"}, None),
        ({"barrier": "toll_booth"}, "toll_booth"), ({"barrier": "block"}, "barrier"),
        ({"barrier": "block", "emergency": "yes"}, None), ({"highway": "stop"}, "stop"),
        ({"highway": "crossing"}, None), ({}, None),
    ],
)  # fmt: skip
def test_points_on_roads(tags: dict[str, str], kind: str | None) -> None:
    assert road_node_kind(tags) == kind
