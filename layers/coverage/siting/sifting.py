"""Runs over some of the options whose prices are then tried on all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from layers.coverage.siting.dual import DualPoint
from layers.coverage.siting.merge import narrowed
from layers.coverage.siting.poles import dearest_classes, keep_few

if TYPE_CHECKING:
    from layers.coverage.siting.run import Run

#: How many sites to begin with, rounds, descent rounds of each, how near (as a part) a site must come
#: to being built to be let in, and of how many alike and in all in one round.
SIFT_SITES = 4000
SIFT_ROUNDS = 30
SIFT_DESCENT = 250
SIFT_NEARLY = 0.97
SIFT_ALIKE = 2
SIFT_MOST = 1500

#: Part of the options up to which the run goes on with the promising ones alone, descent rounds of
#: that, how often options that show up are let in, and how much looser than theirs the exported
#: certificate may stay.
NARROW_SHARE = 0.5
NARROW_DESCENT = 400
NARROW_ROUNDS = 6
CERTIFICATE_SLACK = 1e-3


def sift(run: Run, *, linear: bool) -> bool:
    """Prices over the promising sites, tried on all of them, and those that show up let in, until
    nothing does: by descent, or by linear programme as well (sifting: Bixby, Gregory, Lustig,
    Marsten & Shanno 1992, doi:10.1287/opre.40.5.885). Then `narrow`. True when all is done."""
    active = _sample(run)
    point = run.point
    for _ in range(SIFT_ROUNDS):
        active[run.options] = True
        part, labels = narrowed(run.reduced, active)
        child = run.child(part, labels, point)
        child.price(child.descent(SIFT_DESCENT))
        child.improve(child.priced_plan())
        if linear and not child.done():
            child.linear()
        run.adopt(child, part)
        point = run.lifted(child, part, labels, point)
        fresh = _showing_up(run, point, active)
        run.price(point)
        if linear:
            # Prices of a corner jump about: half way to the best ones known is often better
            # (Wentges 1997, doi:10.1016/S0969-6016(97)00001-4).
            middle = run.dual.at_exactly(
                0.5 * (point.prices + run.point.prices),
                0.5 * (point.rupiah_price + run.point.rupiah_price),
            )
            fresh |= _showing_up(run, middle, active)
            run.price(middle)
        run.report("sifting")
        if run.done():
            return True
        loose = run.point.bound > child.point.bound * (1.0 + 0.1 * max(run.enough, 1e-4))
        if not (loose and fresh.any()):
            break
        active |= fresh
    return narrow(run)


def _sample(run: Run) -> NDArray[np.bool_]:
    """Options of some sites all over, more where there is more to see."""
    first, last = run.reduced.site_start[:-1], run.reduced.site_start[1:]
    worth = run.search.worth_of_sites()
    chance = np.minimum(1.0, SIFT_SITES * worth / max(1e-300, float(worth.sum())))
    sites = run.random.random(len(worth)) < chance
    return np.repeat(sites, last - first)


def _showing_up(run: Run, point: DualPoint, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Options of sites left out that these prices build, or nearly would, best first; of those
    alike (the same dearest class) a few."""
    reduced = run.reduced
    inside = np.zeros(len(point.values), dtype=bool)
    inside[reduced.option_site[active]] = True
    least = max(0.0, SIFT_NEARLY * point.threshold) if np.isfinite(point.threshold) else 0.0
    sites = np.flatnonzero(~inside & ((point.values > least) | point.built))
    sites = sites[np.argsort(-point.values[sites], kind="stable")]
    dearest = dearest_classes(run.instance, point.prices, sites)
    kept = keep_few(dearest, len(reduced.first_weight), SIFT_ALIKE, SIFT_MOST)
    wanted = np.zeros(len(point.values), dtype=bool)
    wanted[sites[kept]] = True
    return np.asarray(wanted[reduced.option_site])


def narrow(run: Run) -> bool:
    """Where reduced-cost fixing leaves few options, solve over those alone, merged anew.

    A plan better than the best one has only such options, so that the bound found among them
    holds for all. Its prices are then tried on the whole problem, and options that show up are
    let in, until prices prove (nearly) as much there. False where too many are left.
    """
    active = ~run.dual.hopeless_options(run.point, run.total)
    active[run.options] = True
    if active.mean() > NARROW_SHARE:
        return False
    for _ in range(NARROW_ROUNDS):
        part, labels = narrowed(run.reduced, active)
        child = run.child(part, labels, run.point)
        child.prove(descents=(NARROW_DESCENT,))
        run.adopt(child, part)
        run.bound = min(run.bound, max(run.total, child.bound))
        point = run.lifted(child, part, labels, run.point)
        run.price(point)
        missed = point.picked & point.built[run.reduced.option_site] & ~active
        slack = max(run.enough, CERTIFICATE_SLACK)
        loose = run.point.bound > child.point.bound * (1.0 + slack)
        if run.clock.stopped() or not (missed.any() and loose):
            break
        active |= missed
    return True
