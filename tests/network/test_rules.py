"""One-ways, turn restrictions, barriers and access: each changes the route, by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from layers.errors import InvalidInput, Unroutable
from layers.network.costing import Costing, costing_for
from layers.network.router import Eta, Router, UnitAt, straight_line
from tests.network.small import PLAIN, Town, at, crossing

WEST, NORTH, EAST, SOUTH = (-100, 0), (0, 100), (100, 0), (0, -100)


def drive(
    router: Router, start: tuple[float, float], end: tuple[float, float], costing: Costing = PLAIN
) -> Eta:
    return router.route(at(*start), at(*end), costing=costing)


def seconds(
    router: Router, start: tuple[float, float], end: tuple[float, float], costing: Costing = PLAIN
) -> float:
    return drive(router, start, end, costing).eta_s


def metres_driven(seconds_: float) -> object:
    # The plain costing drives 10 m/s; the grid is laid out in UTM metres, lengths are geodesic.
    return pytest.approx(seconds_, rel=1e-3)


def test_open_crossing_is_driven_straight_through() -> None:
    eta = drive(crossing().router(), WEST, NORTH)
    assert eta.eta_s == metres_driven(20)
    assert eta.distance_m == metres_driven(200)
    assert np.allclose(eta.route.coordinates, [at(*WEST), at(0, 0), at(*NORTH)], atol=1e-6)
    assert eta.route.road_ids == [1, 2]


def test_one_way_street_is_not_driven_against() -> None:
    town = crossing().way(1, [1, 0], oneway="backward")  # arm 1 may only be driven westward
    # Back to the end of the arm, and by the square to the north arm from its far end.
    assert seconds(town.router(), WEST, NORTH) == metres_driven(10 + 20 + 20 + 10)
    assert seconds(town.router(), NORTH, WEST) == metres_driven(20)


def test_unit_close_against_the_one_way_loses_to_a_farther_legal_one() -> None:
    town = crossing().way(3, [0, 3], oneway="forward")  # eastward only
    router = town.router()
    here = at(50, 0)
    units = [UnitAt("close", *at(100, 0), PLAIN), UnitAt("legal", *at(-150, 0), PLAIN)]
    answer = router.nearest(here, units, count=2)
    assert [eta.key for eta in answer.etas] == ["legal", "close"]
    assert answer.etas[0].eta_s == metres_driven(20)
    assert [s.key for s in straight_line(here, units)] == ["close", "legal"]
    bold = costing_for("fire", {"against_oneway": True, "against_oneway_kph": 18})
    units = [UnitAt("close", *at(100, 0), bold), UnitAt("legal", *at(-150, 0), bold)]
    first = router.nearest(here, units, count=1).etas[0]
    assert first.key == "close"
    assert first.eta_s == metres_driven(10)  # 50 m at 18 km/h


def test_no_left_turn_changes_the_route() -> None:
    town = crossing().turn("no_left_turn", 1, 2, node=0)
    # Around by the square: 100 m back, 200 + 200 m of the square, 100 m down the arm.
    assert seconds(town.router(), WEST, NORTH) == metres_driven(60)
    assert seconds(town.router(), WEST, EAST) == metres_driven(20)
    assert seconds(town.router(), NORTH, WEST) == metres_driven(20)


def test_only_straight_on_changes_both_turns() -> None:
    town = crossing().turn("only_straight_on", 1, 3, node=0)
    router = town.router()
    assert seconds(router, WEST, EAST) == metres_driven(20)
    assert seconds(router, WEST, NORTH) == metres_driven(60)
    assert seconds(router, WEST, SOUTH) == metres_driven(60)


def divided_road(*, ban: bool) -> Town:
    """Two carriageways 20 m apart (way 1 eastward, way 2 westward) joined by way 3 at x = 500 and
    by way 4 at x = 1000."""
    town = Town({1: (0, 0), 2: (500, 0), 3: (1000, 0), 4: (1000, 20), 5: (500, 20), 6: (0, 20)})
    town.way(10, [1, 2], oneway="forward").way(11, [2, 3], oneway="forward")
    town.way(20, [4, 5], oneway="forward").way(21, [5, 6], oneway="forward")
    town.way(3, [2, 5]).way(4, [3, 4])
    return town.turn("no_u_turn", 10, 21, ways=(3,)) if ban else town


def test_no_u_turn_over_a_way_changes_the_route() -> None:
    start, end = (400, 0), (400, 20)
    assert seconds(divided_road(ban=False).router(), start, end) == metres_driven(10 + 2 + 10)
    banned = divided_road(ban=True).router()
    # Turning about twice on the cross link is lawful, and costs what two U-turns cost.
    assert seconds(banned, start, end) == metres_driven(10 + 2 + 30 + 2 + 30 + 2 + 10)
    long_one = Costing("long", class_kph=PLAIN.class_kph, u_turn_s=600)
    assert seconds(banned, start, end, long_one) == metres_driven(60 + 2 + 60)
    # The cross link itself stays open to those who come to it and go on otherwise.
    assert seconds(banned, (400, 0), (500, 10)) == metres_driven(11)


def test_no_u_turn_at_a_node_changes_the_route() -> None:
    town = Town({1: (0, 0), 2: (300, 0), 3: (600, 0), 4: (300, 20), 5: (0, 20), 6: (800, 0)})
    # Out on way 1, and back only on way 2 which begins at the same node.
    town.way(1, [1, 2], oneway="forward").way(2, [2, 4, 5], oneway="forward")
    town.way(3, [2, 3]).way(4, [3, 6])
    free = seconds(town.router(), (200, 0), (200, 20))
    assert free == metres_driven(10 + 2 + 10)
    town.turn("no_u_turn", 1, 2, node=2)
    # On to the next junction, turned there for 30 s, and back.
    assert seconds(town.router(), (200, 0), (200, 20)) == metres_driven(10 + 60 + 30 + 2 + 10)


def test_restriction_that_excepts_emergency_vehicles_does_not_bind() -> None:
    town = crossing().turn("no_left_turn", 1, 2, node=0, but=("psv", "emergency"))
    router = town.router()
    assert seconds(router, WEST, NORTH) == metres_driven(20)
    assert router.graph.turn_report == {"excepts emergency vehicles": 1}


def test_costing_may_disregard_turn_restrictions() -> None:
    router = crossing().turn("no_left_turn", 1, 2, node=0).router()
    free = costing_for(
        None,
        {"class_kph": PLAIN.class_kph, "u_turn_s": 30, "obeys_turn_restrictions": False},
    )
    assert seconds(router, WEST, NORTH, free) == metres_driven(20)
    assert seconds(router, WEST, NORTH) == metres_driven(60)


def test_barrier_stops_and_gate_delays() -> None:
    town = Town({1: (0, 0), 2: (500, 0), 3: (1000, 0), 4: (0, 300), 5: (1000, 300)})
    town.way(1, [1, 2, 3]).way(2, [1, 4, 5, 3])
    assert seconds(town.router(), (100, 0), (900, 0)) == metres_driven(80)
    town.point(2, "gate")
    # The delay is spread over the one link that holds the gate: 80 % of it is driven.
    assert seconds(town.router(), (100, 0), (900, 0)) == metres_driven(80 + 0.8 * PLAIN.gate_s)
    town.point(2, "barrier")
    assert seconds(town.router(), (100, 0), (900, 0)) == metres_driven(10 + 160 + 10)


def test_signals_delay_and_are_counted_once() -> None:
    town = Town({1: (0, 0), 2: (500, 0), 3: (1000, 0)}).way(1, [1, 2]).way(2, [2, 3])
    town.point(2, "traffic_signals")
    assert seconds(town.router(), (0, 0), (1000, 0)) == metres_driven(100 + 5)
    assert seconds(town.router(), (1000, 0), (0, 0)) == metres_driven(100 + 5)


def test_private_and_emergency_roads_are_open_to_units_and_closed_ones_are_not() -> None:
    far_end = (-200, 0)
    for access in ("yes", "destination", "private", "emergency"):
        router = crossing().way(1, [1, 0], access=access).router()
        assert seconds(router, far_end, NORTH) == metres_driven(20 + 10)
    router = crossing().way(1, [1, 0], access="no").router()
    assert seconds(router, far_end, NORTH) == metres_driven(20 + 20 + 10)  # by the square
    public = Costing("public", class_kph=PLAIN.class_kph, access=("yes", "destination"))
    router = crossing().way(1, [1, 0], access="private").router()
    assert router.place(at(*WEST), costing=public).distance_m > 50


def test_posted_limit_beats_class_speed() -> None:
    router = crossing().way(1, [1, 0], maxspeed_kph=18.0).router()
    assert seconds(router, WEST, EAST) == metres_driven(20 + 10)


def test_time_is_smooth_along_an_edge_and_across_a_junction() -> None:
    router = crossing().router()
    times = [seconds(router, (150, 200), (x, 0)) for x in np.arange(-190.0, 190.0, 1.0)]
    assert np.abs(np.diff(times)).max() <= 0.1 * 1.001 + 1e-9


def test_two_units_on_one_edge_are_in_order_on_either_side_and_past_the_point() -> None:
    router = crossing().router()
    here = at(100, 0)
    units = [UnitAt(x, *at(x, 0), PLAIN) for x in (60, 90, 100, 120, 199)]
    etas = router.nearest(here, units).etas
    assert [eta.key for eta in etas] == [100, 90, 120, 60, 199]
    assert [eta.eta_s for eta in etas] == [metres_driven(t) for t in (0, 1, 2, 4, 9.9)]
    oneway = crossing().way(3, [0, 3], oneway="forward").router()
    etas = oneway.nearest(here, units).etas
    assert [eta.key for eta in etas] == [100, 90, 60, 199, 120]


def test_unreachable_unit_is_named_and_never_given_a_time() -> None:
    town = crossing()
    town.network.lonlat |= {20: at(900, 900), 21: at(1100, 900)}
    town.way(9, [20, 21])  # an island
    router = town.router()
    units = [
        UnitAt("island", *at(1000, 900), PLAIN),
        UnitAt("sea", *at(30_000, 0), PLAIN),
        UnitAt("road", *at(-150, 0), PLAIN),
    ]
    for count in (1, 3, None):
        answer = router.nearest(at(0, 100), units, count=count)
        assert [eta.key for eta in answer.etas] == ["road"]
        assert {(u.key, u.reason) for u in answer.unreachable} == {
            ("island", "no_route"), ("sea", "no_road"),
        }  # fmt: skip
    answer = router.nearest(at(1050, 900), units)
    assert [eta.key for eta in answer.etas] == ["island"]
    assert not answer.place.connected
    with pytest.raises(Unroutable, match="no road leads from"):
        router.route(at(1000, 900), at(0, 100), costing=PLAIN)
    with pytest.raises(Unroutable, match="within 2000 m"):
        router.place(at(30_000, 0))
    with pytest.raises(InvalidInput, match="not on Earth"):
        router.place((-7.98, 112.63))


def test_connected_road_is_preferred_to_a_nearer_island_and_says_so() -> None:
    town = crossing()
    town.network.lonlat |= {20: at(50, 30), 21: at(150, 30)}
    town.way(9, [20, 21])
    router = town.router()
    place = router.place(at(100, 20))
    assert place.connected
    assert place.distance_m == pytest.approx(20, abs=0.1)
    assert place.passed_over_m == pytest.approx(10, abs=0.1)
    far = crossing()
    far.network.lonlat |= {20: at(150, 900), 21: at(250, 900)}
    place = far.way(9, [20, 21]).router().place(at(200, 890))
    assert not place.connected
    assert place.passed_over_m is None


def test_crossing_lines_meet_only_where_they_share_a_node() -> None:
    town = Town({1: (-500, 0), 2: (500, 0), 3: (0, -500), 4: (0, 500)})
    router = town.way(1, [1, 2]).way(2, [3, 4], oneway="no").router()
    answer = router.nearest(at(200, 0), [UnitAt("below", *at(0, 200), PLAIN)], count=None)
    assert not answer.etas
    assert answer.unreachable[0].reason == "no_route"


def test_no_units_and_a_count_of_nought() -> None:
    router = crossing().router()
    assert router.nearest(at(0, 0), []).etas == []
    answer = router.nearest(at(0, 0), [UnitAt("a", *at(10, 0), PLAIN)], count=0)
    assert answer.etas == []
    assert answer.farther == ["a"]


def test_ties_keep_the_order_given() -> None:
    router = crossing().router()
    units = [UnitAt(name, *at(-100, 0), PLAIN) for name in "cab"]
    assert [eta.key for eta in router.nearest(at(0, 100), units, count=2).etas] == ["c", "a"]


@pytest.mark.parametrize(
    "overrides",
    [
        {"class_kph": {"residential": 0}}, {"class_kph": {"rail": 50}}, {"speed": 3},
        {"u_turn_s": -1}, {"access": ["yes", "maybe"]}, {"speed_factor": "fast"},
    ],
)  # fmt: skip
def test_nonsense_costing_is_refused(overrides: dict) -> None:
    with pytest.raises(InvalidInput, match="costing"):
        costing_for("fire", overrides)


def test_mixed_kinds_are_each_timed_by_their_own_costing() -> None:
    slow = Costing("slow", class_kph=tuple(kph / 2 for kph in PLAIN.class_kph), u_turn_s=30)
    router = crossing().router()
    units = [UnitAt("slow", *at(-50, 0), slow), UnitAt("quick", *at(-80, 0), PLAIN)]
    etas = router.nearest(at(0, 10), units).etas
    assert [(eta.key, eta.eta_s) for eta in etas] == [
        ("quick", metres_driven(9)), ("slow", metres_driven(12)),
    ]  # fmt: skip


def test_the_soonest_of_several_costings_are_those_of_the_whole_list() -> None:
    rng = np.random.default_rng(12)
    router = crossing().router()
    costings = [
        Costing(f"x{factor}", class_kph=tuple(kph * factor for kph in PLAIN.class_kph), u_turn_s=30)
        for factor in (0.5, 1.0, 1.7)
    ]
    for _ in range(20):
        units = [
            UnitAt(i, *at(*rng.uniform(-200, 200, 2)), costings[int(rng.integers(3))])
            for i in range(24)
        ]
        point = at(*rng.uniform(-200, 200, 2))
        every = router.nearest(point, units, count=None)
        alone = {unit.key: router.route((unit.lon, unit.lat), point, costing=unit.costing).eta_s for unit in units}  # fmt: skip
        assert {eta.key: eta.eta_s for eta in every.etas} == pytest.approx(alone)
        for count in (1, 5, 23):
            some = router.nearest(point, units, count=count)
            assert [(e.key, e.eta_s) for e in some.etas] == [
                (e.key, e.eta_s) for e in every.etas[:count]
            ]
            assert not some.unreachable
            assert len(some.farther) == 24 - count
