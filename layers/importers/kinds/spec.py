"""What a layer's declaration is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from django.conf import settings
from django.db import models

from layers.importers.judging.values import Reader, time_reader

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report

#: So many keys are asked for in one query.
QUERY_CHUNK = 5_000

Shape = Literal["point", "polygon", "line", "any", "none"]


@dataclass(frozen=True)
class Column:
    """One known column of a layer.

    `words` are other headers it goes by, best first; `weak` ones count only where at least half of
    the column's values can be read. `required`: a row without it is rejected. `strict`: a value
    that cannot be read rejects the row, else the row is loaded without it and a warning is given.
    `stored` columns are fields of the model under `attname` (default: the name); the others are
    handed to the layer's rules. `secret` values never appear in reports.
    """

    name: str
    read: Reader
    words: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    required: bool = False
    strict: bool = False
    stored: bool = True
    secret: bool = False
    attname: str = ""

    @property
    def field(self) -> str:
        """Name of the model's field."""
        return self.attname or self.name


@dataclass(slots=True)
class Record:
    """One row on its way into the database; `fields` holds only what the file states."""

    row: int
    key: tuple[str, str]
    fields: dict[str, Any]
    extra: dict[str, Any]
    attributes: dict[str, Any]
    geometry: Any = None
    import_hash: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Layer:
    """A layer that files can hold. Subclasses declare it and override the rules they need.

    `keys` are the fields that identify a row, the first stated one counts; `near_m` asks for
    warnings about points closer than that; `events` names the layer in the outbox ("" for none).
    """

    name: ClassVar[str]
    model: ClassVar[type[models.Model]]
    keys: ClassVar[tuple[str, ...]] = ("code",)
    shape: ClassVar[Shape] = "point"
    geometry_required: ClassVar[bool] = True
    columns: ClassVar[tuple[Column, ...]]
    near_m: ClassVar[float] = 0.0
    names_unique: ClassVar[bool] = False
    events: ClassVar[str] = ""
    #: Rows tell what happened elsewhere: the database's life-cycle rules do not judge them.
    history: ClassVar[bool] = False

    def mapped(self, headers: list[str]) -> dict[str, str]:
        """Headers that the layer reads on its own account, by column name."""
        return {}

    def prepare(self, record: Record, report: Report) -> list[Record]:
        """Rules that need no database; returns the records the row becomes (none: rejected)."""
        return [record]

    def file_remarks(self, records: list[Record], report: Report) -> None:
        """Remarks on the file as a whole."""

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        """Turns what columns say about other tables into their ids; returns the usable records."""
        return records

    def keep(self, existing: Any, record: Record, lookups: Lookups, report: Report) -> None:
        """Takes out of `record.fields` what must not overwrite the existing row."""

    def existing(self, records: list[Record]) -> dict[tuple[str, str], Any]:
        """Rows in the database by the records' keys."""
        found: dict[tuple[str, str], Any] = {}
        values: dict[str, set[str]] = {}
        for record in records:
            values.setdefault(record.key[0], set()).add(record.key[1])
        for name, wanted in values.items():
            ordered = sorted(wanted)
            for start in range(0, len(ordered), QUERY_CHUNK):
                chunk = ordered[start : start + QUERY_CHUNK]
                for row in self.model._default_manager.filter(**{f"{name}__in": chunk}):
                    found[(name, str(getattr(row, name)))] = row
        return found

    def on_create(self, record: Record, lookups: Lookups) -> None:
        """Fills what a new row needs and the file does not state."""

    def after_write(
        self, written: list[tuple[Record, int, bool]], lookups: Lookups, report: Report
    ) -> int:
        """Rows of other tables: `written` is (record, id, created) for every usable record.

        Returns how many records counted as unchanged were changed here.
        """
        return 0


def time_column(name: str, *words: str, required: bool = False, stored: bool = True) -> Column:
    """A point in time, local where the file states no offset."""
    read = time_reader(settings.TIME_ZONE)
    return Column(name, read, words, required=required, strict=required, stored=stored)
