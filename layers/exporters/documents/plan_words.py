"""What a plan's documents say in words: numbers as the reader writes them, the method, its limits."""

from __future__ import annotations

import math
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from layers.coverage.plans.models import Plan

#: The solver's status → how its search ended.
SEARCH_ENDED = {
    "optimal": gettext_lazy("proven to be the best possible"),
    "gap_reached": gettext_lazy("ended as near to the best as was asked for"),
    "time_limit": gettext_lazy("ended when the time was up"),
    "cancelled": gettext_lazy("stopped early by hand"),
    "stalled": gettext_lazy("ended when nothing better was found"),
}


def whole(value: float) -> str:
    """A whole number as the reader's language writes it."""
    text = f"{round(value):,}"
    return text.replace(",", ".") if (get_language() or "id").startswith("id") else text


def decimal(value: float, places: int = 1) -> str:
    """A number with decimals as the reader's language writes it."""
    text = f"{value:,.{places}f}"
    if (get_language() or "id").startswith("id"):
        text = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    return text


def rupiah(value: int) -> str:
    """Whole rupiah."""
    return f"Rp {whole(value)}"


def share(part: float, of: float) -> str:
    """A share as per cent."""
    return f"{decimal(100 * part / of if of > 0 else 0.0)} %"


def at_most(gap: float) -> str:
    """A proven gap as per cent, rounded up: what is said is never better than what was proven."""
    return f"{decimal(math.ceil(round(1e4 * gap, 6)) / 100, 2)} %"


def method_lines(plan: Plan, figures: dict[str, Any]) -> list[str]:
    """How the plan was found and what is proven of it."""
    asked, proposed = plan.parameters, figures["proposed"]
    limits = [
        _("at most {n} sites").format(n=whole(asked["sites"])) if asked.get("sites") is not None else "",
        _("at most {money}").format(money=rupiah(asked["budget_idr"])) if asked.get("budget_idr") is not None else "",
    ]  # fmt: skip
    lines = [
        _("Every street was cut into short pieces. A piece weighs more where more incidents happened, where more people live and near public places; that weight is called demand. Demand that active cameras see already was not bought again."),
        _("Poles may stand at street corners, street ends and points that the planner or a request named: {candidates} candidates, {points} street pieces. For each pole and camera the computer drew the lines of sight past the buildings and kept the pieces seen at the level “{level}” ({edition}).").format(candidates=whole(proposed["candidates"] or 0), points=whole(proposed["demand_points"] or 0), level=_(plan.level), edition=asked.get("edition", "")),
    ]  # fmt: skip
    if asked.get("share") is not None:
        lines += [
            _("Among them the fewest sites were looked for with which at least {share} of all demand is seen.").format(share=share(asked["share"], 1.0)),
            _("What was found reaches {share} with {n} sites. It is proven that fewer than {least} sites do not reach it.").format(share=share(asked.get("share_reached") or 0.0, 1.0), n=whole(plan.sites.count()), least=whole(asked.get("least_sites") or 0)),
        ]  # fmt: skip
    else:
        lines += [
            _("Among them the choice was looked for that sees the most demand within {limits}.").format(limits=_(" and ").join(part for part in limits if part) or "–"),
            _("What was found gains {objective}. It is proven that no choice among these candidates gains more than {bound}: this plan misses the best possible one by at most {gap}.").format(objective=whole(proposed["objective"]), bound=whole(proposed["bound"]), gap=at_most(proposed["gap"])),
        ]  # fmt: skip
    if proposed["status"] == "cancelled":
        lines.append(
            _(
                "The search was stopped early by hand: this is the best plan found until then, with what was proven until then."
            )
        )
    lines += _special_lines(asked)
    if figures["changed"]:
        lines.append(
            _(
                "Since then people moved, added or took out sites. With the sites as they stand now the plan gains {gain}; the proof above is about the proposal, not about these changes."
            ).format(gain=whole(figures["gain"]))
        )
    if asked.get("candidates_found", 0) > (proposed["candidates"] or 0):
        lines.append(
            _(
                "There were {found} possible poles; the {kept} with the most unseen demand in reach were considered, and the proof holds for these."
            ).format(
                found=whole(asked["candidates_found"]), kept=whole(proposed["candidates"] or 0)
            )
        )
    return lines


def _special_lines(asked: dict[str, Any]) -> list[str]:
    """What was asked for beside the limits."""
    lines = []
    if asked.get("backup_share"):
        lines.append(
            _(
                "A piece of street that a second site sees counts {share} of its demand once more, so that it is not lost with one site."
            ).format(share=share(asked["backup_share"], 1.0))
        )
    if asked.get("re_aim") or asked.get("swap"):
        lines.append(
            _(
                "Cameras that hang already could be turned or replaced where that gains more for the money than a new pole; the table of cameras to turn says which."
            )
        )
    if asked.get("min_distance_m"):
        lines.append(
            _(
                "New sites stand at least {n} m from each other and {m} m from existing ones."
            ).format(n=whole(asked["min_distance_m"]), m=whole(asked.get("site_distance_m") or 0))
        )
    return lines


def assumed_lines(plan: Plan) -> list[str]:
    """What the figures take for granted."""
    asked = plan.parameters
    return [
        _("The ground is taken as flat, and trees are not known: a tree in front of a camera hides what this document counts as seen."),
        _("Buildings without a recorded height are taken by their number of storeys, or as one storey."),
        _("Prices are those of the price list: {site} a site for pole, power and fibre, and the price of each camera. A year's cost is network, power and upkeep.").format(site=rupiah(asked.get("site_cost_idr", 0))),
        _("Cameras hang {height} m high and look where the table and the maps say; whoever turns one changes what it sees.").format(height=decimal(asked.get("mount_height_m", 0))),
    ]  # fmt: skip
