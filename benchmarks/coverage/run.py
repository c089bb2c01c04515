"""Visibility beside its peers on one synthetic city in one run: regions and lines a processor second.

    var/venv/bin/python -m benchmarks.coverage.run [--buildings N] [--cameras N] [--threads N]

Peers that are not installed are named and left out: embreex (rays), pyvispoly (exact CGAL
polygon), GDAL's viewshed through the library pyogrio brings, PostGIS where DATABASE_URL names one
(its time is by the clock). Truth is the overlay by GEOS.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from benchmarks.coverage.city import city_footprints, street_places
from layers.coverage.optics import CameraView
from layers.coverage.regions import visible_regions
from layers.coverage.scene import Scene
from layers.coverage.visibility import PointGrid, sight_lines
from tests.oracles.visibility import region_by_shadows

RANGE_M = 150.0
EYE_M = 8.0
TARGET_M = 1.7
TALL_M = 1000.0


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """A result and the processor seconds it took, all threads together.

    Processor and not wall seconds: the ratios then hold on a machine that does other work too.
    """
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def line(name: str, rate: float, unit: str, note: str = "") -> None:
    """Print one row of the table."""
    print(f"{name:44s} {rate:14,.1f} {unit:10s} {note}", flush=True)


def around(shapes: Any, tree: shapely.STRtree, x: float, y: float) -> Any:
    """Numbers of the footprints within range of a place."""
    return tree.query(shapely.Point(x, y), predicate="dwithin", distance=RANGE_M)


def ours(scene: Scene, places: Any, points: Any, threads: int) -> None:
    """Our regions and lines, with all walls endless (2D) and as they are (2.5D)."""
    flat = Scene(
        scene.arrays._replace(height=np.full_like(scene.arrays.height, TALL_M)), scene.report
    )
    for name, used in (("2D", flat), ("2.5D", scene)):
        cameras = [CameraView(x=x, y=y, height_m=EYE_M, max_range_m=RANGE_M) for x, y in places]
        visible_regions(used, cameras[:2], {})
        begin = time.perf_counter()
        regions, seconds = timed(lambda: visible_regions(used, cameras, {}, threads=threads))  # noqa: B023
        wall = len(cameras) / (time.perf_counter() - begin)
        invalid = sum(not r["visible"].is_valid for r in regions)
        note = f"{invalid} invalid; {wall:,.0f}/s by the clock on {threads} threads"
        line(f"ours, {name} regions", len(cameras) / seconds, "regions/s", note)
    points = PointGrid.of(points)
    sight_lines(scene, cameras[:2], points)
    begin = time.perf_counter()
    lines, seconds = timed(lambda: sight_lines(scene, cameras, points, threads=threads))
    wall = lines.lines_tested / (time.perf_counter() - begin) / 1e6
    note = f"{lines.lines_tested:,} lines; {wall:.1f} by the clock on {threads} threads"
    line("ours, 2.5D sight lines", lines.lines_tested / seconds / 1e6, "million/s", note)


def by_overlay(scene: Scene, shapes: Any, heights: Any, places: Any) -> None:
    """Shadows cut by GEOS, and how far our regions are from them."""
    tree = shapely.STRtree(shapes)
    for name, tops in (("2D", np.full(len(shapes), TALL_M)), ("2.5D", heights)):
        used = Scene.from_polygons(shapes, tops, weld_m=0)
        cameras = [CameraView(x=x, y=y, height_m=EYE_M, max_range_m=RANGE_M) for x, y in places]
        regions = visible_regions(used, cameras, {})

        def cut(x: float, y: float, tops: Any = tops) -> Any:
            near = around(shapes, tree, x, y)
            return region_by_shadows(
                (x, y), EYE_M, RANGE_M, TARGET_M, shapes[near], tops[near], chords=720
            )

        exact, seconds = timed(lambda: [cut(x, y) for x, y in places])
        worst = max(
            e.symmetric_difference(r["visible"]).area / e.area
            for e, r in zip(exact, regions, strict=True)
        )
        note = f"ours differs by {worst:.1e} of the area at most"
        line(f"shapely shadows, {name}", len(places) / seconds, "regions/s", note)


_SHADOWS = """
WITH eye AS (SELECT ST_MakePoint(%(x)s, %(y)s) AS g),
near AS (SELECT b.geom FROM bench_footprint AS b, eye WHERE ST_DWithin(b.geom, eye.g, %(reach)s)),
walls AS (SELECT (ST_DumpSegments(ST_Boundary(geom))).geom AS wall FROM near),
times AS (
    SELECT wall, 4 * %(reach)s / greatest(ST_Distance(wall, eye.g), 0.01) AS k FROM walls, eye
),
hidden AS (
    SELECT ST_ConvexHull(ST_Collect(wall, ST_Scale(wall, ST_MakePoint(k, k), eye.g))) AS g
      FROM times, eye
    UNION ALL SELECT geom FROM near
)
SELECT ST_Area(ST_Difference(%(disk)s::geometry, (SELECT ST_UnaryUnion(ST_Collect(g)) FROM hidden)))
"""


def by_postgis(scene: Scene, shapes: Any, places: Any) -> None:
    """The shadow of every wall, cut by PostGIS on an indexed table; one connection, by the clock."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        print("DATABASE_URL names no PostGIS: left out")
        return
    import psycopg

    turns = np.linspace(0, 2 * math.pi, 720, endpoint=False)
    grown = RANGE_M * math.sqrt(turns[1] / math.sin(turns[1]))
    flat = Scene(
        scene.arrays._replace(height=np.full_like(scene.arrays.height, TALL_M)), scene.report
    )
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TEMP TABLE bench_footprint (geom geometry) ON COMMIT DROP")
        with connection.cursor().copy("COPY bench_footprint FROM STDIN") as copy:
            for wkb in shapely.to_wkb(shapes, hex=True):
                copy.write_row((wkb,))
        connection.execute("CREATE INDEX ON bench_footprint USING gist (geom)")
        connection.execute("ANALYZE bench_footprint")
        areas = []
        begin = time.perf_counter()
        for x, y in places:
            disk = shapely.Polygon(
                np.column_stack([x + grown * np.cos(turns), y + grown * np.sin(turns)])
            )
            row = connection.execute(
                _SHADOWS,
                {"x": float(x), "y": float(y), "reach": RANGE_M, "disk": disk.wkb_hex},
            ).fetchone()
            areas.append(float(row[0]) if row else math.nan)
        seconds = time.perf_counter() - begin
    cameras = [CameraView(x=x, y=y, height_m=EYE_M, max_range_m=RANGE_M) for x, y in places]
    mine = np.array([r["visible"].area for r in visible_regions(flat, cameras, {})])
    note = f"by the clock; our areas differ by {np.abs(mine / areas - 1).max():.0e} at most"
    line("PostGIS shadows, 2D", len(places) / seconds, "regions/s", note)


