"""The ground a plan works on: street pieces of a run, and which of them cameras see already."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from layers.assets.models import Camera
from layers.coverage.analysis import (
    EDGE_DEG,
    Progress,
    RunPart,
    area_with_code,
    count_views,
    run_parts,
)
from layers.coverage.city import scene_around
from layers.coverage.demand import Profile
from layers.coverage.visibility import PointGrid, sight_lines
from layers.errors import InvalidInput
from layers.places.models import Area
from layers.places.versions import layer_versions, layers_moved_here

#: Layers whose change makes a remembered ground stale. Incidents are not among them: the moment
#: that demand is taken at belongs to the question, and later ones do not count.
GROUND_LAYERS = ("areas", "roads", "places", "cctv", "buildings", "camera_models", "optics")
#: Grounds kept in a process, and camera views kept with each.
MOST_GROUNDS = 2
MOST_VIEWS = 20_000


def ground_of_plan(
    *, area: Area | None, level: str, least_px_per_m: float, profile: Profile, as_of: datetime,
    progress: Progress, ignoring: Collection[int] = (),
) -> list[RunPart]:  # fmt: skip
    """Parts of a run, `now[level]` filled in with the number of active cameras at the level.

    The same streets, demand and cameras as `coverage_analyse` takes, so that what a plan predicts
    is what an analysis finds once it is built. `ignoring`: cameras taken as not there. Raises `InvalidInput` where there is no street.
    """
    cameras = Camera.objects.select_related("model").order_by("code").exclude(pk__in=ignoring)
    if area is not None:
        cameras = cameras.filter(geom__intersects=area.geom.envelope.buffer(EDGE_DEG))
    levels = {level: least_px_per_m}
    parts = run_parts(list(cameras), area, profile, as_of, levels, progress)
    if not any(len(part.streets) for part in parts):
        raise InvalidInput(
            _("there are no streets to plan for")
            if area is None
            else _("there are no streets to plan for in {area}").format(area=area),
            remedy=_("import roads first (import_osm, import_layer)"),
        )
    for part in parts:
        ready = [item for item in part.ready if item.view is not None]
        views = [item.view for item in ready if item.view is not None]
        if not views or not len(part.streets):
            continue
        range_m = max(view.max_range_m for view in views)
        scene = scene_around(part.frame, [(item.lon, item.lat) for item in ready], range_m=range_m)
        count_views(part.now, scene, views, part.streets, levels)
    return parts


def sites_seeing_now(part: RunPart, least_px_per_m: float) -> NDArray[np.int64]:
    """For each street piece the number of places with an active camera that sees it now.

    Cameras of one site, and cameras at one point, fail together and count once.
    """
    ready = [(item, item.view) for item in part.ready if item.view is not None]
    times = np.zeros(len(part.streets), dtype=np.int64)
    if not ready or not len(part.streets):
        return times
    site_of = dict(
        Camera.objects.filter(pk__in=[item.camera_id for item, _ in ready]).values_list("pk", "site_id")
    )  # fmt: skip
    range_m = max(view.max_range_m for _, view in ready)
    scene = scene_around(part.frame, [(item.lon, item.lat) for item, _ in ready], range_m=range_m)
    lines = sight_lines(scene, [view for _, view in ready], part.streets.xy)
    held = lines.px_per_m >= least_px_per_m
    _, site = np.unique([site_of[item.camera_id] for item, _ in ready], return_inverse=True)
    pairs = np.unique(site[lines.camera[held]].astype(np.int64) * len(times) + lines.point[held])
    np.add.at(times, pairs % len(times), 1)
    return times


@dataclass(eq=False)
class Ground:
    """A ground kept in memory, with what cameras tried on it were found to see.

    `views` by camera: index of the part and the pieces of its street seen at the level.
    """

    parts: list[RunPart]
    level: str
    least_px_per_m: float
    grids: list[PointGrid]
    views: OrderedDict[tuple[object, ...], tuple[int, NDArray[np.int32]]] = field(
        default_factory=OrderedDict
    )

    @cached_property
    def seen(self) -> list[NDArray[np.int64]]:
        """For each part and street piece whether an active camera sees it, 0 or 1."""
        return [(part.now[self.level] > 0).astype(np.int64) for part in self.parts]

    @cached_property
    def sites_seeing(self) -> list[NDArray[np.int64]]:
        """For each part and street piece the number of places it is seen from."""
        return [sites_seeing_now(part, self.least_px_per_m) for part in self.parts]

    def remember(self, key: tuple[object, ...], part: int, pieces: NDArray[np.int32]) -> None:
        """Keep what a camera sees; the one longest unused goes first."""
        self.views[key] = (part, pieces)
        while len(self.views) > MOST_VIEWS:
            self.views.popitem(last=False)


_grounds: OrderedDict[tuple[object, ...], Ground] = OrderedDict()
_lock = threading.Lock()


def known_ground(
    *,
    area_code: str | None,
    level: str,
    least_px_per_m: float,
    profile: Profile,
    as_of: datetime,
    ignoring: Collection[int] = (),
) -> Ground:
    """The ground of a question, from memory while no layer of `GROUND_LAYERS` has changed.

    Answers of one process about one ground are alike; a demo city takes seconds the first time.
    """

    def made() -> Ground:
        parts = ground_of_plan(
            area=area_with_code(area_code), level=level, least_px_per_m=least_px_per_m,
            profile=profile, as_of=as_of, progress=lambda line: None, ignoring=ignoring,
        )  # fmt: skip
        grids = [PointGrid.of(part.streets.xy) for part in parts]
        return Ground(parts, level, least_px_per_m, grids)

    if not layers_moved_here().isdisjoint(GROUND_LAYERS):
        return made()
    versions = layer_versions()
    key = (
        area_code or "", level, least_px_per_m, json.dumps(profile.as_dict(), sort_keys=True), as_of, frozenset(ignoring),
        tuple(versions.get(name, 0) for name in GROUND_LAYERS),
    )  # fmt: skip
    with _lock:
        if key not in _grounds:
            _grounds[key] = made()
        ground = _grounds[key]
        _grounds.move_to_end(key)
        while len(_grounds) > MOST_GROUNDS:
            _grounds.popitem(last=False)
    return ground
