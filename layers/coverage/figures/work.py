"""A run worked in pieces: planned once, its tiles looked at by whoever is free, then brought together."""

from __future__ import annotations

import base64
from typing import Any

from layers.coverage.figures.ground import ground_pack, ground_unpack, run_ground
from layers.coverage.figures.merge import tiles_merge
from layers.coverage.figures.models import CoverageTile
from layers.coverage.figures.order import order_of_run, run_order
from layers.coverage.figures.record import run_begin, run_record
from layers.coverage.figures.tiles import look_at, seen_pack, seen_unpack, tile_pack, tile_unpack
from layers.coverage.models import CoverageRun
from layers.errors import NotFound
from layers.jobs.registry import JobCancelled


def run_plan(params: dict[str, Any], *, requested_by: Any) -> tuple[int, list[tuple[int, int]]]:
    """Begin a run and store its ground and tiles; returns its number and (part, number) of each tile.

    Cameras, streets, demand and areas are those of this moment, whatever changes until the last
    tile is looked at; buildings are read tile by tile, and a change of them meanwhile is told.
    """
    repeats = None
    if params.get("repeat"):
        repeats = CoverageRun.objects.filter(pk=params["repeat"], state=CoverageRun.State.DONE).first()  # fmt: skip
        if repeats is None:
            raise NotFound(f"no run {params['repeat']}", value=params["repeat"])
        order = order_of_run(repeats)
    else:
        order = run_order(
            subject=params.get("subject") or CoverageRun.Subject.CAMERAS, area_code=params.get("area"),
            level=params.get("level") or "detect", profile_name=params.get("profile"),
            edition=params.get("edition"),
        )  # fmt: skip
    parameters = order.as_parameters()
    parts = run_ground(order, lambda line: None)
    run = run_begin(order, parameters=parameters, requested_by=requested_by, repeats=repeats)
    wanted = []
    for at, (part, tiles) in enumerate(parts):
        rows = [CoverageTile(run=run, part=at, number=0, inputs=ground_pack(part))]
        for number, tile in enumerate(tiles, start=1):
            rows.append(CoverageTile(run=run, part=at, number=number, inputs=tile_pack(tile)))
            wanted.append((at, number))
        CoverageTile.objects.bulk_create(rows, batch_size=200)
    return run.pk, wanted


def tile_work(run_id: int, part: int, number: int) -> dict[str, Any]:
    """What is seen in one tile, as text that a job keeps."""
    inputs = CoverageTile.objects.filter(run_id=run_id, part=part, number=number).values_list("inputs", flat=True).first()  # fmt: skip
    if inputs is None:
        # The run went when its job was cancelled.
        raise JobCancelled
    seen = seen_pack(look_at(tile_unpack(inputs)))
    return {"part": part, "seen": base64.b64encode(seen).decode("ascii")}


def run_finish(run_id: int, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Bring the tiles together, in whatever order; store the run and forget its tiles."""
    run = CoverageRun.objects.get(pk=run_id)
    order = order_of_run(run)
    parts = []
    grounds = CoverageTile.objects.filter(run=run, number=0).order_by("part")
    for at, inputs in enumerate(grounds.values_list("inputs", flat=True)):
        part = ground_unpack(inputs)
        seen = (seen_unpack(base64.b64decode(item["seen"])) for item in answers if item["part"] == at)  # fmt: skip
        parts.append((part, tiles_merge(part, len(order.levels), seen)))
    CoverageTile.objects.filter(run=run).delete()
    return run_record(run, order, parts)
