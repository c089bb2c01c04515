"""What a plan is asked for: limits, places, cameras and prices, checked before any work."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from numpy.typing import NDArray

from layers.coverage.planning.options import (
    CAMERA_COST_IDR,
    CAMERAS_PER_SITE,
    HEADINGS_DEG,
    MOUNT_HEIGHT_M,
    RE_AIM_COST_IDR,
    RE_AIM_LEAST_SHARE,
    SITE_COST_IDR,
    SITE_YEARLY_COST_IDR,
)
from layers.errors import Infeasible, InvalidInput

#: New sites stand at least (>=) this far from each other (m).
SPACING_M = 30.0
#: No new site stands closer than (<) this to one that is there already (m).
APART_FROM_SITES_M = 20.0
#: Most headings tried at a pole, and most cameras on one.
MOST_HEADINGS = 72
MOST_CAMERAS = 16
#: Least and most of the numbers asked for, both allowed; what each is called, and what to give.
_RANGES: Mapping[str, tuple[float, float, Any, Any]] = {
    "sites": (0, 10**9, gettext_lazy("sites"), gettext_lazy("a number of poles")),
    "budget_idr": (0, 2**62, gettext_lazy("budget"), gettext_lazy("whole rupiah")),
    "gap": (0.0, 1.0, gettext_lazy("gap"), gettext_lazy("a share from 0 to 1")),
    "time_limit_s": (
        0.0,
        86_400.0,
        gettext_lazy("time limit"),
        gettext_lazy("0 to 86,400 seconds"),
    ),
    "min_distance_m": (
        0.1,
        20_000.0,
        gettext_lazy("distance between new sites"),
        gettext_lazy("metres, 0.1 or more"),
    ),
    "site_distance_m": (
        0.0,
        20_000.0,
        gettext_lazy("distance from existing sites"),
        gettext_lazy("metres, 0 or more"),
    ),
    "cameras_per_site": (
        1,
        MOST_CAMERAS,
        gettext_lazy("cameras per site"),
        gettext_lazy("1 to 16 cameras"),
    ),
    "mount_height_m": (
        0.5,
        500.0,
        gettext_lazy("mounting height"),
        gettext_lazy("metres above the ground"),
    ),
    "site_cost_idr": (0, 10**15, gettext_lazy("cost of a site"), gettext_lazy("whole rupiah")),
    "site_yearly_cost_idr": (
        0,
        10**15,
        gettext_lazy("yearly cost of a site"),
        gettext_lazy("whole rupiah"),
    ),
    "camera_cost_idr": (0, 10**15, gettext_lazy("cost of a camera"), gettext_lazy("whole rupiah")),
    "re_aim_cost_idr": (
        0,
        10**15,
        gettext_lazy("cost of turning a camera"),
        gettext_lazy("whole rupiah"),
    ),
    "re_aim_least_share": (
        0.0,
        1.0,
        gettext_lazy("least gain of a changed camera"),
        gettext_lazy("a share from 0 to 1"),
    ),
    "backup_share": (
        0.0,
        1.0,
        gettext_lazy("value of a second view"),
        gettext_lazy("a share from 0 to 1"),
    ),
    "most_candidates": (
        1,
        10**9,
        gettext_lazy("most candidates"),
        gettext_lazy("a number of candidates"),
    ),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanAsked:
    """One question to the planner; `checked` refuses what cannot be meant.

    Limits: at most (<=) `sites` new poles and (<=) `budget_idr`, either or both; or `share`, the
    fewest new poles with which at least (>=) that share of all demand is seen. Places, longitude
    before latitude: `required` get a site each, `candidates_extra` may get one as corners may, none
    stands in `forbidden`; `corners` False leaves only the places given. Distances: new sites from
    each other, and from sites that are there. Cameras: `models` by name (None: the planner's
    choice from the price list), `headings_deg` from true north, `cameras_per_site` of them at most.
    `backup_share` is the part of a street's demand earned once more when a second site sees it.
    `re_aim` lets active fixed cameras turn, `swap` lets them be replaced by one of the models, for
    `re_aim_cost_idr` and the new camera's price; both before or beside new poles, and only where the
    change brings at least (>=) `re_aim_least_share` of all demand beside everything else.
    """

    sites: int | None = None
    budget_idr: int | None = None
    share: float | None = None
    area_code: str | None = None
    level: str = "detect"
    edition: str | None = None
    profile_name: str | None = None
    as_of: datetime | None = None
    required: Any = None
    candidates_extra: Any = None
    forbidden: Any = None
    corners: bool = True
    min_distance_m: float = SPACING_M
    site_distance_m: float = APART_FROM_SITES_M
    models: tuple[str, ...] | None = None
    headings_deg: tuple[float, ...] = HEADINGS_DEG
    cameras_per_site: int = CAMERAS_PER_SITE
    mount_height_m: float = MOUNT_HEIGHT_M
    site_cost_idr: int = SITE_COST_IDR
    site_yearly_cost_idr: int = SITE_YEARLY_COST_IDR
    camera_cost_idr: int = CAMERA_COST_IDR
    backup_share: float = 0.0
    re_aim: bool = False
    swap: bool = False
    re_aim_cost_idr: int = RE_AIM_COST_IDR
    re_aim_least_share: float = RE_AIM_LEAST_SHARE
    most_candidates: int | None = None
    gap: float = 0.01
    time_limit_s: float = 60.0
    seed: int = 0
    name: str = ""

    @property
    def moves_existing(self) -> bool:
        """Whether cameras that are there may change."""
        return self.re_aim or self.swap

    def checked(self) -> PlanAsked:
        """The question in its plain form; raises `InvalidInput` or `Infeasible` with the value."""
        self._check_limits()
        for name, (low, high, word, remedy) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InvalidInput(
                    _("{what} is {value}").format(what=word, value=value),
                    value=value,
                    remedy=_("give {what}").format(what=remedy),
                )
        headings = tuple(sorted({float(heading) % 360.0 for heading in self.headings_deg}))
        if not 1 <= len(headings) <= MOST_HEADINGS or not all(map(math.isfinite, headings)):
            raise InvalidInput(
                _("{n} headings").format(n=len(headings)),
                value=headings,
                remedy=_("give 1 to {n} bearings").format(n=MOST_HEADINGS),
            )
        if self.moves_existing and self.backup_share:
            raise InvalidInput(
                _("re-aiming and backup coverage cannot be asked for together"),
                remedy=_("plan one after the other"),
            )
        if self.models is not None and not self.models:
            raise InvalidInput(
                _("no camera model is chosen"), remedy=_("choose one or leave it out")
            )
        required, extra = (_places(v) for v in (self.required, self.candidates_extra))
        forbidden = np.array([] if self.forbidden is None else list(self.forbidden), dtype=object)
        _check_apart(required, forbidden)
        if not self.corners and not len(required) and not len(extra):
            raise InvalidInput(
                _("no place is left to build at"),
                remedy=_("give candidates, or let corners be used"),
            )
        return replace(
            self, headings_deg=headings, required=required, candidates_extra=extra,
            forbidden=forbidden, models=None if self.models is None else tuple(self.models),
        )  # fmt: skip

    def _check_limits(self) -> None:
        if self.share is None and self.sites is None and self.budget_idr is None:
            raise InvalidInput(
                _("a plan needs a limit"),
                remedy=_("give a number of sites, a budget, both of them, or a share"),
            )
        if self.share is None:
            return
        if not 0.0 < self.share <= 1.0:
            raise InvalidInput(
                _("share is {value}").format(value=self.share),
                value=self.share,
                remedy=_("give more than 0, at most 1"),
            )
        if self.sites is not None or self.budget_idr is not None or self.backup_share:
            raise InvalidInput(
                _("the fewest sites are sought without number, budget and backup coverage"),
                remedy=_("leave out the share or the others"),
            )

    def as_parameters(self) -> dict[str, Any]:
        """The question as it is stored with its plan; `from_params` reads it back."""
        kept = {item.name: getattr(self, item.name) for item in fields(self)}
        kept["area"], kept["profile_asked"] = kept.pop("area_code"), kept.pop("profile_name")
        kept["as_of"] = None if self.as_of is None else self.as_of.isoformat()
        for name in ("required", "candidates_extra"):
            kept[name] = np.asarray(kept[name]).tolist()
        kept["forbidden"] = [json.loads(shapely.to_geojson(shape)) for shape in self.forbidden]
        for name in ("headings_deg", "models"):
            kept[name] = None if kept[name] is None else list(kept[name])
        kept["models_asked"] = kept.pop("models")
        return kept

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> PlanAsked:
        """The question of a job: places as lists of degrees, forbidden zones as GeoJSON."""
        known = {item.name for item in fields(cls)}
        asked = {
            name: value for name, value in params.items() if name in known and value is not None
        }
        asked["area_code"] = params.get("area") or params.get("area_code")
        profile = params.get("profile", params.get("profile_asked"))
        asked["profile_name"] = profile if isinstance(profile, str) else params.get("profile_name")
        if isinstance(asked.get("as_of"), str):
            asked["as_of"] = datetime.fromisoformat(asked["as_of"])
        if "headings_deg" in asked:
            asked["headings_deg"] = tuple(asked["headings_deg"])
        # A stored plan lists the models it chose among with their prices under `models`.
        names = params.get("models_asked") or params.get("models") or []
        asked["models"] = tuple(name for name in names if isinstance(name, str)) or None
        asked["forbidden"] = [
            shapely.from_wkt(shape) if isinstance(shape, str) else shapely.from_geojson(json.dumps(shape))
            for shape in params.get("forbidden") or []
        ]  # fmt: skip
        return cls(**asked)


def _places(values: Any) -> NDArray[np.float64]:
    """(n, 2) degrees, each place once, in order of longitude."""
    places = np.asarray([] if values is None else values, dtype=np.float64).reshape(-1, 2)
    for lon, lat in places.tolist():
        if not (math.isfinite(lon + lat) and abs(lon) <= 180 and abs(lat) <= 90):
            swapped = math.isfinite(lon + lat) and abs(lat) <= 180 and abs(lon) <= 90
            raise InvalidInput(
                _("longitude {lon}, latitude {lat} is out of range").format(lon=lon, lat=lat),
                value=(lon, lat),
                remedy=_("longitude and latitude look swapped: give longitude first")
                if swapped
                else _("give longitude and latitude in WGS 84 degrees"),
            )
    return np.asarray(np.unique(places, axis=0))


def _check_apart(must: NDArray[np.float64], barred: NDArray[np.object_]) -> None:
    """Raise Infeasible where a required place lies in a forbidden one."""
    if not len(must) or not len(barred):
        return
    pairs = shapely.STRtree(barred).query(shapely.points(must), predicate="intersects")
    both = np.unique(pairs[0])
    if len(both):
        lon, lat = must[both[0]].tolist()
        raise Infeasible(
            _(
                "{n} of {all} required places lie in a forbidden one; the first is {lon} {lat}"
            ).format(n=len(both), all=len(must), lon=lon, lat=lat),
            value=must[both].tolist(),
            remedy=_("take each of them off one of the two lists"),
        )
