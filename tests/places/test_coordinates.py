"""Coordinates as people write them."""

from __future__ import annotations

import pytest

from layers.places.coordinates import coordinates_parse

MALANG = pytest.approx((112.63, -7.98), abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "-7.98, 112.63",
        "-7.98 112.63",
        "-7.98,112.63",
        "−7.98, 112.63",
        "-7,98 112,63",
        "-7,98; 112,63",
        "7.98 S, 112.63 E",
        "7.98°S 112.63°E",
        "S 7.98 E 112.63",
        "112.63 BT 7.98 LS",
        "7°58'48\" LS, 112°37'48\" BT",
        "7°58′48″S 112°37′48″E",
        "7° 58.8' S 112° 37.8' E",
        "(-7.980000, 112.630000)",
    ],
)
def test_ways_to_write_one_point(text: str) -> None:
    first = coordinates_parse(text)[0]
    assert (first.lon, first.lat) == MALANG


def test_letters_leave_no_second_reading() -> None:
    assert len(coordinates_parse("112.63 E 7.98 S")) == 1


def test_longitude_first_is_understood_only_where_it_must_be() -> None:
    (only,) = coordinates_parse("112.63, -7.98")
    assert (only.lon, only.lat) == MALANG
    assert len(coordinates_parse("41.15, -8.61")) == 2


@pytest.mark.parametrize(
    "text",
    ["Jalan Ijen 25", "112", "12 34", "-7.98", "7.98 S 8.01 S", "200.5, 300.5", "7°61'00\"S 112°00'00\"E", "1.5, 2.5, 3.5", "RT 3 RW 5", ""],
)  # fmt: skip
def test_what_is_no_point(text: str) -> None:
    assert coordinates_parse(text) == []
