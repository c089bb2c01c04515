"""The answer of a plan: its sites and cameras, what they gain, and what was left aside."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from layers.coverage.analysis import RunPart
from layers.coverage.city import ASSUMPTIONS
from layers.coverage.planning.asked import PlanAsked
from layers.coverage.planning.options import Lens
from layers.coverage.planning.problem.existing import changes_in_order
from layers.coverage.planning.problem.zones import Ask
from layers.coverage.planning.refusals import whole
from layers.coverage.siting import FewestSites, Solution, covered_weight


def plan_answer(
    ask: Ask, solved: Solution | FewestSites, parts: list[RunPart], lenses: list[Lens],
    asked: PlanAsked,
) -> dict[str, Any]:  # fmt: skip
    """A plan as it is told; `gain` of the sites, in order, adds up to `objective` together with
    `re_aim_gain`, which is there where existing cameras might change."""
    solution = solved.plan if isinstance(solved, FewestSites) else solved
    before = ask.before()
    demand = sum(float(part.streets.demand.sum()) for part in parts)
    covered = sum(float(part.streets.demand[part.now[asked.level] > 0].sum()) for part in parts)
    objective = solution.objective - before
    bound = max(objective, solution.bound - before)
    complete = all(zone.options.complete for zone in ask.zones)
    if not complete:
        bound = max(objective, float(ask.problem.weights.sum()) - before)
    sites, changed = _chosen(ask, lenses, solution, asked)
    answer: dict[str, Any] = {
        "sites": sites,
        "objective": objective,
        "bound": bound,
        "gap": (bound - objective) / bound if bound > objective else 0.0,
        "demand": round(demand, 3),
        "covered_before": round(covered, 3),
        "cost_idr": solution.cost_idr,
        "candidates": ask.poles,
        "candidates_found": ask.found,
        "demand_points": ask.problem.n_points,
        "status": solution.status if complete else "cancelled",
        "level": asked.level,
        "edition": asked.edition,
        "models": [
            {
                "name": lens.name, "price_idr": lens.price_idr, "priced": lens.priced,
                "fov_deg": round(lens.fov_deg, 2),
            }
            for lens in lenses
        ],
        "site_cost_idr": asked.site_cost_idr,
        "assumptions": list(ASSUMPTIONS),
        "notes": _notes(ask, solution, lenses, asked),
        "candidates_refused": [row for zone in ask.zones for row in zone.poles.refused],
    }  # fmt: skip
    if ask.found > ask.poles:
        answer["candidates_note"] = _(
            "{found} candidates; the {kept} with most unseen demand in reach were considered, and the bound holds for these"
        ).format(found=whole(ask.found), kept=whole(ask.poles))
    if asked.moves_existing:
        answer["re_aimed"] = changed
        answer["re_aim_gain"] = objective - sum(float(site["gain"]) for site in sites)
    if asked.backup_share:
        once = sum(float(site["first_gain"]) for site in sites)
        answer["seen_once_gain"], answer["seen_twice_gain"] = once, objective - once
    if asked.share is not None:
        answer["share_asked"] = asked.share
        answer["share_reached"] = (covered + objective) / demand if demand else 1.0
        answer["least_sites"] = len(sites)
        if isinstance(solved, FewestSites):
            answer["status"] = solved.status if complete else "cancelled"
            answer["least_sites"] = min(len(sites), max(0, solved.least - ask.cameras))
    return answer


def _chosen(
    ask: Ask, lenses: list[Lens], solution: Solution, asked: PlanAsked
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """New sites in building order, each with its cameras by heading; and the cameras changed.

    What the existing cameras earn as they are to hang comes first, so that the sites' gains are
    those of poles built beside them.
    """
    problem = ask.problem
    lens = np.concatenate([np.concatenate([z.options.lens, z.standing.lens]) for z in ask.zones])
    heading = np.concatenate(
        [np.concatenate([z.options.heading_deg, z.standing.heading_deg]) for z in ask.zones]
    )
    of_site: dict[int, list[int]] = {}
    for option in solution.options.tolist():
        of_site.setdefault(int(problem.option_site[option]), []).append(option)
    standing = [option for site, own in of_site.items() if site >= ask.poles for option in own]
    taken, worth = list(standing), covered_weight(problem, np.array(standing, dtype=np.int64))
    lonlat, sites = ask.lonlat, []
    for index, plain in zip(solution.sites.tolist(), solution.gains.tolist(), strict=True):
        if index >= ask.poles:
            continue
        own = sorted(of_site[index], key=lambda o: (heading[o], lenses[lens[o]].name))
        taken += own
        gain = plain
        if standing:
            total = covered_weight(problem, np.array(taken, dtype=np.int64))
            gain, worth = total - worth, total
        site = {
            "lon": float(lonlat[index, 0]),
            "lat": float(lonlat[index, 1]),
            "cost_idr": asked.site_cost_idr + sum(lenses[lens[o]].price_idr for o in own),
            "gain": gain,
            "cameras": [
                {
                    "heading_deg": float(heading[o]), "model": lenses[lens[o]].name,
                    "fov_deg": round(lenses[lens[o]].fov_deg, 6),
                    "mount_height_m": asked.mount_height_m, "cost_idr": lenses[lens[o]].price_idr,
                }
                for o in own
            ],
        }  # fmt: skip
        sites.append(site)
    if asked.backup_share:
        _first_gains(ask, sites, [of_site[i] for i in solution.sites.tolist()])
    return sites, _changed(ask, lenses, of_site, lens, heading)


def _first_gains(ask: Ask, sites: list[dict[str, Any]], options: list[list[int]]) -> None:
    """Tell of each site what it is the very first to see, apart from what it sees a second time."""
    fresh = np.concatenate([zone.second for zone in ask.zones]) > 0
    weights = np.where(fresh, ask.problem.weights, 0.0)
    for site, own in zip(sites, options, strict=True):
        pieces = np.unique(ask.problem.covers[own].indices)
        site["first_gain"] = float(weights[pieces].sum())
        weights[pieces] = 0.0


def _changed(
    ask: Ask, lenses: list[Lens], of_site: dict[int, list[int]], lens: Any, heading: Any
) -> list[dict[str, Any]]:
    """Existing cameras that are to hang otherwise, the most worthwhile first.

    `gain` of each, after those before it, adds up to what all of them bring.
    """
    problem = ask.problem
    as_it_hangs: dict[int, int] = {}
    for option in np.flatnonzero(problem.option_site >= ask.poles).tolist():
        as_it_hangs.setdefault(int(problem.option_site[option]), option)
    rows, number = [], ask.poles
    changes: list[tuple[int, int]] = []
    for zone in ask.zones:
        for index, watcher in enumerate(zone.standing.watchers):
            option, today = of_site[number][0], as_it_hangs[number]
            number += 1
            if math.isnan(heading[option]):
                continue
            model = lenses[lens[option]].name if lens[option] >= 0 else None
            changes.append((today, option))
            rows.append(
                {
                    "camera": watcher.camera_id, "code": watcher.code, "lon": watcher.lon,
                    "lat": watcher.lat, "from_heading_deg": float(zone.standing.headings_now[index]),
                    "heading_deg": float(heading[option]), "model": model,
                    "cost_idr": int(problem.option_cost_idr[option]),
                }
            )  # fmt: skip
    gains = changes_in_order(problem, list(as_it_hangs.values()), changes)
    return [{**rows[place], "gain": gain} for place, gain in gains]


def _notes(ask: Ask, solution: Solution, lenses: list[Lens], asked: PlanAsked) -> list[str]:
    """What a planner should know about an answer that is poorer than it might be."""
    notes = []
    least = asked.site_cost_idr + min(lens.price_idr for lens in lenses)
    if not all(zone.options.complete for zone in ask.zones):
        notes.append(
            _("stopped before every candidate was looked at: the bound is all unseen demand")
        )
    elif not ask.problem.n_points:
        notes.append(_("active cameras see all demand already"))
    elif not ask.problem.covers.nnz:
        notes.append(_("no candidate sees any unseen demand at this level"))
    elif asked.budget_idr is not None and not len(solution.sites) and asked.budget_idr < least:
        notes.append(
            _(
                "the budget of Rp {budget} buys no site: a pole with the cheapest camera costs Rp {least}"
            ).format(budget=whole(asked.budget_idr), least=whole(least))
        )
    if asked.sites is not None and asked.sites > ask.poles:
        notes.append(
            _("{n} sites are asked for, but there are {poles} candidates").format(
                n=whole(asked.sites), poles=whole(ask.poles)
            )
        )
    return notes
