"""Reading what is there, comparing, and writing in bulk; all inside the import's transaction."""

from __future__ import annotations

import json
import re
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.db.models import GeometryField
from django.contrib.gis.geos import GEOSGeometry
from django.db import connection, models
from django.utils import timezone
from django.utils.text import slugify
from psycopg import sql
from psycopg.types.json import Jsonb

from layers.assets.models import CameraModel, Station
from layers.dispatch.models import Assignment, UnitStatus
from layers.importers.judging.report import Report
from layers.importers.judging.values import clean_text, normalised
from layers.importers.kinds.cctv import Sites
from layers.importers.kinds.spec import Record
from layers.incidents.models import IncidentType
from layers.places.models import Agency

COORDINATE_TOLERANCE_DEG = 1e-7
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.0+)?(Z|\+00(:?00)?)?$")


class Lookups:
    """Rows of other tables that columns name by code or name; each table is read once."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._cache: dict[str, dict[str, Any]] = {}
        self._sites: Sites | None = None

    @property
    def sites(self) -> Sites:
        """All camera sites, read on first use."""
        if self._sites is None:
            self._sites = Sites(self.origin)
        return self._sites

    @cached_property
    def busy(self) -> tuple[set[int], set[int]]:
        """Ids of incidents and of units that an active assignment ties together now."""
        rows = list(
            Assignment.objects.filter(
                cleared_at__isnull=True, cancelled_at__isnull=True
            ).values_list("incident_id", "unit_id")
        )
        return {incident for incident, _unit in rows}, {unit for _incident, unit in rows}

    def table(self, model: type[models.Model], *names: str) -> dict[str, Any]:
        """Rows of a model by the normalised value of each of `names`; earlier names win."""
        label = model._meta.label
        if label not in self._cache:
            rows = list(model._default_manager.all())
            found: dict[str, Any] = {}
            for name in names:
                for row in rows:
                    if value := normalised(getattr(row, name) or ""):
                        found.setdefault(value, row)
            self._cache[label] = found
        return self._cache[label]

    def agency(self, text: str, record: Record, report: Report) -> int:
        """Id of an agency by code or name; one that is not known yet is created, with a warning."""
        known = self.table(Agency, "code", "name")
        key = normalised(text)
        if key not in known:
            code = (slugify(text) or f"agency-{len(known) + 1}")[:40]
            if normalised(code) in known:
                code = f"{code[:30]}-{len(known) + 1}"
            known[key] = Agency.objects.create(
                code=code, name=text, onboarding=Agency.Onboarding.DELIVERING
            )
            report.warn(
                record.row, record.headers.get("agency", "agency"), text,
                f"no such agency: created with code {code}", kind="agency created",
            )  # fmt: skip
        return int(known[key].pk)

    def camera_model(self, name: str) -> CameraModel | None:
        """A camera model by name."""
        return self.table(CameraModel, "name").get(normalised(name))

    def station(self, text: str) -> Station | None:
        """A station by code or name."""
        return self.table(Station, "code", "name").get(normalised(text))

    def unit_status(self, text: str) -> UnitStatus | None:
        """A unit status by code or name."""
        return self.table(UnitStatus, "code", "name", "name_en").get(normalised(text))

    def incident_type(self, text: str, record: Record, report: Report) -> IncidentType:
        """An incident type by code or name; one that is not known yet is created, with a warning."""
        known = self.table(IncidentType, "code", "name", "name_en")
        key = normalised(text) or "other"
        if key not in known:
            code = (slugify(text) or f"type-{len(known) + 1}")[:40]
            if normalised(code) in known:
                code = f"{code[:30]}-{len(known) + 1}"
            known[key] = IncidentType.objects.create(code=code, name=text[:120], name_en="")
            report.warn(
                record.row, record.headers.get("type", "type"), text,
                f"no such incident type: created with code {code}", kind="incident type created",
            )  # fmt: skip
        return known[key]


def differing_fields(existing: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """The stated fields whose value differs from the stored one, text compared as cleaned."""
    return {
        name: value
        for name, value in fields.items()
        if not _same_value(getattr(existing, name), value)
    }


def merged_attributes(stored: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any] | None:
    """Stored attributes with the stated ones over them, or None where that changes nothing."""
    changed = {
        key: value
        for key, value in stated.items()
        if canonical(stored.get(key)) != canonical(value)
    }
    return {**stored, **changed} if changed else None


def same_geometry(stored: GEOSGeometry | None, stated: Any) -> bool:
    """Equal vertex by vertex to 1e-7 degrees."""
    if stored is None or stated is None:
        return stored is None and stated is None
    there = shapely.from_wkb(bytes(stored.wkb))
    if there.geom_type != stated.geom_type:
        return False
    one, two = shapely.get_coordinates(there), shapely.get_coordinates(stated)
    return one.shape == two.shape and bool(np.all(np.abs(one - two) <= COORDINATE_TOLERANCE_DEG))


def canonical(value: Any) -> Any:
    """One form for values that mean the same in every file format: '65119' and 65119, '' and None."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e300 else str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else None
    text = clean_text(value)
    if not text:
        return None
    if text.lower() in {"true", "false"}:
        return float(text.lower() == "true")
    if text[0] in "[{":
        try:
            return canonical(json.loads(text))
        except (ValueError, RecursionError):
            return text
    if _STAMP.match(text):
        return f"{text[:10]} {text[11:19]}"
    try:
        return float(text) if len(text) < 25 else text
    except ValueError:
        return text


