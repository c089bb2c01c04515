"""Cells become typed values; directions in names are read as the city writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from layers.importers.judging.headings import direction_in_name
from layers.importers.judging.values import (
    clean_text,
    coordinate,
    flag,
    heading_deg,
    number,
    time_reader,
    word_list,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7,5", 7.5), ("-7.98", -7.98), ("1.234,5", 1234.5), ("1,234.5", 1234.5), (" 12 m", 12.0),
     ("1e3", 1000.0), (3, 3.0), ("\u22127.5", -7.5)],
)  # fmt: skip
def test_numbers(text: object, expected: float) -> None:
    assert number(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7° 58' 54,12\" LS", -(7 + 58 / 60 + 54.12 / 3600)), ("112°37'48.0\"BT", 112.63), ("112.63 E", 112.63),
     ("S 7 58.9", -(7 + 58.9 / 60)), ("-7.98", -7.98), ("7:58:54 S", -(7 + 58 / 60 + 54 / 3600)), ("12 B", -12.0)],
)  # fmt: skip
def test_angles(text: str, expected: float) -> None:
    assert coordinate(text) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("text", ["7° 75' S", "utara", "7 8 9 10", "Jl. Ijen 5"])
def test_what_is_no_angle(text: str) -> None:
    with pytest.raises(ValueError):
        coordinate(text)


@pytest.mark.parametrize(
    "text", ["", "abc", "1;2", "12 34", "nan", "inf", float("inf"), True, "1,2,3"]
)
def test_what_is_no_number(text: object) -> None:
    with pytest.raises(ValueError):
        number(text)


@pytest.mark.parametrize(
    ("value", "expected"), [("Ya", True), ("tidak", False), (1, True), (0.0, False), ("True", True)]
)
def test_flags(value: object, expected: bool) -> None:
    assert flag(value) is expected


@pytest.mark.parametrize(
    ("value", "expected"), [("Timur Laut", 45.0), (360, 0.0), ("90", 90.0), ("barat", 270.0)]
)
def test_headings(value: object, expected: float) -> None:
    assert heading_deg(value) == expected
    with pytest.raises(ValueError):
        heading_deg(361)


@pytest.mark.parametrize(
    ("text", "expected", "date_only"),
    [
        ("2024-03-01 08:30:00", datetime(2024, 3, 1, 1, 30, tzinfo=UTC), False),
        ("2024-03-01T08:30:00Z", datetime(2024, 3, 1, 8, 30, tzinfo=UTC), False),
        ("31/12/2024 23.15", datetime(2024, 12, 31, 16, 15, tzinfo=UTC), False),
        ("12/31/2024", datetime(2024, 12, 30, 17, 0, tzinfo=UTC), True),
        ("2012-07-01", datetime(2012, 6, 30, 17, 0, tzinfo=UTC), True),
        (1_700_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), False),
        (1_700_000_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), False),
    ],
)
def test_times_are_local_unless_they_say_otherwise(
    text: object, expected: datetime, date_only: bool
) -> None:
    found = time_reader("Asia/Jakarta")(text)
    assert found == expected
    assert found.date_only is date_only


def test_text_is_one_line_and_formulae_come_back() -> None:
    assert clean_text("  a\r\nb\t c ") == "a b c"
    assert clean_text("'=cmd()") == "=cmd()"
    assert clean_text("''=cmd()") == "'=cmd()"
    assert clean_text("'Aisyiyah") == "'Aisyiyah"
    assert word_list("a; b,,c|a") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Jl. Kawi Arah Timur (BRI Kawi)", 90.0),
        ("Jl. Kawi Timur (BRI Kawi)", 90.0),
        ("Jl. Candi Panggung Arah selatan", 180.0),
        ("Jl. Kawi Arah Timur.", 90.0),
        ("Simpang Arah Barat Daya", 225.0),
        ("Gate 3 facing north-east", 45.0),
        ("Pos 2 - Utara", 0.0),
        ("Jl. A Yani Utara Arah Selatan", 180.0),
        ("Jl. A Yani Utara", None),
        ("Jl. Merdeka Barat", None),
        ("Jl Retawu Arah Museum", None),
        ("Jl. S. Supriyadi (Arah Klaytan III)", None),
        ("Kampung Tridi", None),
        ("Timurtengah Arahan", None),
    ],
)
def test_directions_in_names(name: str, expected: float | None) -> None:
    assert direction_in_name(name).heading_deg == expected


def test_landmarks_are_told() -> None:
    assert direction_in_name("Jl Retawu Arah Museum").landmark == "Museum"
    assert direction_in_name("Jl. S. Supriyadi (Arah Klaytan III)").landmark == "Klaytan III"
    assert direction_in_name("Jl. A Yani Utara").trailing_compass_word
