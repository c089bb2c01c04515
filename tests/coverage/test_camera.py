"""The engine's edge: true metres and true bearings in Malang, Porto and Monaco."""

from __future__ import annotations

import math

import pytest
from pyproj import Geod

from layers.coverage.camera import camera_at
from layers.geo.frames import Frame

GEOD = Geod(ellps="WGS84")
CITIES = {"Malang": (112.63, -7.98), "Porto": (-8.61, 41.15), "Monaco": (7.42, 43.735)}


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("away_m", [0, 15_000, 40_000])
@pytest.mark.parametrize("bearing", [0.0, 37.0, 90.0, 200.0, 359.0])
def test_100_m_and_bearings_are_geodesic(city: str, away_m: float, bearing: float) -> None:
    lon, lat = CITIES[city]
    frame = Frame.around(lon, lat)
    lon, lat, _back = GEOD.fwd(lon, lat, 70.0, away_m)
    far_lon, far_lat, _back = GEOD.fwd(lon, lat, bearing, 100.0)
    camera = camera_at(frame, lon, lat, heading_deg=bearing, hfov_deg=90)
    (x, y) = frame.to_local([[far_lon, far_lat]])[0]
    assert (x - camera.x) ** 2 + (y - camera.y) ** 2 == pytest.approx(1e4, rel=1e-3)
    grid = math.degrees(math.atan2(x - camera.x, y - camera.y))
    assert abs((grid - camera.heading_deg + 180) % 360 - 180) < 0.005
    back = frame.true_bearing_deg(grid, lon, lat)
    assert abs((back - bearing + 180) % 360 - 180) < 0.005
    assert frame.to_lonlat([[x, y]])[0] == pytest.approx([far_lon, far_lat], abs=1e-9)


def test_convergence_in_monaco_is_over_a_degree() -> None:
    lon, lat = CITIES["Monaco"]
    frame = Frame.around(lon, lat)
    assert abs(frame.grid_bearing_deg(90, lon, lat) - 90) > 1
