"""Units with their statuses and positions."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.gis.geos import Point
from django.utils import timezone

from layers.dispatch.models import StatusClass, Unit, UnitPosition, UnitStatus, UnitStatusChange
from layers.importers.judging.values import (
    choice_reader,
    flag,
    normalised,
    number_reader,
    text_reader,
    word_list,
)
from layers.importers.kinds.assets import AGENCY_WORDS, STATION_KIND_WORDS, station_kind_in
from layers.importers.kinds.spec import Column, Layer, Record, time_column

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report

#: Statuses of FIELD practice: code, name, English name, class, whether a reason is needed.
STANDARD_STATUSES = (
    ("available", "Siaga", "available", StatusClass.AVAILABLE, False),
    ("patrol", "Patroli", "patrol", StatusClass.AVAILABLE, False),
    ("reserved", "Dicadangkan", "reserved", StatusClass.COMMITTED, False),
    ("dispatched", "Ditugaskan", "dispatched", StatusClass.COMMITTED, False),
    ("acknowledged", "Diterima", "acknowledged", StatusClass.COMMITTED, False),
    ("en_route", "Menuju lokasi", "en route", StatusClass.COMMITTED, False),
    ("staged", "Bersiap di dekat lokasi", "staged", StatusClass.COMMITTED, False),
    ("on_scene", "Di lokasi", "on scene", StatusClass.COMMITTED, False),
    ("transporting", "Mengantar", "transporting", StatusClass.COMMITTED, False),
    ("at_facility", "Di fasilitas", "at facility", StatusClass.COMMITTED, False),
    ("returning", "Kembali", "returning", StatusClass.DELAYED, False),
    ("out_of_service", "Tidak dinas", "out of service", StatusClass.UNAVAILABLE, True),
)
_STATUS_SYNONYMS = {
    "available": ("siaga", "tersedia", "siap", "free", "ready", "idle", "inservice", "available", "1", "standby", "inquarters", "qtr", "nav", "avi", "rad"),
    "out_of_service": ("rusak", "oos", "offline", "unavailable", "0", "perbaikan", "off", "outofservice", "offduty"),
    "en_route": ("enroute", "enr", "responding", "perjalanan", "berangkat"),
    "on_scene": ("onscene", "ons", "atscene", "dilokasi", "arrived"),
    "dispatched": ("assigned", "bertugas", "busy", "sibuk"),
    "returning": ("kembali", "pulang"),
    "transporting": ("transport", "tsp"),
    "at_facility": ("atfacility", "athospital", "hsp"),
}  # fmt: skip


def require_unit_statuses() -> None:
    """Makes the statuses that the field uses where the table is empty."""
    if not UnitStatus.objects.exists():
        UnitStatus.objects.bulk_create(
            UnitStatus(
                code=code,
                name=name,
                name_en=english,
                status_class=kind,
                order=order,
                needs_reason=reason,
            )
            for order, (code, name, english, kind, reason) in enumerate(STANDARD_STATUSES)
        )


class Units(Layer):
    """Vehicles that can be sent, with their status and last position."""

    name = "units"
    model = Unit
    keys = ("callsign",)
    geometry_required = False
    events = "units"
    columns = (
        Column("callsign", text_reader(60), ("namapanggilan", "panggilan", "code", "kode", "unit", "unitid", "id", "title"), required=True, strict=True),
        Column("name", text_reader(160), ("nama", "description")),
        Column("kind", text_reader(60), ("jenis", "tipe", "type", "jenisunit", "category"), stored=False),
        Column("capabilities", word_list, ("kemampuan", "capability", "kapabilitas", "peralatan", "skills")),
        Column("agency", text_reader(160), AGENCY_WORDS, stored=False),
        Column("station", text_reader(200), ("pos", "pangkalan", "stasiun", "posko", "homestation", "base"), stored=False),
        Column("status", text_reader(60), ("keadaan", "kondisi", "state"), stored=False),
        time_column("status_since", "sejak", "statustime", "waktustatus"),
        Column("status_reason", text_reader(200), ("alasan", "reason")),
        Column("multi_assignment", flag, ("multi",)),
        time_column("fix_at", "fixtime", "gpstime", "positiontime", "waktuposisi", "lastupdate", "timestamp", "lastseen", stored=False),
        Column("speed_kph", number_reader(0, 400), ("speed", "kecepatan"), stored=False),
        Column("heading_deg", number_reader(0, 360), ("heading", "course", "arah"), stored=False),
        Column("accuracy_m", number_reader(0, 1e5), ("accuracy", "akurasi"), stored=False),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        stated = record.extra.get("kind", "")
        header = record.headers.get("kind", "kind")
        with contextlib.suppress(ValueError):
            record.fields["kind"] = choice_reader(STATION_KIND_WORDS)(stated) if stated else ""
        if not record.fields.get("kind"):
            kind = station_kind_in(
                stated,
                record.fields["callsign"],
                record.fields.get("name"),
                record.extra.get("agency"),
            )
            if not kind:
                report.reject(
                    record.row, header, stated or None,
                    "the kind of unit is not fire, police, ambulance or rescue; give a column kind or --set kind=…",
                )  # fmt: skip
                return []
            report.warn(
                record.row,
                header,
                stated or None,
                f"no known kind of unit: taken as {kind}",
                kind="unit kind guessed",
            )
            record.extra["kind_guess"] = kind
            record.fields.pop("kind", None)
        fix_at = record.extra.get("fix_at")
        if fix_at is not None and fix_at > timezone.now() + timedelta(minutes=2):
            report.warn(
                record.row, record.headers.get("fix_at", "fix_at"), fix_at.isoformat(),
                "the position is dated in the future: not used", kind="fix in the future",
            )  # fmt: skip
            record.extra["no_position"] = True
        return [record]

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        require_unit_statuses()
        for record in records:
            if agency := record.extra.get("agency"):
                record.fields["agency_id"] = lookups.agency(agency, record, report)
            if name := record.extra.get("station"):
                station = lookups.station(name)
                if station is None:
                    record.attributes["station"] = name
                    report.warn(
                        record.row, record.headers.get("station", "station"), name,
                        "no such station: kept as an attribute; import stations first",
                        kind="unknown station",
                    )  # fmt: skip
                else:
                    record.fields["station_id"] = station.pk
                    record.extra["station_place"] = station.geom
            self._status(record, lookups, report)
        return records

    def _status(self, record: Record, lookups: Lookups, report: Report) -> None:
        stated = record.extra.get("status")
        if not stated:
            return
        status = lookups.unit_status(stated)
        if status is None:
            word = normalised(stated)
            code = next((code for code, words in _STATUS_SYNONYMS.items() if word in words), None)
            status = lookups.unit_status(code) if code else None
        if status is None:
            report.warn(
                record.row, record.headers.get("status", "status"), stated,
                "not a known unit status: left as it was, or available", kind="unknown unit status",
            )  # fmt: skip
            return
        record.fields["status_id"] = status.pk

    def keep(self, existing: Any, record: Record, lookups: Lookups, report: Report) -> None:
        if (
            existing.pk in lookups.busy[1]
            and record.fields.pop("status_id", existing.status_id) != existing.status_id
        ):
            report.warn(
                record.row, record.headers.get("status", "status"), record.extra.get("status"),
                "the unit is on an incident: its status stays", kind="status of a busy unit",
            )  # fmt: skip
        if record.fields.get("status_id", existing.status_id) == existing.status_id:
            record.fields.pop("status_since", None)
        else:
            record.fields.setdefault("status_since", timezone.now())

    def on_create(self, record: Record, lookups: Lookups) -> None:
        available = (
            lookups.unit_status("available")
            or UnitStatus.objects.filter(status_class=StatusClass.AVAILABLE)
            .order_by("order")
            .first()
        )
        if guess := record.extra.get("kind_guess"):
            record.fields["kind"] = guess
        if available is not None:
            record.fields.setdefault("status_id", available.pk)
        record.fields.setdefault("status_since", timezone.now())

    def after_write(
        self, written: list[tuple[Record, int, bool]], lookups: Lookups, report: Report
    ) -> int:
        """Positions and status history; an older fix never moves a unit back."""
        positions = {position.unit_id: position for position in UnitPosition.objects.all()}
        history: list[UnitStatusChange] = []
        new_positions: list[UnitPosition] = []
        moved = 0
        for record, unit_id, created in written:
            if "status_id" in record.fields and (created or record.extra.get("status_changed")):
                history.append(
                    UnitStatusChange(
                        unit_id=unit_id, status_id=record.fields["status_id"],
                        at=record.fields.get("status_since") or timezone.now(), reason="import",
                    )
                )  # fmt: skip
            place = record.geometry
            if place is None or record.extra.get("no_position"):
                if created and place is None and unit_id not in positions:
                    report.warn(
                        record.row, "geometry", None,
                        "no position: the unit stands at its station until it reports one"
                        if "station_id" in record.fields
                        else "no position and no station: the unit cannot be recommended until it reports one",
                        kind="unit without position",
                    )  # fmt: skip
                continue
            moved += self._place(record, unit_id, positions, new_positions, report) and not created
        UnitStatusChange.objects.bulk_create(history, batch_size=1_000)
        UnitPosition.objects.bulk_create(new_positions, batch_size=1_000)
        return moved

    @staticmethod
    def _place(
        record: Record,
        unit_id: int,
        positions: dict[int, UnitPosition],
        new: list[UnitPosition],
        report: Report,
    ) -> bool:
        """Moves or places a unit; True where an existing position changed."""
        fix_at = record.extra.get("fix_at")
        stated = {
            name: record.extra[name]
            for name in ("speed_kph", "heading_deg", "accuracy_m")
            if name in record.extra
        }
        point = Point(record.geometry.x, record.geometry.y, srid=4326)
        position = positions.get(unit_id)
        if position is None:
            new.append(
                UnitPosition(unit_id=unit_id, fix_at=fix_at, source="import", geom=point, **stated)
            )
            return False
        if fix_at is not None and position.fix_at is not None and fix_at < position.fix_at:
            report.warn(
                record.row, record.headers.get("fix_at", "fix_at"), fix_at.isoformat(),
                "older than the position that is known: not used", kind="older fix",
            )  # fmt: skip
            return False
        same_place = max(abs(position.geom.x - point.x), abs(position.geom.y - point.y)) <= 1e-7
        same_fix = fix_at is None or position.fix_at == fix_at
        if (same_place and same_fix) or record.extra.get("same_import"):
            return False
        position.geom, position.fix_at, position.source = point, fix_at, "import"
        for name, value in stated.items():
            setattr(position, name, value)
        position.save()
        return True
