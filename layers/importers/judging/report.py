"""What an import tells: rows it refused, rows it loaded with a remark, and the counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

#: Of one kind of remark so many are listed one by one; the rest are counted in a last one.
MAX_LISTED = 1_000


class Report:
    """Collects rejections and warnings, each `{"row", "field", "value", "reason"}`.

    `row` counts data rows from 1 and is None for a remark on the whole file. Secret values are
    handed in masked; nothing here shortens what it does not print.
    """

    def __init__(self) -> None:
        self.rejected: list[dict[str, Any]] = []
        self.warnings: list[dict[str, Any]] = []
        self.rejected_rows: set[int] = set()
        self.counts: Counter[str] = Counter()

    def reject(self, row: int, field: str, value: Any, reason: str) -> None:
        """The row cannot be used."""
        self.rejected.append(_entry(row, field, value, reason))
        self.rejected_rows.add(row)

    def warn(self, row: int | None, field: str, value: Any, reason: str, *, kind: str) -> None:
        """The row is loaded, and this should be looked at. `kind` names the fault for counting."""
        self.counts[kind] += 1
        if self.counts[kind] <= MAX_LISTED:
            self.warnings.append(_entry(row, field, value, reason))

    def remark(
        self, field: str, reason: str, *, kind: str, rows: list[int], value: Any = None
    ) -> None:
        """One fault shared by many rows, told once with all their numbers."""
        self.counts[kind] += len(rows)
        entry = _entry(rows[0] if rows else None, field, value, reason)
        entry["rows"] = rows[:MAX_LISTED]
        entry["rows_total"] = len(rows)
        self.warnings.append(entry)

    def listed_warnings(self) -> list[dict[str, Any]]:
        """All warnings, by row, with one line for each kind that was cut short."""
        result = sorted(
            self.warnings, key=lambda entry: (entry["row"] is not None, entry["row"] or 0)
        )
        listed = {kind: count for kind, count in self.counts.items() if count > MAX_LISTED}
        for kind, count in listed.items():
            if not any(entry.get("rows_total") == count for entry in self.warnings):
                result.append(
                    _entry(
                        None,
                        "",
                        count,
                        f"{kind}: {count} in all, the first {MAX_LISTED} are listed",
                    )
                )
        return result


def _entry(row: int | None, field: str, value: Any, reason: str) -> dict[str, Any]:
    if isinstance(value, str) and len(value) > 200:
        value = value[:200] + "…"
    elif not isinstance(value, str | int | float | bool | list | type(None)):
        value = str(value)[:200]
    return {"row": row, "field": field, "value": value, "reason": reason}
