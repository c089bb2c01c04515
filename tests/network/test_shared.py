"""One router, many threads: the same answers as one after another, closures on and off meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from layers.network.engine.closing import close_roads
from layers.network.router import Router, UnitAt
from tests.network.small import PLAIN, at
from tests.network.test_turns import random_town


@pytest.fixture(scope="module")
def router() -> Router:
    return random_town(np.random.default_rng(5)).router()


def test_threads_do_not_disturb_each_other(router: Router) -> None:
    rng = np.random.default_rng(6)
    shut = [(int(link), 0.0, 1e9) for link in rng.choice(router.graph.link_count, 8, replace=False)]
    closed = close_roads(router.graph, shut)
    questions = []
    for number in range(120):
        spots = [at(*xy) for xy in rng.uniform(0, 400, (9, 2)).tolist()]
        units = [UnitAt(i, *xy, PLAIN) for i, xy in enumerate(spots[1:])]
        questions.append((spots[0], units, closed if number % 2 else None))

    def ask(question: tuple) -> list:
        point, units, shut_now = question
        answer = router.nearest(point, units, count=4, closed=shut_now)
        return [(e.key, e.eta_s, e.distance_m, e.route.edges.tolist()) for e in answer.etas]

    alone = [ask(question) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ask, questions * 3))
    assert together == alone * 3
    assert any(len(answer) for answer in alone)


def test_moving_one_unit_moves_only_its_own_answer(router: Router) -> None:
    rng = np.random.default_rng(9)
    spots = rng.uniform(0, 400, (20, 2))
    point = at(200, 200)

    def ask(here: np.ndarray, asked: Router) -> dict:
        units = [UnitAt(i, *at(*xy), PLAIN) for i, xy in enumerate(here.tolist())]
        return {e.key: e.eta_s for e in asked.nearest(point, units, count=None).etas}

    for unit in (3, 11, 3):
        ask(spots, router)
        spots[unit] = rng.uniform(0, 400, 2)
        assert ask(spots, router) == ask(spots, Router(router.graph))
