"""The routing graph kept in files: built from the database, mapped into memory by every process."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from layers.errors import Unavailable, Unroutable
from layers.geo.sql import load_sql
from layers.network.engine.arrays import Restriction, RoadArraysBuilder
from layers.network.engine.connectivity import components
from layers.network.engine.graph import Graph, build_graph
from layers.network.engine.regions import CELL_DEG, Cell, cell_distance_deg, cell_of, group_cells
from layers.network.engine.snapping import SnapGrid, build_grid
from layers.network.models import Road, RoadNode, TurnRestriction
from layers.network.osm_tags import ROAD_NODE_KINDS
from layers.network.router import Router
from layers.places.frames import working_srid
from layers.places.versions import layer_versions

logger = logging.getLogger(__name__)

#: Changes when files of an earlier layout can no longer be read.
LAYOUT = 2
#: Layers whose change makes a graph out of date.
LAYERS = ("roads", "restrictions")
_KEPT = 2
_BATCH = 2000
#: A point farther than this (degrees) from every cell with roads belongs to no region.
_REACH_DEG = 0.05

#: Roads of the graph, as in graph_roads.sql.
_FOR_VEHICLES = Q(drivable=True) | Q(road_class__in=("pedestrian", "path"))

Versions = tuple[int, ...]


@dataclass(frozen=True)
class Region:
    """One network far from every other: its router, cells, and what is known of its make-up."""

    router: Router
    cells: tuple[Cell, ...]
    summary: dict[str, Any]


@dataclass(frozen=True)
class Routers:
    """The routing graph of this process. `current` is False while a newer network waits to be built."""

    versions: Versions
    regions: tuple[Region, ...]
    current: bool

    def at(self, lon: float, lat: float) -> Router:
        """Router of the network around a point; raises `Unroutable` where there is none."""
        near = sorted(
            (min(cell_distance_deg(cell, lon, lat) for cell in region.cells), number)
            for number, region in enumerate(self.regions)
        )
        if not near or near[0][0] > _REACH_DEG:
            raise Unroutable(
                _("no roads are loaded around {lon}, {lat}").format(
                    lon=format(lon, ".6f"), lat=format(lat, ".6f")
                ),
                value=(lon, lat),
                remedy=_(
                    "import the roads of that area (import_osm), or choose a point in the city"
                ),
            )
        return self.regions[near[0][1]].router


_loaded: Routers | None = None
_folder: Path | None = None
_lock = Lock()


@dataclass(frozen=True)
class Wanted:
    """The graph that the committed network asks for: what the database says before files are opened.

    `folder` is None where the graph of this process is that one.
    """

    versions: Versions
    folder: Path | None


def graph_wanted(versions: Versions | None = None) -> Wanted:
    """Which graph is asked for now, at these versions if they are known; no further query where
    this process holds it already."""
    if versions is None:
        versions = network_versions()
    found = _loaded
    if found is not None and found.versions == versions and found.current:
        return Wanted(versions, None)
    return Wanted(versions, _root() / _folder_name(versions))


def graph_open(wanted: Wanted) -> Routers:
    """The graph asked for, or the newest there is, mapped from its files; touches no database.

    Damaged files are put away, so that the worker builds them anew. Raises `Unavailable` where no
    sound graph is left.
    """
    global _loaded, _folder
    found = _loaded
    if found is not None and (
        wanted.folder is None or (found.current and _folder == wanted.folder)
    ):
        return found
    if wanted.folder is None:
        raise Unavailable(_("the routing graph was forgotten meanwhile"), remedy=_("ask again"))
    with _lock:
        while True:
            folder = wanted.folder if _is_ready(wanted.folder) else _newest()
            if folder is None:
                raise Unavailable(
                    _("there is no routing graph yet"),
                    remedy=_("import roads; the worker then builds the graph within a minute"),
                )
            try:
                same = _loaded is not None and _folder == folder
                regions = _loaded.regions if _loaded is not None and same else tuple(_load(folder))
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.error("routing graph %s is damaged and put away: %s", folder.name, error)
                graph_discard(folder)
                continue
            _loaded = Routers(wanted.versions, regions, current=folder == wanted.folder)
            _folder = folder
            return _loaded


def graph_forget() -> None:
    """Let go of the graph of this process; the next request opens the files again."""
    global _loaded, _folder
    _loaded = _folder = None


def graph_discard(folder: Path) -> None:
    """Put a damaged graph out of the way of everybody."""
    grave = folder.with_name(f".damaged-{folder.name}.{os.getpid()}")
    try:
        folder.rename(grave)
    except FileNotFoundError:
        return
    shutil.rmtree(grave, ignore_errors=True)


def routers(*, build: bool = False) -> Routers:
    """The graph of the network as committed, or the newest there is.

    With `build` an out-of-date graph is built first (seconds for a city); without, the last one is
    returned with `current` False. Raises `Unavailable` where there is none at all.
    """
    wanted = graph_wanted()
    if build and wanted.folder is not None and not _is_ready(wanted.folder):
        graph_build()
    return graph_open(wanted)


def _is_ready(folder: Path) -> bool:
    return (folder / "graph.json").is_file()


def graph_current() -> bool:
    """Whether the graph of the committed network lies ready (True as well where there are no roads)."""
    if not _has_roads():
        return True
    return _is_ready(_root() / _folder_name(network_versions()))


def graph_build(*, force: bool = False) -> dict[str, Any]:
    """Build the graph of the committed network unless it lies ready; safe to run twice at once.

    Returns `{"regions": [{"srid","nodes","links","states","parts","largest_share","length_m",
    "turns","joined_by_nodes"}], "seconds"}`. Raises `InvalidInput` where there is no usable road.
    """
    begun = time.monotonic()
    with _build_lock():
        versions = network_versions()
        folder = _root() / _folder_name(versions)
        if force or not _is_ready(folder):
            _build(folder)
            _prune(folder)
        summary = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    return {
        "regions": [region["summary"] for region in summary["regions"]],
        "seconds": round(time.monotonic() - begun, 3),
    }


def _root() -> Path:
    return Path(settings.NCC_GRAPH_DIR)


def network_versions() -> Versions:
    """Committed versions of the layers that the graph is made of."""
    every = layer_versions()
    return tuple(every.get(layer, 0) for layer in LAYERS)


def _has_roads() -> bool:
    return Road.objects.exclude(access="no").filter(_FOR_VEHICLES).exists()


def _folder_name(versions: Versions) -> str:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("network", "graph_fingerprint"))
        row = cursor.fetchone()
    text = json.dumps([LAYOUT, *versions, *(row or ())], default=str)
    return f"{_database_mark()}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _database_mark() -> str:
    name = str(connection.settings_dict["NAME"])
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _newest() -> Path | None:
    ready = [
        path.parent
        for path in _root().glob(f"{_database_mark()}-*/graph.json")
        if _layout_of(path) == LAYOUT
    ]
    return max(ready, key=lambda path: path.stat().st_mtime, default=None)


def _layout_of(path: Path) -> int | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["layout"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None


@contextmanager
def _build_lock() -> Iterator[None]:
    """One builder at a time on this machine; the lock falls with its process."""
    _root().mkdir(parents=True, exist_ok=True)
    with (_root() / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _read_roads() -> dict[int, tuple[list[Cell], RoadArraysBuilder]]:
    """Roads of the database by region."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT floor(ST_X(p) / %(step)s)::int, floor(ST_Y(p) / %(step)s)::int"
            " FROM (SELECT ST_StartPoint(geom) AS p FROM layers_road"
            "       WHERE access <> 'no' AND (drivable OR road_class IN ('pedestrian', 'path'))"
            "      ) AS starts",
            {"step": CELL_DEG},
        )
        groups = group_cells([(int(x), int(y)) for x, y in cursor.fetchall()])
    region_of = {cell: number for number, cells in enumerate(groups) for cell in cells}
    found = {number: (cells, RoadArraysBuilder()) for number, cells in enumerate(groups)}
    with connection.chunked_cursor() as cursor:
        cursor.execute(load_sql("network", "graph_roads"))
        while rows := cursor.fetchmany(_BATCH):
            for road, way, road_class, oneway, maxspeed_kph, access, node_ids, line in rows:
                lonlat = np.frombuffer(bytes(line), dtype="<f8", offset=9).reshape(-1, 2)
                number = region_of.get(cell_of(float(lonlat[0, 0]), float(lonlat[0, 1])))
                if number is None:
                    continue  # committed after the cells were counted; the next build has it
                found[number][1].add_road(
                    road,
                    lonlat,
                    road_class=road_class,
                    node_ids=node_ids if node_ids and len(node_ids) == len(lonlat) else None,
                    way_id=way,
                    oneway=oneway,
                    maxspeed_kph=maxspeed_kph,
                    access=access,
                )
    return found


