"""Small tables that other layers point to: agencies, camera models, types, statuses, run cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from layers.assets.models import CameraModel, OpticsStandard
from layers.coverage.models import DemandProfile
from layers.dispatch.models import RunCard, UnitStatus
from layers.importers.judging.values import (
    choice_reader,
    flag,
    normalised,
    number_reader,
    text_reader,
    word_list,
)
from layers.importers.kinds.assets import CODE_WORDS, NAME_WORDS
from layers.importers.kinds.spec import Column, Layer, Record
from layers.incidents.models import IncidentType
from layers.places.models import Agency

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report


def columns_of(
    model: type[models.Model], *keys: str, skip: tuple[str, ...] = ()
) -> tuple[Column, ...]:
    """Columns of a plain table under the names of its fields; a key that cannot be read rejects."""
    columns = []
    for field in model._meta.concrete_fields:
        if field.primary_key or field.is_relation or field.name in {*skip, "attributes"}:
            continue
        words: tuple[str, ...] = ()
        if field.name == "code":
            words = CODE_WORDS[:3]
        elif field.name == "name":
            words = NAME_WORDS
        columns.append(
            Column(
                field.name,
                _reader(field),
                words,
                required=field.name in keys,
                strict=field.name in keys,
            )
        )
    return tuple(columns)


def _reader(field: Any) -> Any:
    if isinstance(field, ArrayField):
        return word_list
    if isinstance(field, models.BooleanField):
        return flag
    if isinstance(field, models.FloatField):
        return number_reader(-1e15, 1e15)
    if isinstance(field, models.IntegerField):
        return number_reader(0, 9e15, whole=True)
    if field.choices:
        return choice_reader({normalised(value): str(value) for value, _ in field.choices})
    return text_reader(field.max_length or 2_000)


class Table(Layer):
    """A table without geometry."""

    shape = "none"


class Agencies(Table):
    """Agencies (OPD) and external bodies."""

    name = "agencies"
    model = Agency
    columns = columns_of(Agency, "code", "name")


class CameraModels(Table):
    """The price list of cameras."""

    name = "camera_models"
    model = CameraModel
    keys = ("name",)
    columns = columns_of(CameraModel, "name")


class IncidentTypes(Table):
    """Kinds of incidents."""

    name = "incident_types"
    model = IncidentType
    columns = (
        *columns_of(IncidentType, "code", "name"),
        Column("lead_agency", text_reader(160), ("agency", "instansi"), stored=False),
    )

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        for record in records:
            if agency := record.extra.get("lead_agency"):
                record.fields["lead_agency_id"] = lookups.agency(agency, record, report)
        return records


class UnitStatuses(Table):
    """Statuses a unit can have."""

    name = "unit_statuses"
    model = UnitStatus
    columns = columns_of(UnitStatus, "code", "name", "status_class")


class DemandProfiles(Table):
    """Weights of demand."""

    name = "demand_profiles"
    model = DemandProfile
    keys = ("name",)
    columns = columns_of(
        DemandProfile, "name", skip=("incident_kinds", "place_kinds", "version", "changed_at")
    )


class OpticsStandards(Table):
    """Editions of the pixel density table."""

    name = "optics_standards"
    model = OpticsStandard
    keys = ("row_key",)
    columns = columns_of(OpticsStandard, "edition", "level", "px_per_m")

    def prepare(self, record: Record, report: Report) -> list[Record]:
        record.key = ("row_key", f"{record.fields['edition']}|{record.fields['level']}")
        return [record]

    def existing(self, records: list[Record]) -> dict[tuple[str, str], Any]:
        return {
            ("row_key", f"{row.edition}|{row.level}"): row for row in OpticsStandard.objects.all()
        }


class RunCards(Table):
    """What an incident type at an alarm level needs."""

    name = "run_cards"
    model = RunCard
    keys = ("row_key",)
    columns = (
        Column("incident_type", text_reader(120), ("type", "jenis"), required=True, strict=True, stored=False),
        *columns_of(RunCard, "kind"),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        line = (
            record.extra["incident_type"],
            *(record.fields.get(name) for name in ("alarm_level", "kind", "capability")),
        )
        record.key = ("row_key", "|".join(str(part) for part in line))
        return [record]

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        known = lookups.table(IncidentType, "code", "name", "name_en")
        usable = []
        for record in records:
            fields = record.fields
            kind = known.get(normalised(record.extra["incident_type"]))
            if kind is None:
                report.reject(
                    record.row, record.headers.get("incident_type", "incident_type"),
                    record.extra["incident_type"], "no such incident type: import incident_types first",
                )  # fmt: skip
                continue
            fields["incident_type_id"] = kind.pk
            line = (
                kind.code,
                fields.get("alarm_level", 1),
                fields["kind"],
                fields.get("capability", ""),
            )
            record.key = ("row_key", "|".join(str(part) for part in line))
            usable.append(record)
        return usable

    def existing(self, records: list[Record]) -> dict[tuple[str, str], Any]:
        return {
            (
                "row_key",
                f"{row.incident_type.code}|{row.alarm_level}|{row.kind}|{row.capability}",
            ): row
            for row in RunCard.objects.select_related("incident_type")
        }
