"""A town large enough to be worked by several machines: streets, houses, areas and cameras by formula."""

from __future__ import annotations

import random

from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon

from layers.assets.models import Camera, Site
from layers.network.models import Road
from layers.places.models import Building
from tests.factories import MALANG, make_area

#: Degrees of a metre east and north, near enough for a town by formula.
_EAST, _NORTH = 1 / 110_250.0, 1 / 110_600.0


def big_town(*, side: int = 16, block_m: float = 250.0, cameras: int = 400, seed: int = 3) -> None:
    """A grid of `side` × `side` blocks with 16 houses in each, and cameras on the corners."""
    rng = random.Random(seed)
    lon0, lat0 = MALANG

    def at(x: float, y: float) -> tuple[float, float]:
        return lon0 + x * _EAST, lat0 + y * _NORTH

    far = side * block_m
    Road.objects.bulk_create(
        Road(
            name=f"Jalan {'Timur' if east else 'Utara'} {k}", road_class="residential",
            geom=LineString(*[at(*((d * block_m, k * block_m) if east else (k * block_m, d * block_m))) for d in range(side + 1)], srid=4326),
        )
        for k in range(side + 1)
        for east in (True, False)
    )  # fmt: skip
    houses = []
    for i in range(side * 4):
        for j in range(side * 4):
            x, y = i * block_m / 4 + 9.0, j * block_m / 4 + 9.0
            box = (*at(x, y), *at(x + rng.uniform(20, 44), y + rng.uniform(20, 44)))
            houses.append(
                Building(geom=MultiPolygon(Polygon.from_bbox(box), srid=4326), height_m=rng.choice([3.0, 6.0, 9.0, 15.0]))
            )  # fmt: skip
    Building.objects.bulk_create(houses, batch_size=2000)
    west, south, east_, north = *at(-400, -400), *at(far + 400, far + 400)
    middle = at(far / 2, 0)[0]
    city = make_area("35.73", box=(west, south, east_, north))
    make_area("35.73.01", level="kecamatan", parent=city, box=(west, south, middle, north), population=40_000)  # fmt: skip
    make_area("35.73.02", level="kecamatan", parent=city, box=(middle, south, east_, north), population=60_000)  # fmt: skip
    for number in range(cameras):
        x, y = rng.randint(0, side) * block_m + 3.0, rng.randint(0, side) * block_m + 3.0
        point = Point(*at(x, y), srid=4326)
        site = Site.objects.create(code=f"T{number:05d}", name=f"Titik {number}", geom=point)
        Camera.objects.create(
            code=f"C{number:05d}", name=f"Kamera {number}", site=site, geom=point, heading_deg=rng.uniform(0, 359),
            fov_deg=rng.choice([60.0, 90.0, 120.0]), mount_height_m=rng.choice([5.0, 7.0]), max_range_m=150.0,
            kind="ptz" if number % 15 == 0 else "fixed",
        )  # fmt: skip