def _build(folder: Path) -> None:
    regions = _read_roads()
    points = [
        (osm_id, kind if passable or kind in ROAD_NODE_KINDS else "barrier")
        for osm_id, kind, passable in RoadNode.objects.values_list("osm_id", "kind", "passable")
    ]
    restrictions = [
        Restriction(
            r.kind, r.from_way, r.to_way, r.via_node, tuple(r.via_ways), tuple(r.except_modes)
        )
        for r in TurnRestriction.objects.order_by("osm_id").iterator()
    ]
    making = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    described = []
    try:
        for number, (cells, builder) in sorted(regions.items()):
            for node, kind in points:
                builder.add_point(node, kind)
            builder.keep_restrictions(restrictions)
            roads = builder.build()
            middle = np.median(roads.lonlat, axis=0)
            graph = build_graph(roads, srid=working_srid(float(middle[0]), float(middle[1])))
            grid = build_grid(graph)
            sums = _save(making / str(number), graph, grid)
            parts = components(graph)
            described.append(
                {
                    "cells": cells,
                    "sums": sums,
                    "cell_m": grid.cell_m,
                    "shape": grid.shape,
                    "srid": graph.srid,
                    "turns": graph.turn_report,
                    "summary": {
                        "srid": graph.srid,
                        "nodes": len(graph.node_lonlat),
                        "links": graph.link_count,
                        "states": len(graph.state_edge),
                        "parts": parts.count,
                        "largest_share": round(parts.largest_share, 6),
                        "length_m": round(parts.length_m, 1),
                        "turns": graph.turn_report,
                        "joined_by_nodes": round(builder.share_with_nodes, 6),
                    },
                }
            )
        text = json.dumps({"layout": LAYOUT, "regions": described})
        (making / "graph.json").write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    logger.info("routing graph built: %s", [region["summary"] for region in described])


