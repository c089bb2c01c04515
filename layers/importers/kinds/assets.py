"""Camera sites and cameras, wifi hotspots, stations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from layers.assets.models import (
    AssetStatus,
    Station,
    StationKind,
    WifiHotspot,
)
from layers.importers.judging.values import (
    choice_reader,
    number_reader,
    text_reader,
    words_of,
)
from layers.importers.kinds.spec import Column, Layer, Record

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report

NAME_WORDS = (
    "nama",
    "namalokasi",
    "namaobjek",
    "namobj",
    "title",
    "judul",
    "label",
    "namacctv",
    "namakamera",
    "cctvname",
    "cameraname",
    "cctvtitle",
    "namawifi",
    "namapos",
    "namastasiun",
    "namatitik",
    "namatempat",
    "lokasi",
)
CODE_WORDS = ("kode", "id", "uuid", "nomor", "no", "kodecctv", "idcctv", "cctvid", "cameraid", "idkamera", "osmid", "objectid", "gid", "fid")  # fmt: skip
ADDRESS_WORDS = ("alamat", "formatted", "formattedaddress", "locationformatted", "alamatlengkap", "jalan", "street", "locationstreet")  # fmt: skip
AGENCY_WORDS = ("instansi", "opd", "dinas", "namainstansi", "organisation", "organization")  # fmt: skip
PHONE_WORDS = ("telepon", "telp", "nomortelepon", "notelp", "hp", "tel", "contact")

ASSET_STATUS_WORDS = words_of(
    AssetStatus,
    {
        "active": ("1", "aktif", "online", "ok", "baik", "normal", "berfungsi", "on", "true", "up", "hidup", "nyala", "operational", "enabled"),
        "failed": ("0", "offline", "rusak", "mati", "gangguan", "down", "off", "false", "error", "broken", "tidakaktif", "nonaktif", "inactive", "disabled"),
        "maintenance": ("perbaikan", "pemeliharaan", "perawatan", "undermaintenance", "repair"),
        "planned": ("rencana", "direncanakan", "usulan", "proposed", "plan"),
        "retired": ("dibongkar", "dihapus", "pensiun", "removed", "decommissioned", "bekas"),
    },
)  # fmt: skip
STATUS_WORDS = ("kondisi", "statuslabel", "keadaan")
STATUS_WEAK = ("statuscode", "isactive", "aktif", "isonline")

STATION_KIND_TOKENS = {
    "fire": ("fire", "damkar", "pemadam", "kebakaran", "pmk", "bomberos", "feuerwehr"),
    "police": ("police", "polisi", "polsek", "polres", "polresta", "polda", "polsubsektor"),
    "rescue": ("rescue", "sar", "basarnas", "bpbd", "penyelamat", "penyelamatan"),
    "ambulance": ("ambulance", "ambulans", "hospital", "puskesmas", "psc", "pmi", "ems", "rsia", "rsud", "rsu", "rs", "medis"),
}  # fmt: skip
_STATION_PHRASES = {
    "ambulance": ("rumah sakit", "klinik rawat inap"),
    "rescue": ("search and rescue",),
}
STATION_KIND_WORDS = words_of(
    StationKind,
    {
        "fire": ("damkar", "pemadam", "pemadamkebakaran", "firestation", "firedepartment", "pmk", "kebakaran"),
        "police": ("polisi", "policestation", "polsek", "polresta", "polres", "pospolisi"),
        "ambulance": ("ambulans", "ems", "medis", "medical", "psc", "psc119", "ambulancestation"),
        "rescue": ("sar", "penyelamat", "penyelamatan", "bpbd", "basarnas"),
    },
)  # fmt: skip


def station_kind_in(*texts: Any) -> str:
    """Kind of station that a name or category states ("" where it states none)."""
    for text in texts:
        lowered = str(text or "").lower()
        tokens = set(re.findall(r"[a-z]+", lowered))
        for kind, phrases in _STATION_PHRASES.items():
            if any(phrase in lowered for phrase in phrases):
                return kind
        for kind, words in STATION_KIND_TOKENS.items():
            if tokens & set(words):
                return kind
    return ""


def asset_columns(*, name_words: tuple[str, ...] = NAME_WORDS) -> tuple[Column, ...]:
    """Columns that every asset layer has."""
    return (
        Column("code", text_reader(120), CODE_WORDS, strict=True),
        Column("name", text_reader(200), name_words),
        Column("agency", text_reader(160), AGENCY_WORDS, stored=False),
        Column("address", text_reader(300), ADDRESS_WORDS),
        Column("status", choice_reader(ASSET_STATUS_WORDS), STATUS_WORDS, STATUS_WEAK),
    )


class AssetLayer(Layer):
    """Rules that assets share: a name and a code are made where the file has none."""

    near_m = 15.0
    names_unique = True

    def prepare(self, record: Record, report: Report) -> list[Record]:
        if not record.fields.get("name"):
            report.warn(
                record.row, record.headers.get("name", "name"), None,
                "no name: the code is used", kind="no name",
            )  # fmt: skip
        if record.fields.get("status") == AssetStatus.FAILED:
            report.warn(
                record.row, record.headers.get("status", "status"), "failed",
                "the source says that it does not work: loaded as failed", kind="status failed",
            )  # fmt: skip
        return [record]

    def on_create(self, record: Record, lookups: Lookups) -> None:
        if guess := record.extra.get("kind_guess"):
            record.fields.setdefault("kind", guess)
        code = record.fields.get("code") or record.fields.get("callsign") or record.key[1]
        record.fields.setdefault("code", code)
        if not record.fields.get("name"):
            record.fields["name"] = record.fields["code"]

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        for record in records:
            if agency := record.extra.get("agency"):
                record.fields["agency_id"] = lookups.agency(agency, record, report)
        return records


class Wifi(AssetLayer):
    """Free wifi hotspots."""

    name = "wifi"
    model = WifiHotspot
    events = "wifi"
    columns = (
        *asset_columns(),
        Column("ssid", text_reader(64), ("namawifi", "wifiname")),
        Column(
            "reach_m",
            number_reader(0, 5_000, above=True),
            ("reach", "jangkauan", "radius", "radiusm"),
        ),
        Column("bandwidth_mbps", number_reader(0, 1e6), ("bandwidth", "kecepatan", "mbps")),
        Column("provider", text_reader(120), ("penyedia", "isp")),
    )


class Stations(AssetLayer):
    """Posts that units start from."""

    name = "stations"
    model = Station
    events = "stations"
    columns = (
        *asset_columns(),
        Column("kind", text_reader(200), ("jenis", "tipe", "jenisstasiun", "jenispos", "amenity", "type", "category", "kategori", "jenisfasilitas"), stored=False),
        Column("phone", text_reader(40), PHONE_WORDS),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        super().prepare(record, report)
        stated = record.extra.get("kind")
        header = record.headers.get("kind", "kind")
        reader = choice_reader(STATION_KIND_WORDS)
        if stated:
            try:
                record.fields["kind"] = reader(stated)
                return [record]
            except ValueError:
                kind = station_kind_in(stated)
        else:
            kind = station_kind_in(
                record.fields.get("name"), record.extra.get("agency"), record.extra.get("file")
            )
        if not kind:
            report.reject(
                record.row, header, stated or None,
                "the kind of station is not fire, police, ambulance or rescue; give a column kind, "
                "use --set kind=…, or import it as places",
            )  # fmt: skip
            return []
        report.warn(
            record.row, header, stated or None, f"no known kind of station: taken as {kind}",
            kind="station kind guessed",
        )  # fmt: skip
        record.extra["kind_guess"] = kind
        return [record]