def scaling(scene: Scene, buildings: int, points: Any, most: int) -> None:
    """How the rates of 2.5D regions and lines hold over ever more cameras."""
    grid = PointGrid.of(points)
    count = 100
    while count <= most:
        places = street_places(np.random.default_rng(count), buildings, count)
        cameras = [CameraView(x=x, y=y, height_m=EYE_M, max_range_m=RANGE_M) for x, y in places]
        spent = drawn = 0.0
        for first in range(0, count, 5000):
            some = cameras[first : first + 5000]
            regions, seconds = timed(lambda: visible_regions(scene, some, {}))  # noqa: B023
            spent += seconds
            drawn += len(regions)
        line(f"ours, 2.5D regions of {count:,} cameras", drawn / spent, "regions/s")
        tested = spent = 0.0
        for first in range(0, count, 5000):
            some = cameras[first : first + 5000]
            lines, seconds = timed(lambda: sight_lines(scene, some, grid))  # noqa: B023
            tested += lines.lines_tested
            spent += seconds
        line(f"ours, 2.5D lines of {count:,} cameras", tested / spent / 1e6, "million/s")
        count *= 10


def by_cgal(shapes: Any, places: Any) -> None:
    """The exact visibility polygon of CGAL, footprints as holes of a square."""
    try:
        import pyvispoly
    except ImportError:
        print("pyvispoly is not installed: left out")
        return
    tree = shapely.STRtree(shapes)

    def polygon(x: float, y: float) -> float:
        near = around(shapes, tree, x, y)
        square = shapely.box(x - RANGE_M, y - RANGE_M, x + RANGE_M, y + RANGE_M)
        free = square.difference(shapely.union_all(shapes[near]))
        whole = next(p for p in shapely.get_parts(free) if p.contains(shapely.Point(x, y)))
        whole = shapely.orient_polygons(whole)
        rings = [
            [pyvispoly.Point(*c) for c in ring.coords[:-1]]
            for ring in (whole.exterior, *whole.interiors)
        ]
        arena = pyvispoly.PolygonWithHoles(rings[0], rings[1:])
        seen = pyvispoly.VisibilityPolygonCalculator(arena).compute_visibility_polygon(
            pyvispoly.Point(x, y)
        )
        return float(seen.area())

    try:
        _areas, seconds = timed(lambda: [polygon(x, y) for x, y in places])
        line("CGAL through pyvispoly, 2D", len(places) / seconds, "regions/s", "exact")
    except Exception as error:
        print(f"pyvispoly failed: {error}")


