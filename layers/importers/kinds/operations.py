"""Units, incidents, calls and assignments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.gis.geos import Point
from django.utils import timezone

from layers.dispatch.models import (
    Assignment,
    StatusClass,
    Unit,
    UnitPosition,
    UnitStatus,
    UnitStatusChange,
)
from layers.importers.judging.values import (
    Moment,
    choice_reader,
    clock_time,
    flag,
    normalised,
    number_reader,
    text_reader,
    time_reader,
    word_list,
    words_of,
)
from layers.importers.kinds.assets import (
    ADDRESS_WORDS,
    AGENCY_WORDS,
    STATION_KIND_WORDS,
    station_kind_in,
)
from layers.importers.kinds.spec import QUERY_CHUNK, Column, Layer, Record
from layers.incidents.models import Call, Disposition, Incident, IncidentState

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
    "available": ("tersedia", "siap", "free", "ready", "idle", "inservice", "available", "1", "standby", "inquarters"),
    "out_of_service": ("rusak", "oos", "offline", "unavailable", "0", "perbaikan", "off", "outofservice", "offduty"),
    "en_route": ("enroute", "responding", "perjalanan", "berangkat"),
    "on_scene": ("onscene", "atscene", "dilokasi", "arrived"),
    "dispatched": ("assigned", "bertugas", "busy", "sibuk"),
    "returning": ("kembali", "pulang"),
    "transporting": ("transport",),
    "at_facility": ("atfacility", "athospital"),
}  # fmt: skip


def time_column(name: str, *words: str, required: bool = False, stored: bool = True) -> Column:
    """A point in time, local where the file states no offset."""
    read = time_reader(settings.TIME_ZONE)
    return Column(name, read, words, required=required, strict=required, stored=stored)


def require_unit_statuses() -> None:
    """Makes the statuses that the field uses where the table is empty."""
    if not UnitStatus.objects.exists():
        UnitStatus.objects.bulk_create(
            UnitStatus(code=code, name=name, name_en=english, status_class=kind, order=order, needs_reason=reason)
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
        Column("callsign", text_reader(60), ("namapanggilan", "panggilan", "code", "kode", "unit", "unitid", "id"), required=True, strict=True),
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
        try:
            record.fields["kind"] = choice_reader(STATION_KIND_WORDS)(stated) if stated else ""
        except ValueError:
            pass
        if not record.fields.get("kind"):
            kind = station_kind_in(
                stated, record.fields["callsign"], record.fields.get("name"), record.extra.get("agency")
            )
            if not kind:
                report.reject(
                    record.row, header, stated or None,
                    "the kind of unit is not fire, police, ambulance or rescue; give a column kind or --set kind=…",
                )  # fmt: skip
                return []
            report.warn(record.row, header, stated or None, f"no known kind of unit: taken as {kind}", kind="unit kind guessed")
            record.fields["kind"] = kind
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
        if record.fields.get("status_id", existing.status_id) == existing.status_id:
            record.fields.pop("status_since", None)
        else:
            record.fields.setdefault("status_since", timezone.now())

    def on_create(self, record: Record, lookups: Lookups) -> None:
        available = lookups.unit_status("available") or UnitStatus.objects.filter(
            status_class=StatusClass.AVAILABLE
        ).order_by("order").first()
        if available is not None:
            record.fields.setdefault("status_id", available.pk)
        record.fields.setdefault("status_since", timezone.now())

    def after_write(self, written: list[tuple[Record, int, bool]], lookups: Lookups, report: Report) -> int:
        """Positions and status history; an older fix never moves a unit back."""
        positions = {position.unit_id: position for position in UnitPosition.objects.all()}
        history, new_positions, moved = [], [], 0
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
        record: Record, unit_id: int, positions: dict[int, UnitPosition], new: list[UnitPosition], report: Report
    ) -> bool:
        """Moves or places a unit; True where an existing position changed."""
        fix_at = record.extra.get("fix_at")
        stated = {name: record.extra[name] for name in ("speed_kph", "heading_deg", "accuracy_m") if name in record.extra}
        point = Point(record.geometry.x, record.geometry.y, srid=4326)
        position = positions.get(unit_id)
        if position is None:
            new.append(UnitPosition(unit_id=unit_id, fix_at=fix_at, source="import", geom=point, **stated))
            return False
        if fix_at is not None and position.fix_at is not None and fix_at < position.fix_at:
            report.warn(
                record.row, record.headers.get("fix_at", "fix_at"), fix_at.isoformat(),
                "older than the position that is known: not used", kind="older fix",
            )  # fmt: skip
            return False
        same_place = max(abs(position.geom.x - point.x), abs(position.geom.y - point.y)) <= 1e-7
        same_fix = fix_at is None or position.fix_at == fix_at
        if same_place and same_fix:
            return False
        if fix_at is None and position.fix_at is not None and record.extra.get("same_import"):
            return False
        position.geom, position.fix_at, position.source = point, fix_at, "import"
        for name, value in stated.items():
            setattr(position, name, value)
        position.save()
        return True


_TIMES = ("reported_at", "first_dispatch_at", "first_en_route_at", "first_on_scene_at", "under_control_at", "closed_at")
_STATE_WORDS = words_of(
    IncidentState,
    {
        "new": ("baru", "open", "terbuka", "0"),
        "pending": ("menunggu", "antri", "waiting"),
        "dispatched": ("ditugaskan", "assigned", "diproses", "proses", "inprogress"),
        "on_scene": ("dilokasi", "onscene"),
        "under_control": ("terkendali", "undercontrol"),
        "closed": ("selesai", "ditutup", "tutup", "done", "completed", "resolved", "tuntas", "ditangani", "1"),
        "on_hold": ("ditunda", "onhold"),
        "cancelled": ("batal", "dibatalkan", "canceled"),
        "merged": ("digabung",),
    },
)
_DISPOSITION_WORDS = words_of(
    Disposition,
    {
        "handled": ("ditangani", "selesai", "tertangani", "resolved"),
        "false_alarm": ("alarmpalsu", "palsu", "falsealarm", "hoax"),
        "unfounded": ("tidakterbukti",),
        "nothing_found": ("nihil", "nothingfound"),
        "cancelled": ("batal", "dibatalkan", "canceled"),
        "duplicate": ("ganda", "duplikat"),
        "transferred": ("dilimpahkan", "diteruskan", "transfer"),
    },
)


class Incidents(Layer):
    """Incidents with their type and times; the state follows from the times where none is stated."""

    name = "incidents"
    model = Incident
    keys = ("number",)
    events = "incidents"
    columns = (
        Column("number", text_reader(40), ("nomor", "no", "nomorlaporan", "nolaporan", "nokejadian", "nomorkejadian", "incidentnumber", "incidntnum", "incidentid", "casenumber", "servicerequestid", "tiket", "code", "kode", "id"), required=True, strict=True),
        Column("type", text_reader(120), ("jenis", "jeniskejadian", "kategori", "category", "tipe", "incidenttype", "kejadian", "servicename", "kind", "jenislaporan"), stored=False),
        Column("initial_type", text_reader(120), ("jenisawal",), stored=False),
        Column("state", choice_reader(_STATE_WORDS), ("status", "statuslaporan", "statuskejadian")),
        Column("priority", number_reader(1, 5, whole=True), ("prioritas",)),
        Column("disposition", choice_reader(_DISPOSITION_WORDS), ("disposisi", "hasil")),
        Column("agency", text_reader(160), AGENCY_WORDS + ("agencyresponsible",), stored=False),
        Column("address", text_reader(300), ADDRESS_WORDS + ("location", "lokasi", "lokasikejadian", "tempat")),
        Column("summary", text_reader(500), ("ringkasan", "uraian", "deskripsi", "description", "descript", "keterangan", "laporan")),
        time_column("reported_at", "dilaporkan", "waktulapor", "waktulaporan", "tanggallaporan", "tanggal", "date", "datetime", "waktu", "tgl", "requesteddatetime", "waktukejadian", "tanggalkejadian", "createdat", "reported", "timestamp", required=True),
        Column("time_of_day", clock_time, ("time", "jam", "pukul", "jamlapor"), stored=False),
        time_column("first_dispatch_at", "dispatchedat", "dispatch", "dispatched", "waktudispatch", "waktutugas"),
        time_column("first_en_route_at", "enrouteat", "enroute", "berangkat", "waktuberangkat"),
        time_column("first_on_scene_at", "onsceneat", "onscene", "tiba", "waktutiba", "arrivedat"),
        time_column("under_control_at", "undercontrol", "terkendali", "waktuterkendali"),
        time_column("closed_at", "closed", "selesai", "waktuselesai", "ditutup", "closeddatetime"),
        time_column("first_closed_at"),
        Column("location_accuracy_m", number_reader(0, 1e6), ("akurasi", "accuracy")),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        fields, headers = record.fields, record.headers
        reported = fields["reported_at"]
        if isinstance(reported, Moment) and reported.date_only:
            clock = record.extra.get("time_of_day")
            if clock is not None and "time_of_day" in headers:
                fields["reported_at"] = reported + timedelta(
                    hours=clock.hour, minutes=clock.minute, seconds=clock.second
                )
            else:
                report.warn(
                    record.row, headers.get("time_of_day") or headers.get("reported_at", "reported_at"), None,
                    "the time of day is lost: the incident is dated at midnight", kind="time of day lost",
                )  # fmt: skip
        for name in _TIMES:
            if name in fields:
                fields[name] = _plain(fields[name])
        if fields["reported_at"] > timezone.now() + timedelta(minutes=5):
            report.reject(
                record.row, headers.get("reported_at", "reported_at"), fields["reported_at"].isoformat(),
                "dated in the future",
            )  # fmt: skip
            return []
        stated = [(name, fields[name]) for name in _TIMES if name in fields]
        for (before, earlier), (after, later) in zip(stated, stated[1:], strict=False):
            if later < earlier:
                report.warn(
                    record.row, headers.get(after, after), later.isoformat(),
                    f"earlier than {before}: out of order, left out of the intervals", kind="times out of order",
                )  # fmt: skip
        self._state(record, report)
        return [record]

    @staticmethod
    def _state(record: Record, report: Report) -> None:
        """State from what is stated; an old report without any later word is history, so closed."""
        fields = record.fields
        state = fields.get("state")
        latest = max((fields[name] for name in _TIMES if name in fields), default=fields["reported_at"])
        if state is None:
            if "closed_at" in fields:
                state = IncidentState.CLOSED.value
            elif "under_control_at" in fields:
                state = IncidentState.UNDER_CONTROL.value
            elif "first_on_scene_at" in fields:
                state = IncidentState.ON_SCENE.value
            elif "first_dispatch_at" in fields:
                state = IncidentState.DISPATCHED.value
            else:
                state = IncidentState.NEW.value
            if state != "closed" and latest < timezone.now() - timedelta(days=2):
                state = IncidentState.CLOSED.value
                report.counts["old incident without a state: closed"] += 1
        if state == IncidentState.MERGED:
            state = IncidentState.CLOSED.value
            fields.setdefault("disposition", Disposition.DUPLICATE.value)
        fields["state"] = state
        if state == IncidentState.CLOSED:
            if "closed_at" not in fields:
                fields["closed_at"] = latest
                record.attributes["closed_at_assumed"] = True
            fields.setdefault("disposition", Disposition.HANDLED.value)
            fields.setdefault("first_closed_at", fields["closed_at"])

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        from layers.importers.judging.surroundings import areas_of_level

        wards = areas_of_level("kelurahan")
        inside = wards.holding([record.geometry for record in records])
        for index, record in enumerate(records):
            if agency := record.extra.get("agency"):
                record.fields["agency_id"] = lookups.agency(agency, record, report)
            stated = record.extra.get("type")
            if not stated:
                report.warn(
                    record.row, record.headers.get("type", "type"), None,
                    "no type: other", kind="no incident type",
                )  # fmt: skip
            kind = lookups.incident_type(stated or "other", record, report)
            record.fields["type_id"] = kind.pk
            if initial := record.extra.get("initial_type"):
                record.fields["initial_type_id"] = lookups.incident_type(initial, record, report).pk
            record.extra["type_row"] = kind
            if inside[index] >= 0:
                record.extra["area_id"] = wards.ids[int(inside[index])]
        return records

    def keep(self, existing: Any, record: Record, lookups: Lookups, report: Report) -> None:
        record.fields.pop("initial_type_id", None)
        if record.attributes.get("closed_at_assumed") and existing.closed_at is not None:
            for name in ("closed_at", "first_closed_at", "disposition"):
                record.fields.pop(name, None)
            if existing.state == IncidentState.CLOSED:
                del record.attributes["closed_at_assumed"]
        if existing.first_closed_at is not None:
            record.fields.pop("first_closed_at", None)

    def on_create(self, record: Record, lookups: Lookups) -> None:
        record.fields.setdefault("initial_type_id", record.fields["type_id"])
        record.fields.setdefault("priority", record.extra["type_row"].default_priority)
        if "area_id" in record.extra:
            record.fields["area_id"] = record.extra["area_id"]


def _plain(value: datetime) -> datetime:
    return datetime.fromtimestamp(value.timestamp(), tz=UTC)


class Calls(Layer):
    """Calls and messages to the command centre; only real ones name an incident."""

    name = "calls"
    model = Call
    geometry_required = False
    columns = (
        Column("code", text_reader(40), ("kode", "nomor", "id", "callid"), required=True, strict=True),
        Column("kind", choice_reader(words_of(Call.Kind)), ("jenis",)),
        Column("channel", choice_reader(words_of(Call.Channel)), ("kanal", "saluran")),
        time_column("arrived_at", "masuk", "waktumasuk", "arrived", required=True),
        time_column("answered_at", "dijawab", "answered"),
        time_column("ended_at", "berakhir", "ended"),
        Column("incident", text_reader(40), ("kejadian", "nomorkejadian", "incidentnumber"), stored=False),
        Column("caller_name", text_reader(160), ("namapenelepon", "pelapor"), secret=True),
        Column("caller_number", text_reader(40), ("nomorpenelepon",), secret=True),
        Column("note", text_reader(2_000), ("catatan",)),
    )

    def prepare(self, record: Record, report: Report) -> list[Record]:
        for name in ("arrived_at", "answered_at", "ended_at"):
            if name in record.fields:
                record.fields[name] = _plain(record.fields[name])
        answered = record.fields.get("answered_at")
        if answered is not None and answered < record.fields["arrived_at"]:
            report.warn(
                record.row, record.headers.get("answered_at", "answered_at"), answered.isoformat(),
                "answered before it arrived: the answer time was left out", kind="times out of order",
            )  # fmt: skip
            del record.fields["answered_at"]
        if record.fields.get("kind", "normal") not in {"normal", "duplicate"} and record.extra.pop("incident", ""):
            report.warn(
                record.row, record.headers.get("incident", "incident"), None,
                "a ghost, prank, dropped or information call never has an incident", kind="call without incident",
            )  # fmt: skip
        return [record]

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        numbers = {record.extra["incident"] for record in records if record.extra.get("incident")}
        ids = _ids(Incident, "number", numbers)
        for record in records:
            number = record.extra.get("incident")
            if number in ids:
                record.fields["incident_id"] = ids[number]
            elif number:
                report.warn(
                    record.row, record.headers.get("incident", "incident"), number,
                    "no such incident: import incidents first", kind="unknown incident",
                )  # fmt: skip
        return records


def _ids(model: Any, field: str, values: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    ordered = sorted(values)
    for start in range(0, len(ordered), 5_000):
        found.update(
            model.objects.filter(**{f"{field}__in": ordered[start : start + 5_000]}).values_list(field, "pk")
        )
    return found


class Assignments(Layer):
    """One row for each unit of a response, with its times; identified by unit, incident and dispatch."""

    name = "assignments"
    model = Assignment
    shape = "none"
    keys = ("row_key",)
    columns = (
        Column("unit", text_reader(60), ("callsign",), required=True, strict=True, stored=False),
        Column("incident", text_reader(40), ("number", "nomor"), required=True, strict=True, stored=False),
        Column("multi", flag),
        time_column("dispatched_at", "dispatched", required=True),
        *(
            time_column(name)
            for name in (
                "acknowledged_at", "en_route_at", "staged_at", "on_scene_at", "transport_at",
                "at_facility_at", "cleared_at", "cancelled_at",
            )
        ),
        Column("eta_s", number_reader(0, 1e6)),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        for column in self.columns:
            value = record.fields.get(column.name)
            if isinstance(value, datetime):
                record.fields[column.name] = _plain(value)
        stamp = record.fields["dispatched_at"].isoformat()
        record.key = ("row_key", f"{record.extra['unit']}|{record.extra['incident']}|{stamp}")
        return [record]

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        units = _ids(Unit, "callsign", {record.extra["unit"] for record in records})
        incidents = _ids(Incident, "number", {record.extra["incident"] for record in records})
        usable = []
        for record in records:
            unit, incident = record.extra["unit"], record.extra["incident"]
            if unit not in units or incident not in incidents:
                field = "unit" if unit not in units else "incident"
                report.reject(record.row, record.headers.get(field, field), record.extra[field], f"no such {field}")
                continue
            record.fields |= {"unit_id": units[unit], "incident_id": incidents[incident]}
            usable.append(record)
        return usable

    def existing(self, records: list[Record]) -> dict[tuple[str, str], Any]:
        found = {}
        wanted = sorted({record.fields["incident_id"] for record in records if "incident_id" in record.fields})
        for start in range(0, len(wanted), QUERY_CHUNK):
            rows = Assignment.objects.filter(incident_id__in=wanted[start : start + QUERY_CHUNK])
            for row in rows.select_related("unit", "incident"):
                key = f"{row.unit.callsign}|{row.incident.number}|{row.dispatched_at.isoformat()}"
                found[("row_key", key)] = row
        return found


