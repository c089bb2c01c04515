"""What every reader returns: rows in file order with their columns and geometry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: More rows than this are refused: a city has fewer of anything.
MAX_ROWS = 2_000_000
MAX_COLUMNS = 512


@dataclass(slots=True)
class SourceRow:
    """One data row. `number` counts from 1; `geometry` is shapely, WGS 84 once the table says so."""

    number: int
    values: dict[str, Any]
    geometry: Any = None
    fault: str = ""


@dataclass
class SourceTable:
    """A whole file: column headers as written, rows, and remarks that belong to no single row."""

    columns: list[str]
    rows: list[SourceRow]
    has_geometry: bool = False
    crs: str = ""
    remarks: list[str] = field(default_factory=list)
    file_name: str = ""
    file_sha256: str = ""
    file_format: str = ""


def unique_headers(headers: list[Any]) -> list[str]:
    """Headers as text, blanks named by position, repeats numbered (`name`, `name (2)`)."""
    seen: dict[str, int] = {}
    result = []
    for index, header in enumerate(headers, 1):
        text = " ".join(str(header if header is not None else "").replace("\ufeff", "").split())
        text = text or f"column {index}"
        seen[text] = seen.get(text, 0) + 1
        result.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return result