def by_embree(shapes: Any, heights: Any, places: Any, points: Any) -> None:
    """A fan of 0.1° and the same sight lines by Embree, walls as triangles; one thread."""
    try:
        from embreex import rtcore_scene
        from embreex.mesh_construction import TriangleMesh
    except ImportError:
        print("embreex is not installed: left out")
        return
    arrays = Scene.from_polygons(shapes, heights, weld_m=0).arrays
    tops = np.repeat(arrays.height, np.diff(arrays.wall_start))
    low, high = np.zeros_like(tops), tops
    a0 = np.column_stack([arrays.ax, arrays.ay, low])
    a1 = np.column_stack([arrays.ax, arrays.ay, high])
    b0 = np.column_stack([arrays.bx, arrays.by, low])
    b1 = np.column_stack([arrays.bx, arrays.by, high])
    triangles = np.concatenate([np.stack([a0, b0, b1], 1), np.stack([a0, b1, a1], 1)])
    rays = rtcore_scene.EmbreeScene()
    TriangleMesh(rays, triangles.astype(np.float32))
    turns = np.radians(np.arange(0, 360, 0.1))
    fan = np.column_stack([np.cos(turns), np.sin(turns), 0 * turns]).astype(np.float32)

    def cast() -> None:
        for x, y in places:
            start = np.broadcast_to(np.array([x, y, TARGET_M], np.float32), fan.shape)
            distance = rays.run(np.ascontiguousarray(start), fan, query="DISTANCE")
            ends = np.minimum(distance, RANGE_M)[:, None] * fan[:, :2] + [x, y]
            shapely.Polygon(ends)

    cast()
    _none, seconds = timed(cast)
    line("embreex, fan of 0.1°, 2D", len(places) / seconds, "regions/s", "0.1° between rays")
    tree = shapely.STRtree(shapely.points(points))

    def prepared() -> list[tuple[Any, Any]]:
        """Starts and directions of the lines from each place to the points in range of it."""
        work = []
        for x, y in places:
            near = tree.query(shapely.Point(x, y), predicate="dwithin", distance=RANGE_M)
            ends = np.column_stack([points[near], np.full(len(near), TARGET_M)])
            start = np.broadcast_to([x, y, EYE_M], ends.shape)
            work.append((start.astype(np.float32), (ends - start).astype(np.float32)))
        return work

    def lines(work: list[tuple[Any, Any]]) -> int:
        return sum(int((rays.run(s, d, query="OCCLUDED") != 0).size) for s, d in work)

    work = prepared()
    lines(work)
    tested, seconds = timed(lambda: lines(work))
    line("embreex, 2.5D sight lines, traced alone", tested / seconds / 1e6, "million/s", "floats")
    tested, seconds = timed(lambda: lines(prepared()))
    note = "floats; with the points in range found, as ours"
    line("embreex, 2.5D sight lines", tested / seconds / 1e6, "million/s", note)


