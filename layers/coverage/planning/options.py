"""The cameras a plan may hang on a pole: models of the price list, their view and their price."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from layers.assets.models import CameraKind, CameraModel
from layers.coverage.city import DEFAULT_FOV_DEG, DEFAULT_RANGE_M, DEFAULT_WIDTH_PX
from layers.coverage.optics import CameraView, field_of_view_deg
from layers.errors import InvalidInput, NotFound, Unavailable

#: A pole with its foundation, power connection and fibre drop (whole rupiah).
SITE_COST_IDR = 25_000_000
#: A year's power, network and upkeep of one site (whole rupiah).
SITE_YEARLY_COST_IDR = 6_000_000
#: A camera of which the price list does not say the price (whole rupiah).
CAMERA_COST_IDR = 8_000_000
#: Turning a camera that hangs already: a team with a lift for half a day (whole rupiah).
RE_AIM_COST_IDR = 500_000
#: Part of all demand that a turned or replaced camera brings at least; on the demonstration city about
#: what new poles bring for the price of turning one.
RE_AIM_LEAST_SHARE = 2e-5
#: Most cameras on a pole unless another number is asked for.
CAMERAS_PER_SITE = 4
#: Cameras of a plan hang this high (m).
MOUNT_HEIGHT_M = 6.0
#: Headings tried, clockwise from true north (degrees).
HEADINGS_DEG = tuple(float(heading) for heading in range(0, 360, 30))
#: Most models a plan chooses among.
MOST_MODELS = 3
#: The camera a plan uses where the price list holds no fixed one.
BUILT_IN_MODEL = "1920x1080"


@dataclass(frozen=True)
class Lens:
    """A model as a plan uses it: at its shortest focal length, which sees most ground.

    `model` is None for the built-in camera; `priced` tells whether the price is the list's.
    """

    name: str
    model: CameraModel | None
    fov_deg: float
    image_width_px: int
    price_idr: int
    priced: bool

    def reach_m(self, level_px_per_m: float) -> float:
        """How far from the pole the level can be held at the edge of the picture (m)."""
        half = math.radians(self.fov_deg) / 2
        depth = self.image_width_px / (2 * level_px_per_m * math.tan(half))
        return min(DEFAULT_RANGE_M, depth / math.cos(half) + 1.0)

    def seen_m2(self, level_px_per_m: float) -> float:
        """Open ground in view at the level (m²), by which models are compared."""
        half = math.radians(self.fov_deg) / 2
        depth = min(DEFAULT_RANGE_M, self.image_width_px / (2 * level_px_per_m * math.tan(half)))
        return depth * depth * math.tan(half)

    def view(
        self, *, range_m: float, target_height_m: float, height_m: float = MOUNT_HEIGHT_M
    ) -> CameraView:
        """The view of this camera on a pole at the origin, looking along the grid's north."""
        return CameraView(
            x=0.0, y=0.0, height_m=height_m, hfov_deg=self.fov_deg,
            image_width_px=float(self.image_width_px), max_range_m=range_m,
            target_height_m=target_height_m,
        )  # fmt: skip


_BUILT_IN = Lens(BUILT_IN_MODEL, None, DEFAULT_FOV_DEG, DEFAULT_WIDTH_PX, CAMERA_COST_IDR, False)


def lens_named(name: str | None) -> Lens:
    """The model of that name, or the built-in camera without one; `NotFound` for an unknown name."""
    if not name or name == BUILT_IN_MODEL:
        return _BUILT_IN
    model = CameraModel.objects.filter(name__iexact=name).first()
    if model is None:
        raise NotFound(
            _("no camera model {name}").format(name=repr(name)),
            value=name,
            remedy=_("choose one of the price list"),
        )
    if model.kind != CameraKind.FIXED:
        raise InvalidInput(
            _("{name} is not a fixed camera").format(name=model.name),
            value=name,
            remedy=_("choose fixed models: where a turning one looks is not decided by a plan"),
        )
    return _lens(model)


def lenses_for(
    level_px_per_m: float,
    *,
    names: Sequence[str] | None = None,
    camera_cost_idr: int = CAMERA_COST_IDR,
) -> list[Lens]:
    """The models a plan chooses among at a level, by name; those of `names`, or at most three.

    Fixed models of the price list, those without a price at `camera_cost_idr`. Of named ones all
    that reach the level. Else one that sees no farther and no wider than another and costs as
    much is left out. Of the rest the cheapest, and those with most ground in view for the money,
    a quarter of the site's charge included.
    """
    if names is not None:
        found = [_priced(lens_named(name), camera_cost_idr) for name in dict.fromkeys(names)]
    else:
        models = CameraModel.objects.filter(kind=CameraKind.FIXED)
        found = [_priced(_lens(model), camera_cost_idr) for model in models]
        found = found or [_priced(_BUILT_IN, camera_cost_idr)]
    found = [lens for lens in found if lens.reach_m(level_px_per_m) > 2.0]
    if not found:
        raise Unavailable(
            _("no camera model reaches {n} px/m").format(n=f"{level_px_per_m:g}"),
            value=level_px_per_m,
            remedy=_("load or choose sharper models, or plan for a lower level"),
        )
    if names is not None:
        return sorted(found, key=lambda item: item.name)
    best: dict[tuple[float, int], Lens] = {}
    for lens in sorted(found, key=lambda item: (item.price_idr, item.name)):
        best.setdefault((round(lens.fov_deg, 3), lens.image_width_px), lens)
    ordered = sorted(best.values(), key=lambda item: (item.price_idr, item.name))
    chosen = ordered[:1]
    rest = sorted(
        ordered[1:],
        key=lambda item: (
            -item.seen_m2(level_px_per_m) / (item.price_idr + SITE_COST_IDR / 4),
            item.name,
        ),
    )
    return sorted([*chosen, *rest[: MOST_MODELS - 1]], key=lambda item: item.name)


def _priced(lens: Lens, camera_cost_idr: int) -> Lens:
    return lens if lens.priced else replace(lens, price_idr=camera_cost_idr)


def _lens(model: CameraModel) -> Lens:
    return Lens(
        name=model.name,
        model=model,
        fov_deg=field_of_view_deg(model.sensor_width_mm, model.focal_min_mm),
        image_width_px=model.image_width_px,
        price_idr=model.price_idr or CAMERA_COST_IDR,
        priced=model.price_idr > 0,
    )