def _same_value(stored: Any, stated: Any) -> bool:
    if isinstance(stated, bool) or isinstance(stored, bool):
        return stored == stated
    if isinstance(stated, float | int) and isinstance(stored, float | int):
        return abs(stored - stated) <= 1e-9 * max(1.0, abs(stored))
    if isinstance(stated, str) and isinstance(stored, str):
        return clean_text(stored) == clean_text(stated)
    if isinstance(stated, datetime) and isinstance(stored, datetime):
        return abs((stored - stated).total_seconds()) < 1e-3
    if isinstance(stated, list) and isinstance(stored, list):
        return [str(item) for item in stored] == [str(item) for item in stated]
    return bool(stored == stated)


def rows_copy(model: type[models.Model], rows: list[dict[str, Any]]) -> None:
    """Inserts rows with COPY; missing fields take the model's defaults. Geometries are shapely."""
    if not rows:
        return
    now = timezone.now()
    fields = [
        field for field in model._meta.concrete_fields if not (field.primary_key or field.generated)
    ]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join([sql.Identifier(str(field.column)) for field in fields]),
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([_stored(field, row, now) for field in fields])


def _stored(field: Any, row: dict[str, Any], now: datetime) -> Any:
    if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return now
    name = field.attname if field.attname in row else field.name
    value = row[name] if name in row else field.get_default()
    if isinstance(field, GeometryField):
        if value is None:
            return None
        return shapely.to_wkb(shapely.set_srid(value, 4326), hex=True, include_srid=True)
    if isinstance(field, models.JSONField):
        return None if value is None else Jsonb(value)
    return value.value if isinstance(value, Enum) else value


def rows_update(model: type[models.Model], rows: list[tuple[Any, dict[str, Any]]]) -> None:
    """Writes the changed fields of (instance, changes), grouped by which fields change."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for instance, changes in rows:
        for name, value in changes.items():
            if name == "geom" and value is not None:
                value = GEOSGeometry(memoryview(shapely.to_wkb(value)), srid=4326)
            setattr(instance, name, value)
        names = set(changes)
        if any(field.name == "updated_at" for field in model._meta.concrete_fields):
            instance.updated_at = timezone.now()
            names.add("updated_at")
        if any(field.name == "version" for field in model._meta.concrete_fields):
            instance.version += 1
            names.add("version")
        fields = {model._meta.get_field(name).name for name in names}
        groups.setdefault(tuple(sorted(fields)), []).append(instance)
    for names_, instances in groups.items():
        model._default_manager.bulk_update(instances, list(names_), batch_size=500)