def by_viewshed(shapes: Any, places: Any) -> None:
    """GDAL's viewshed on a raster of 1 m, and the share of the visible area it misses."""
    import pyogrio

    found = sorted((Path(pyogrio.__file__).parent.parent / "pyogrio.libs").glob("libgdal*"))
    if not found:
        print("GDAL's library was not found: left out")
        return
    gdal = ctypes.CDLL(str(found[0]))
    if not hasattr(gdal, "GDALViewshedGenerate"):
        print("GDAL was built without viewshed: left out")
        return
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double
    gdal.GDALAllRegister()
    gdal.GDALGetDriverByName.restype = pointer
    gdal.GDALGetDriverByName.argtypes = [text]
    gdal.GDALCreate.restype = pointer
    gdal.GDALCreate.argtypes = [pointer, text, *[ctypes.c_int] * 4, pointer]
    gdal.GDALGetRasterBand.restype = pointer
    gdal.GDALGetRasterBand.argtypes = [pointer, ctypes.c_int]
    gdal.GDALSetGeoTransform.argtypes = [pointer, pointer]
    gdal.GDALRasterIO.argtypes = [
        pointer, *[ctypes.c_int] * 5, pointer, *[ctypes.c_int] * 5,
    ]  # fmt: skip
    gdal.GDALViewshedGenerate.restype = pointer
    gdal.GDALViewshedGenerate.argtypes = [
        pointer, text, text, pointer, *[number] * 9, ctypes.c_int, number, pointer, pointer,
        ctypes.c_int, pointer,
    ]  # fmt: skip
    gdal.GDALClose.argtypes = [pointer]
    memory = gdal.GDALGetDriverByName(b"MEM")
    tree = shapely.STRtree(shapes)
    size = 2 * int(RANGE_M) + 3
    scene = Scene.from_polygons(shapes, np.full(len(shapes), TALL_M), weld_m=0)
    spent = missed = area = 0.0
    for x, y in places:
        left, top = math.floor(x) - size // 2, math.floor(y) + size // 2 + 1
        cx, cy = np.meshgrid(left + 0.5 + np.arange(size), top - 0.5 - np.arange(size))
        near = around(shapes, tree, x, y)
        union = shapely.union_all(shapes[near])
        shapely.prepare(union)
        ground = np.where(shapely.contains_xy(union, cx, cy), 50.0, 0.0).astype(np.float32)
        source = gdal.GDALCreate(memory, b"", size, size, 1, 6, None)
        shift = (ctypes.c_double * 6)(left, 1.0, 0.0, top, 0.0, -1.0)
        gdal.GDALSetGeoTransform(source, shift)
        band = gdal.GDALGetRasterBand(source, 1)
        gdal.GDALRasterIO(
            band, 1, 0, 0, size, size, ground.ctypes.data, size, size, 6, 0, 0
        )  # fmt: skip
        begin = time.process_time()
        out = gdal.GDALViewshedGenerate(
            band, b"MEM", b"", None, x, y, EYE_M, TARGET_M, 255.0, 0.0, 0.0, -1.0, 0.0, 2,
            RANGE_M, None, None, 1, None,
        )  # fmt: skip
        spent += time.process_time() - begin
        if not out:
            print("GDAL's viewshed failed: left out")
            return
        width = gdal.GDALGetRasterXSize(ctypes.c_void_p(out))
        height = gdal.GDALGetRasterYSize(ctypes.c_void_p(out))
        seen = np.zeros((height, width), dtype=np.uint8)
        gdal.GDALRasterIO(
            gdal.GDALGetRasterBand(out, 1), 0, 0, 0, width, height, seen.ctypes.data, width,
            height, 1, 0, 0,
        )  # fmt: skip
        back = (ctypes.c_double * 6)()
        gdal.GDALGetGeoTransform(ctypes.c_void_p(out), back)
        gx, gy = np.meshgrid(back[0] + 0.5 + np.arange(width), back[3] - 0.5 - np.arange(height))
        camera = CameraView(x=x, y=y, height_m=EYE_M, max_range_m=RANGE_M)
        truth = shapely.contains_xy(visible_regions(scene, [camera], {})[0]["visible"], gx, gy)
        missed += float((truth & (seen == 0)).sum())
        area += float(truth.sum())
        gdal.GDALClose(out)
        gdal.GDALClose(source)
    note = f"1 m cells; misses {missed / area:.0%} of what is visible"
    line("GDAL viewshed, 2D", len(places) / spent, "regions/s", note)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buildings", type=int, default=167_000)
    parser.add_argument("--cameras", type=int, default=2000)
    parser.add_argument("--slow-cameras", type=int, default=20)
    parser.add_argument("--points", type=int, default=1_500_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scaling", type=int, default=10_000, help="most cameras of the scaling")
    options = parser.parse_args()
    shapes, heights, _side = city_footprints(options.buildings)
    scene, seconds = timed(lambda: Scene.from_polygons(shapes, heights))
    rng = np.random.default_rng(0)
    places = street_places(rng, options.buildings, options.cameras)
    points = street_places(rng, options.buildings, options.points)
    print(
        f"{scene.report.used:,} buildings, {len(scene.arrays.ax):,} walls, scene in {seconds:.1f} s,"
        f" {scene.nbytes / 1e6:.0f} MB; 360°, {RANGE_M:.0f} m, eye {EYE_M} m, target {TARGET_M} m; rates are for one processor second"
    )
    ours(scene, places, points, options.threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory so far {peak:,.0f} MB, the city's shapes included")
    few = places[: options.slow_cameras]
    by_overlay(scene, shapes, heights, few)
    by_cgal(shapes, few)
    by_viewshed(shapes, few)
    by_postgis(scene, shapes, few)
    by_embree(shapes, heights, places[:200], points)
    scaling(scene, options.buildings, points, options.scaling)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MB, the city's shapes and all peers included")


if __name__ == "__main__":
    main()
