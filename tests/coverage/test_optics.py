"""Optics against the standard's table and hand-computed lenses."""

from __future__ import annotations

import math

import pytest

from layers.coverage import optics
from layers.coverage.optics import CameraView
from layers.errors import InvalidInput


def test_both_editions_are_named_and_selectable() -> None:
    assert dict(optics.EDITIONS["IEC 62676-4:2014"]) == {
        "monitor": 12.5, "detect": 25, "observe": 62.5, "recognise": 125, "identify": 250
    }  # fmt: skip
    assert list(optics.EDITIONS["IEC 62676-4:2025"].values()) == [20, 40, 80, 125, 250, 500, 1500]


def test_depth_of_levels_at_90_degrees() -> None:
    for width, factor in ((1920, 1), (3840, 2)):
        view = CameraView(x=0, y=0, hfov_deg=90, image_width_px=width)
        assert view.level_reach_m(25) == pytest.approx(38.4 * factor)
        assert view.level_reach_m(125) == pytest.approx(7.68 * factor)
        depth = optics.level_depth_m(25, image_width_px=width, hfov_deg=90)
        assert depth == pytest.approx(38.4 * factor)
    assert optics.px_per_m(38.4, image_width_px=1920, hfov_deg=90) == pytest.approx(25)


@pytest.mark.parametrize(
    ("sensor_mm", "focal_mm", "fov_deg"),
    [(4.8, 2.8, 81.2025), (5.37, 4.0, 67.7430), (36.0, 18.0, 90.0), (6.4, 50.0, 7.3239)],
)
def test_field_of_view_and_back(sensor_mm: float, focal_mm: float, fov_deg: float) -> None:
    assert optics.field_of_view_deg(sensor_mm, focal_mm) == pytest.approx(fov_deg, abs=1e-3)
    back = optics.focal_length_mm(sensor_mm, optics.field_of_view_deg(sensor_mm, focal_mm))
    assert back == pytest.approx(focal_mm, rel=1e-12)


def test_pixels_at_the_edge_of_the_wedge_follow_depth() -> None:
    view = CameraView(x=0, y=0, hfov_deg=90, height_m=1.7)
    assert view.px_per_m_at(38.4, 38.4) == pytest.approx(25)
    assert view.px_per_m_at(38.4, 38.4 * math.sqrt(2)) == pytest.approx(25)
    tilted = CameraView(x=0, y=0, hfov_deg=90, height_m=8, tilt_deg=30)
    depth = 20 * math.cos(math.radians(30)) + 6.3 * math.sin(math.radians(30))
    assert tilted.px_per_m_at(20, 25) == pytest.approx(1920 / (2 * depth))


def test_panorama_and_aimed_lens_go_by_radius() -> None:
    panorama = CameraView(x=0, y=0, hfov_deg=360, height_m=1.7)
    assert panorama.px_per_m_at(-10, 10) == pytest.approx(1920 / (2 * math.pi * 10))
    aimed = CameraView(x=0, y=0, hfov_deg=360, lens_hfov_deg=60, height_m=5.7)
    assert aimed.px_per_m_at(0, 3) == pytest.approx(1920 / (2 * 5 * math.tan(math.radians(30))))
    reach = aimed.level_reach_m(100)
    assert aimed.px_per_m_at(0, reach) == pytest.approx(100)


def test_edges_under_tilt() -> None:
    near, far = optics.vertical_edges_m(6.3, tilt_deg=30, vfov_deg=40)
    assert near == pytest.approx(6.3 / math.tan(math.radians(50)))
    assert far == pytest.approx(6.3 / math.tan(math.radians(10)))
    assert optics.far_edge_m(6.3, tilt_deg=20, vfov_deg=40) == math.inf
    assert optics.far_edge_m(6.3, tilt_deg=20.01, vfov_deg=40) > 30_000
    assert optics.near_edge_m(6.3, tilt_deg=75, vfov_deg=30) == 0.0
    assert optics.vertical_edges_m(6.3, tilt_deg=-40, vfov_deg=40) == (math.inf, math.inf)
    assert optics.vertical_edges_m(-0.7, tilt_deg=0, vfov_deg=40)[0] == pytest.approx(
        0.7 / math.tan(math.radians(20))
    )


def test_level_at_counts_the_threshold_in() -> None:
    assert optics.level_at(25.0) == "detect"
    assert optics.level_at(24.999) == "monitor"
    assert optics.level_at(12.4) is None
    assert optics.level_at(130, levels=optics.OODPCVS_2025) == "perceive"


@pytest.mark.parametrize(
    "field",
    [
        {"hfov_deg": 0}, {"hfov_deg": -10}, {"hfov_deg": 360.1}, {"hfov_deg": math.nan},
        {"height_m": 0}, {"max_range_m": 0}, {"vfov_deg": 0}, {"tilt_deg": 91},
        {"image_width_px": 0}, {"x": math.nan}, {"lens_hfov_deg": 180}, {"heading_deg": math.inf},
    ],
)  # fmt: skip
def test_impossible_cameras_are_refused(field: dict[str, float]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        CameraView(**{"x": 0, "y": 0, **field})
    assert refusal.value.remedy


def test_impossible_lenses_are_refused() -> None:
    for call in (
        lambda: optics.field_of_view_deg(0, 4),
        lambda: optics.focal_length_mm(4.8, 180),
        lambda: optics.px_per_m(0, image_width_px=1920, hfov_deg=90),
        lambda: CameraView(x=0, y=0).level_reach_m(0),
    ):
        with pytest.raises(InvalidInput):
            call()
