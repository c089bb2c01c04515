"""Figures of intervals: percentiles, shares within targets, and the cases that were left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from layers.dispatch.performance.intervals import BY_KEY, EXCLUDED_TITLES, INTERVALS, Interval
from layers.dispatch.performance.measuring import Case, Measurement
from layers.errors import InvalidInput

#: How the percentiles are made, said wherever they are shown.
PERCENTILE_METHOD = "Hyndman & Fan 1996 type 7 (PERCENTILE.INC), doi:10.2307/2684934"


def groupings(zone: tzinfo) -> dict[str, Callable[[Case], tuple[str, str]]]:
    """Ways to group cases: name → (key, title) of a case. Hours and months are those of the zone."""
    return {
        "none": lambda case: ("", ""),
        "agency": lambda case: (case.agency, case.agency_name),
        "kind": lambda case: (case.kind, case.kind),
        "type": lambda case: (case.type, case.type_name),
        "area": lambda case: (case.area, case.area_name),
        "hour": lambda case: (f"{case.at.astimezone(zone).hour:02d}",) * 2,
        "month": lambda case: (f"{case.at.astimezone(zone):%Y-%m}",) * 2,
        "priority": lambda case: (("" if case.priority is None else str(case.priority)),) * 2,
        "channel": lambda case: (case.channel, case.channel),
    }


def figures_by(found: Iterable[Measurement], *, by: str, zone: tzinfo) -> list[dict[str, Any]]:
    """One entry a group in the order of its key: `{key, name, intervals: {key: figures}}`."""
    ways = groupings(zone)
    if by not in ways:
        raise InvalidInput(
            _("figures are not grouped by {by}").format(by=by), value=by, remedy=_("choose one of {list}").format(list=', '.join(ways))
        )  # fmt: skip
    parts: dict[str, dict[str, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
    names: dict[str, str] = {}
    for one in found:
        key, name = ways[by](one.case)
        parts[key][one.interval.key].append(one)
        names[key] = name
    return [
        {
            "key": key, "name": names[key],
            "intervals": {
                interval.key: figures_of(interval, parts[key][interval.key])
                for interval in INTERVALS
                if interval.key in parts[key]
            },
        }
        for key in sorted(parts)
    ]  # fmt: skip


def figures_of(interval: Interval, found: list[Measurement]) -> dict[str, Any]:
    """n, median, 90th percentile, share within each target, and how many were left out and why.

    `{n, excluded: {reason: n}, p50_s, p90_s, within: {target: {n, share, target_share, within_s}}}`;
    shares in [0, 1] with `≤` the target; percentiles are None where n is 0.
    """
    values = np.array([one.seconds for one in found if one.seconds is not None], dtype=float)
    p50, p90 = np.percentile(values, [50, 90]) if len(values) else (None, None)
    within = {}
    for target in interval.targets:
        held = [
            one.seconds
            for one in found
            if one.seconds is not None
            and target.applies(kind=one.case.kind, channel=one.case.channel)
        ]
        met = sum(seconds <= target.within_s for seconds in held)
        within[target.key] = {
            "n": len(held), "share": met / len(held) if held else None,
            "target_share": target.share, "within_s": target.within_s,
        }  # fmt: skip
    return {
        "n": len(values),
        "excluded": dict(sorted(Counter(one.excluded for one in found if one.excluded).items())),
        "p50_s": None if p50 is None else round(float(p50), 1),
        "p90_s": None if p90 is None else round(float(p90), 1),
        "within": within,
    }


def definitions() -> list[dict[str, Any]]:
    """Every interval as it is defined, for the page, the export and the PDF."""
    return [
        {
            "key": interval.key, "title": str(interval.title), "of": str(interval.of),
            "starts": str(interval.starts), "ends": str(interval.ends),
            "groups": sorted(interval.groups),
            "targets": [
                {"key": t.key, "within_s": t.within_s, "share": t.share, "source": str(t.source)}
                for t in interval.targets
            ],
        }
        for interval in BY_KEY.values()
    ]  # fmt: skip


def excluded_titles() -> dict[str, str]:
    """Reasons in words."""
    return {str(key): str(title) for key, title in EXCLUDED_TITLES.items()}