def _save(folder: Path, graph: Graph, grid: SnapGrid) -> dict[str, int]:
    """Write the arrays; returns the CRC-32 of each file by its name."""
    folder.mkdir()
    sums = {}
    for prefix, whole in (("graph", graph), ("grid", grid)):
        for field in fields(whole):
            value = getattr(whole, field.name)
            if isinstance(value, np.ndarray):
                path = folder / f"{prefix}_{field.name}.npy"
                np.save(path, value)
                sums[path.name] = _crc32(path)
    return sums


def _crc32(path: Path) -> int:
    with path.open("rb") as file:
        value = 0
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def _load(folder: Path) -> Iterator[Region]:
    """Regions of a folder; every file is summed first, for the kernels trust what they read."""
    described = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    for number, region in enumerate(described["regions"]):
        arrays: dict[str, dict[str, Any]] = {"graph": {}, "grid": {}}
        for name, crc in region["sums"].items():
            path = folder / str(number) / name
            if _crc32(path) != crc:
                raise ValueError(f"{number}/{name} is not what was written")
            prefix, _, field = path.stem.partition("_")
            arrays[prefix][field] = np.asarray(np.load(path, mmap_mode="r"))
        graph = Graph(srid=region["srid"], turn_report=region["turns"], **arrays["graph"])
        grid = SnapGrid(cell_m=region["cell_m"], shape=tuple(region["shape"]), **arrays["grid"])
        cells = tuple((int(x), int(y)) for x, y in region["cells"])
        yield Region(Router(graph, grid=grid), cells, region["summary"])


def _prune(keep: Path) -> None:
    """Delete graphs of this database beyond the last few; a process that maps one keeps its memory."""
    others = sorted(
        (path for path in _root().glob(f"{_database_mark()}-*") if path != keep),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for path in others[_KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
