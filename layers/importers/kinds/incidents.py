"""Incidents, calls and assignments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from layers.dispatch.models import Assignment, Unit
from layers.importers.judging.values import (
    Moment,
    choice_reader,
    clock_time,
    flag,
    number_reader,
    text_reader,
    words_of,
)
from layers.importers.kinds.assets import ADDRESS_WORDS, AGENCY_WORDS
from layers.importers.kinds.spec import QUERY_CHUNK, Column, Layer, Record, time_column
from layers.incidents.lifecycle.table import OPEN_STATES
from layers.incidents.models import Call, Disposition, Incident, IncidentState

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report

_TIMES = (
    "reported_at",
    "first_dispatch_at",
    "first_en_route_at",
    "first_on_scene_at",
    "under_control_at",
    "closed_at",
)
_STATE_WORDS = words_of(
    IncidentState,
    {
        "new": ("baru", "open", "terbuka", "0"),
        "pending": ("menunggu", "antri", "waiting"),
        "dispatched": ("ditugaskan", "assigned", "diproses", "proses", "inprogress"),
        "on_scene": ("dilokasi", "onscene"),
        "under_control": ("terkendali", "undercontrol"),
        "closed": (
            "selesai",
            "ditutup",
            "tutup",
            "done",
            "completed",
            "resolved",
            "tuntas",
            "ditangani",
            "1",
        ),
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
    history = True
    columns = (
        Column("number", text_reader(40), ("nomor", "no", "nomorlaporan", "nolaporan", "nokejadian", "nomorkejadian", "incidentnumber", "incidntnum", "incidentid", "casenumber", "servicerequestid", "tiket", "code", "kode", "id"), required=True, strict=True),
        Column("type", text_reader(120), ("jenis", "jeniskejadian", "kategori", "category", "tipe", "incidenttype", "kejadian", "servicename", "kind", "jenislaporan"), stored=False),
        Column("initial_type", text_reader(120), ("jenisawal",), stored=False),
        Column("state", choice_reader(_STATE_WORDS), ("status", "statuslaporan", "statuskejadian")),
        Column("priority", number_reader(1, 5, whole=True), ("prioritas",)),
        Column("disposition", choice_reader(_DISPOSITION_WORDS), ("disposisi", "hasil")),
        Column("agency", text_reader(160), (*AGENCY_WORDS, "agencyresponsible"), stored=False),
        Column("address", text_reader(300), (*ADDRESS_WORDS, "location", "lokasi", "lokasikejadian", "tempat")),
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
        Column("alarm_level", number_reader(1, 5, whole=True), ("tingkatalarm", "alarm")),
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
        for (before, earlier), (after, later) in pairwise(stated):
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
        latest = max(
            (fields[name] for name in _TIMES if name in fields), default=fields["reported_at"]
        )
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
            if stated:
                record.fields["type_id"] = kind.pk
            if initial := record.extra.get("initial_type"):
                record.fields["initial_type_id"] = lookups.incident_type(initial, record, report).pk
            record.extra["type_row"] = kind
            if inside[index] >= 0:
                record.extra["area_id"] = wards.ids[int(inside[index])]
        return records

    def keep(self, existing: Any, record: Record, lookups: Lookups, report: Report) -> None:
        record.fields.pop("initial_type_id", None)
        if (
            existing.pk in lookups.busy[0]
            and record.fields.get("state", existing.state) != existing.state
        ):
            report.warn(
                record.row, record.headers.get("state", "state"), record.fields["state"],
                "units are on it: its state stays", kind="state of an incident with units",
            )  # fmt: skip
            for name in ("state", "closed_at", "first_closed_at", "disposition"):
                record.fields.pop(name, None)
            record.attributes.pop("closed_at_assumed", None)
            return
        if "state" not in record.headers and "closed_at" not in record.headers:
            # Nothing stated: what dispatchers made of the incident since stays.
            for name in ("state", "closed_at", "disposition"):
                record.fields.pop(name, None)
            record.attributes.pop("closed_at_assumed", None)
        if record.attributes.get("closed_at_assumed") and existing.closed_at is not None:
            for name in ("closed_at", "first_closed_at", "disposition"):
                record.fields.pop(name, None)
            if existing.state == IncidentState.CLOSED:
                del record.attributes["closed_at_assumed"]
        if existing.first_closed_at is not None:
            record.fields.pop("first_closed_at", None)
        elif existing.closed_at is None and "closed_at" in record.fields:
            record.fields.setdefault("first_closed_at", record.fields["closed_at"])

    def on_create(self, record: Record, lookups: Lookups) -> None:
        record.fields.setdefault("type_id", record.extra["type_row"].pk)
        record.fields.setdefault("initial_type_id", record.fields["type_id"])
        if "closed_at" in record.fields:
            record.fields.setdefault("first_closed_at", record.fields["closed_at"])
        record.fields.setdefault(
            "state_since", max(record.fields[name] for name in _TIMES if name in record.fields)
        )
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
        Column(
            "code", text_reader(40), ("kode", "nomor", "id", "callid"), required=True, strict=True
        ),
        Column("kind", choice_reader(words_of(Call.Kind)), ("jenis",)),
        Column("channel", choice_reader(words_of(Call.Channel)), ("kanal", "saluran")),
        time_column("arrived_at", "masuk", "waktumasuk", "arrived", required=True),
        time_column("answered_at", "dijawab", "answered"),
        time_column("ended_at", "berakhir", "ended"),
        Column(
            "incident",
            text_reader(40),
            ("kejadian", "nomorkejadian", "incidentnumber"),
            stored=False,
        ),
        Column("agency", text_reader(160), AGENCY_WORDS, stored=False),
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
        if record.fields.get("kind", "normal") not in {"normal", "duplicate"} and record.extra.pop(
            "incident", ""
        ):
            report.warn(
                record.row, record.headers.get("incident", "incident"), None,
                "a ghost, prank, dropped or information call never has an incident", kind="call without incident",
            )  # fmt: skip
        return [record]

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        numbers = {record.extra["incident"] for record in records if record.extra.get("incident")}
        ids = _ids(Incident, "number", numbers)
        for record in records:
            if agency := record.extra.get("agency"):
                record.fields["agency_id"] = lookups.agency(agency, record, report)
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
            model.objects.filter(**{f"{field}__in": ordered[start : start + 5_000]}).values_list(
                field, "pk"
            )
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
        over = set(
            Incident.objects.filter(pk__in=incidents.values())
            .exclude(state__in=OPEN_STATES)
            .values_list("number", flat=True)
        )
        usable = []
        for record in records:
            unit, incident = record.extra["unit"], record.extra["incident"]
            if unit not in units or incident not in incidents:
                field = "unit" if unit not in units else "incident"
                report.reject(
                    record.row,
                    record.headers.get(field, field),
                    record.extra[field],
                    f"no such {field}",
                )
                continue
            ended = record.fields.get("cleared_at") or record.fields.get("cancelled_at")
            if not ended and incident in over:
                report.reject(
                    record.row, record.headers.get("incident", "incident"), incident,
                    "a unit cannot be active on an incident that is over: give the time it was cleared",
                )  # fmt: skip
                continue
            record.fields |= {"unit_id": units[unit], "incident_id": incidents[incident]}
            usable.append(record)
        return usable

    def existing(self, records: list[Record]) -> dict[tuple[str, str], Any]:
        found = {}
        wanted = sorted(
            {record.fields["incident_id"] for record in records if "incident_id" in record.fields}
        )
        for start in range(0, len(wanted), QUERY_CHUNK):
            rows = Assignment.objects.filter(incident_id__in=wanted[start : start + QUERY_CHUNK])
            for row in rows.select_related("unit", "incident"):
                if row.dispatched_at is None:
                    continue
                key = f"{row.unit.callsign}|{row.incident.number}|{row.dispatched_at.isoformat()}"
                found[("row_key", key)] = row
        return found
