"""Administrative areas from BIG, HDX, BPS or plain files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from layers.importers.judging.values import (
    choice_reader,
    clean_text,
    normalised,
    number_reader,
    text_reader,
    words_of,
)
from layers.importers.kinds.spec import Column, Layer, Record
from layers.places.models import Area

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report

_LEVELS = (Area.Level.WARD, Area.Level.DISTRICT, Area.Level.CITY, Area.Level.PROVINCE)
#: Code and name columns of each level, widest known sources: BIG, HDX (OCHA), BPS.
_CODE_HEADERS = {
    Area.Level.WARD: ("kdepum", "adm4pcode", "villagecode", "kodekelurahan", "kodedesa", "kodekel", "iddesa", "kddesa", "gid4", "cc4"),
    Area.Level.DISTRICT: ("kdcpum", "adm3pcode", "districtcode", "subdistrictcode", "kodekecamatan", "kodekec", "idkec", "kdkec", "gid3", "cc3"),
    Area.Level.CITY: ("kdpkab", "adm2pcode", "regencycode", "citycode", "kodekabkota", "kodekota", "kodekab", "idkab", "kdkab", "gid2", "cc2"),
    Area.Level.PROVINCE: ("kdppum", "adm1pcode", "provincecode", "kodeprovinsi", "kodeprov", "idprov", "kdprov", "gid1", "cc1"),
}  # fmt: skip
_NAME_HEADERS = {
    Area.Level.WARD: ("wadmkd", "adm4en", "adm4id", "villagename", "village", "namakelurahan", "namadesa", "kelurahan", "desa", "name4"),
    Area.Level.DISTRICT: ("wadmkc", "adm3en", "adm3id", "districtname", "subdistrict", "namakecamatan", "kecamatan", "district", "name3"),
    Area.Level.CITY: ("wadmkk", "adm2en", "adm2id", "regencyname", "regency", "city", "namakabkota", "kabkota", "name2"),
    Area.Level.PROVINCE: ("wadmpr", "adm1en", "adm1id", "provincename", "province", "provinsi", "name1"),
}  # fmt: skip
_LEVEL_WORDS = words_of(
    Area.Level,
    {
        "kelurahan": ("desa", "village", "ward", "desakelurahan", "adm4", "4"),
        "kecamatan": ("district", "subdistrict", "adm3", "3"),
        "kota": ("kabupaten", "kabkota", "city", "regency", "municipality", "adm2", "2"),
        "provinsi": ("province", "adm1", "1"),
        "other": ("lain", "lainnya"),
    },
)


class Areas(Layer):
    """Kota, kecamatan and kelurahan, with Kemendagri, BPS or HDX codes."""

    name = "areas"
    model = Area
    shape = "polygon"
    keys = ("code",)
    events = "areas"
    columns = (
        Column("code", text_reader(40), ("kode", "kodewilayah", "kodekemendagri", "kemendagri"), strict=True),
        Column("name", text_reader(160), ("nama", "namobj", "namawilayah")),
        Column("level", choice_reader(_LEVEL_WORDS), ("tingkat", "jenis", "adminlevel")),
        Column("parent", text_reader(40), ("induk", "kodeinduk", "parentcode"), stored=False),
        Column("population", number_reader(0, 2e9, whole=True), ("penduduk", "jumlahpenduduk", "jmlpenduduk", "populasi", "pop")),
    )  # fmt: skip

    def mapped(self, headers: list[str]) -> dict[str, str]:
        by_word = {normalised(header): header for header in headers}
        result: dict[str, str] = {}
        for kind, known in (("code", _CODE_HEADERS), ("name", _NAME_HEADERS)):
            for level in _LEVELS:
                for word in known[level]:
                    if word in by_word:
                        result.setdefault(f"{level} {kind}", by_word[word])
        return result

    def prepare(self, record: Record, report: Report) -> list[Record]:
        columns = {normalised(header): value for header, value in record.attributes.items()}

        def stated(headers: tuple[str, ...]) -> str:
            for header in headers:
                if header in columns and (text := clean_text(columns[header] or "")):
                    return text
            return ""

        codes: dict[str, str] = {str(level): stated(_CODE_HEADERS[level]) for level in _LEVELS}
        names: dict[str, str] = {str(level): stated(_NAME_HEADERS[level]) for level in _LEVELS}
        fields = record.fields
        code = fields.get("code") or ""
        level = fields.get("level") or next((level for level in _LEVELS if codes[level]), None)
        if level is None:
            level = level_of_code(code) or next((level for level in _LEVELS if names[level]), None)
        if not level:
            level = Area.Level.OTHER
            report.warn(
                record.row,
                "level",
                None,
                "no level stated and none in the code: other",
                kind="no level",
            )
        fields["level"] = str(level)
        if not code:
            code = codes.get(level, "") or self._code_from_names(
                level, names, fields.get("name", "")
            )
            if not code:
                report.reject(record.row, "code", None, "no code and no name to make one of")
                return []
            if not codes.get(level):
                report.warn(
                    record.row, "code", code, "no code: made from the names", kind="no code"
                )
        fields["code"] = code[:40]
        record.key = ("code", fields["code"])
        if not fields.get("name"):
            fields["name"] = (names.get(level, "") or code)[:160]
        if not record.extra.get("parent") and level in _LEVELS:
            wider = _LEVELS[_LEVELS.index(level) + 1 :]
            record.extra["parent"] = next((codes[up] for up in wider if codes[up]), "")
        return [record]

    @staticmethod
    def _code_from_names(level: str, names: dict[Any, str], name: str) -> str:
        own = name or names.get(level, "")
        if not own:
            return ""
        wider = [
            names[up]
            for up in _LEVELS
            if _LEVELS.index(up) > (_LEVELS.index(level) if level in _LEVELS else -1)
        ]
        parts = [normalised(part) for part in [*reversed([part for part in wider if part]), own]]
        return "-".join(part for part in parts if part)[:40]

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        record_order = {level: number for number, level in enumerate(reversed(_LEVELS))}
        return sorted(records, key=lambda record: record_order.get(record.fields["level"], 9))

    def after_write(
        self, written: list[tuple[Record, int, bool]], lookups: Lookups, report: Report
    ) -> int:
        """Ties areas to what they are part of, by stated parent or by code, in either order of import."""
        ids = dict(Area.objects.values_list("code", "pk"))
        stated = {pk: record.extra.get("parent") or "" for record, pk, _ in written}
        changed_unchanged = 0
        for area in Area.objects.only("pk", "code", "parent_id"):
            parent_code = stated.get(area.pk, "")
            if parent_code and parent_code in ids:
                parent: int | None = ids[parent_code]
            elif area.parent_id is not None:
                continue
            else:
                parent = next((ids[code] for code in parent_codes(area.code) if code in ids), None)
            if parent is None or parent in {area.parent_id, area.pk}:
                continue
            Area.objects.filter(pk=area.pk).update(parent_id=parent)
            changed_unchanged += area.pk in stated
        waiting = [
            (record.row, record.extra["parent"])
            for record, _, created in written
            if created and record.extra.get("parent") and record.extra["parent"] not in ids
        ]
        if waiting:
            report.remark(
                "parent", "the area it is part of is not loaded yet; it is tied when that is imported",
                kind="parent not loaded", rows=[row for row, _ in waiting],
                value=", ".join(sorted({code for _, code in waiting})[:10]),
            )  # fmt: skip
        return changed_unchanged


def level_of_code(code: str) -> str:
    """Level that a Kemendagri (`35.73.01.1002`), BPS (`3573010001`) or HDX (`ID3573010`) code states."""
    if re.fullmatch(r"\d\d(\.\d\d(\.\d\d(\.\d{4})?)?)?", code):
        return str({2: "provinsi", 5: "kota", 8: "kecamatan", 13: "kelurahan"}[len(code)])
    digits = re.sub(r"^ID", "", code)
    if digits.isdigit():
        return {2: "provinsi", 4: "kota", 6: "kecamatan", 7: "kecamatan", 10: "kelurahan"}.get(
            len(digits), ""
        )
    return ""


def parent_codes(code: str) -> list[str]:
    """Codes an area may be part of, nearest first."""
    if re.fullmatch(r"\d\d(\.\d+)+", code):
        parts = code.split(".")
        return [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
    prefix = "ID" if code.startswith("ID") else ""
    digits = code[len(prefix) :]
    if not digits.isdigit():
        return []
    return [prefix + digits[:count] for count in (7, 6, 4, 2) if count < len(digits)]
