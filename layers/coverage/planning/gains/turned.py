"""Existing cameras that a plan turns or replaces, taken in as planned."""

from __future__ import annotations

from collections.abc import Collection

from layers.assets.models import AssetStatus, Camera
from layers.coverage.models import Plan, PlanTurn
from layers.coverage.planning.gains.views import seen_by
from layers.coverage.planning.gains.worth import Worth
from layers.coverage.planning.ground import Ground
from layers.coverage.planning.options import lens_named


def turned_cameras(plan: Plan) -> list[int]:
    """Primary keys of the cameras a plan turns, refused turns included: the ground is without them."""
    return list(plan.turns.exclude(camera=None).values_list("camera", flat=True))


def take_turned(
    plan: Plan, ground: Ground, worth: Worth, ignoring: Collection[int]
) -> dict[int, float]:
    """Take in the cameras that a plan turns, as planned; what each turn earns after those before it.

    A camera whose turn was refused or taken out is taken in as it hangs.
    """
    turns = [
        turn
        for turn in plan.turns.select_related("camera__model", "model").order_by("order")
        if turn.camera is not None
        and turn.camera.status == AssetStatus.ACTIVE
        and turn.camera_id not in ignoring
    ]
    today = seen_by(ground, [turn.camera for turn in turns if turn.camera is not None])
    for view in today:
        worth.take([view])
    standing = [place for place, turn in enumerate(turns) if turn.standing]
    after = seen_by(ground, [as_turned(turns[place]) for place in standing])
    gains = {}
    for place, view in zip(standing, after, strict=True):
        lost = worth.drop([today[place]])
        gains[turns[place].pk] = worth.take([view]) - lost
    return gains


def as_turned(turn: PlanTurn) -> Camera:
    """The camera as it is to hang, nowhere stored; a new model hangs without tilt."""
    camera = turn.camera
    assert camera is not None
    lens = lens_named(turn.model.name if turn.model else None) if turn.replaced else None
    return Camera(
        code="", name="", model=camera.model if lens is None else lens.model, kind=camera.kind, status=camera.status,
        heading_deg=turn.heading_deg, heading_source=Camera.HeadingSource.STATED,
        fov_deg=camera.fov_deg if lens is None else lens.fov_deg,
        tilt_deg=camera.tilt_deg if lens is None else None,
        mount_height_m=camera.mount_height_m, max_range_m=camera.max_range_m, geom=camera.geom,
    )  # fmt: skip
