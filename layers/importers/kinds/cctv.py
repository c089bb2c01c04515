"""Cameras and the sites they stand on."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.gis.geos import Point

from layers.assets.models import Camera, CameraKind, Site
from layers.geo.crs import geodesic_m
from layers.importers.judging.headings import direction_in_name
from layers.importers.judging.values import (
    choice_reader,
    flag,
    heading_deg,
    number_reader,
    text_reader,
    words_of,
)
from layers.importers.kinds.assets import AssetLayer, asset_columns
from layers.importers.kinds.spec import Column, Record
from layers.places.models import Origin

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report

_SECRET_TEXT = re.compile(
    r"\b(rtsps?|rtmps?|srt|udp)://|://[^/\s]*:[^/\s]*@|\.m3u8\b|/webrtc", re.IGNORECASE
)
_STREAM_SCHEME = re.compile(r"^(https?|rtsps?|rtmps?|wss?)://[^\s]+$", re.IGNORECASE)


def private_address(value: Any) -> bool:
    """True for text that is, or contains as host, an address of a private or local network."""
    if not isinstance(value, str):
        return False
    for candidate in re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", value):
        try:
            if not ipaddress.ip_address(candidate).is_global:
                return True
        except ValueError:
            continue
    return False


def stream_address(value: Any) -> str:
    """A stream's address: http, https, rtsp, rtmp or websocket, at most 500 characters."""
    text = text_reader(500)(value)
    if not _STREAM_SCHEME.match(text):
        raise ValueError("not an address of a stream")
    return text


class Cctv(AssetLayer):
    """Cameras, each on a site: the one named in column `site`, or one made for its position."""

    name = "cctv"
    model = Camera
    events = "cctv"
    keys = ("stream_id", "code")
    #: Cameras no farther apart than this stand on one site where no column says which.
    same_site_m: ClassVar[float] = 1.0
    columns = (
        *asset_columns(),
        Column("heading_deg", heading_deg, ("heading", "azimuth", "bearing", "arah", "arahderajat", "cameradirection", "direction"), ("cameraarah",)),
        Column("heading_source", choice_reader(words_of(Camera.HeadingSource))),
        Column("fov_deg", number_reader(0, 360, above=True), ("fov", "hfov", "sudutpandang", "fieldofview", "cameraangle")),
        Column("mount_height_m", number_reader(0, 500, above=True), ("mountheight", "tinggipasang", "tinggitiang", "height", "tinggi")),
        Column("tilt_deg", number_reader(-90, 90), ("tilt", "kemiringan")),
        Column("model", text_reader(120), ("cameramodel", "modelkamera", "tipekamera"), stored=False),
        Column("kind", choice_reader(words_of(CameraKind, {
            "fixed": ("statis", "tetap", "bullet", "static"), "ptz": ("dome", "speeddome", "panning", "berputar"),
            "multi": ("multisensor", "panoramic", "360"),
        })), ("jeniskamera",), ("cameratype", "jenis", "type", "tipe", "attributescameratype")),
        Column("max_range_m", number_reader(0, 5_000, above=True), ("maxrange", "range", "rangem", "jarakpandang")),
        Column("stream_id", text_reader(120), ("idstream", "streamkey")),
        Column("stream_url", stream_address, ("hls", "urlstream", "streamhls", "rtsp", "streaming", "linkstream", "hlsurl", "urlhls", "m3u8", "urlcctv", "linkcctv", "stream", "link", "url"), secret=True),
        Column("is_public", flag, ("publik", "streamispublic", "public", "attributesispublic")),
        Column("site", text_reader(120), ("kodesite", "sitecode", "titik", "kodetitik", "tiang", "kodetiang"), stored=False),
        Column("site_name", text_reader(200), ("namasite", "namasitus"), stored=False),
        Column("stream_host", text_reader(200), ("host", "ip", "ipaddress", "hostip", "alamatip"), stored=False, secret=True),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        super().prepare(record, report)
        self._hide_addresses(record, report)
        self._heading(record, report)
        return [record]

    def _hide_addresses(self, record: Record, report: Report) -> None:
        host = record.extra.pop("stream_host", "")
        if host and private_address(host):
            report.warn(
                record.row, record.headers.get("stream_host", "stream_host"), "…",
                "a host address of a private network: not kept", kind="private host address",
            )  # fmt: skip
        url = record.fields.get("stream_url", "")
        if url and private_address(url):
            report.warn(
                record.row, record.headers.get("stream_url", "stream_url"), "…",
                "a stream address on a private network: kept for operators only",
                kind="private stream address",
            )  # fmt: skip
        for header, value in list(record.attributes.items()):
            if isinstance(value, str) and (_SECRET_TEXT.search(value) or private_address(value)):
                del record.attributes[header]
                record.extra.setdefault("hidden", []).append(header)

    def file_remarks(self, records: list[Record], report: Report) -> None:
        """Names the rows with assumed headings and the columns whose addresses were left out."""
        assumed = [record.row for record in records if record.extra.get("heading_assumed")]
        if assumed:
            report.remark(
                "heading_deg", "the name states a direction: taken as an assumed heading, for a person to confirm",
                kind="heading assumed from the name", rows=assumed,
            )  # fmt: skip
        rows_by_header: dict[str, list[int]] = defaultdict(list)
        for record in records:
            for header in record.extra.get("hidden", ()):
                rows_by_header[header].append(record.row)
        for header, rows in rows_by_header.items():
            report.remark(
                header, "stream or host addresses: not kept, only stream_url is, for operators",
                kind="address not kept", rows=rows, value="…",
            )  # fmt: skip

    def _heading(self, record: Record, report: Report) -> None:
        fields = record.fields
        source = fields.pop("heading_source", None)
        if fields.get("heading_deg") is not None:
            fields["heading_source"] = (
                source
                if source and source != Camera.HeadingSource.UNKNOWN
                else Camera.HeadingSource.STATED
            )
            return
        if source == Camera.HeadingSource.UNKNOWN:
            return  # an export that says so: nothing is assumed anew
        name = str(fields.get("name") or "")
        found = direction_in_name(name)
        if found.heading_deg is not None:
            fields["heading_deg"] = found.heading_deg
            fields["heading_source"] = Camera.HeadingSource.ASSUMED
            record.extra["heading_assumed"] = True
        elif found.landmark:
            report.warn(
                record.row, record.headers.get("heading_deg", "heading_deg"), name,
                f"the name gives a landmark ({found.landmark}), not a direction: heading unknown",
                kind="heading unknown",
            )  # fmt: skip
        elif name:
            report.warn(
                record.row, record.headers.get("heading_deg", "heading_deg"), name,
                "the compass word is taken for part of the street's name: heading unknown"
                if found.trailing_compass_word
                else "the name states no direction: heading unknown",
                kind="heading unknown",
            )  # fmt: skip

    def resolve(self, records: list[Record], lookups: Lookups, report: Report) -> list[Record]:
        super().resolve(records, lookups, report)
        for record in records:
            if name := record.extra.get("model"):
                model = lookups.camera_model(name)
                if model is None:
                    record.attributes["model"] = name
                    report.warn(
                        record.row, record.headers.get("model", "model"), name,
                        "no such camera model: kept as an attribute; import camera_models first",
                        kind="unknown camera model",
                    )  # fmt: skip
                else:
                    record.fields["model_id"] = model.pk
                    record.extra["kind_guess"] = model.kind
        return records

    def keep(self, existing: Any, record: Record, lookups: Lookups, report: Report) -> None:
        fields = record.fields
        if record.extra.get("site"):
            fields["site_id"] = lookups.sites.id_for(record, fallback=existing)
        if "heading_deg" not in fields:
            return
        rank = {"unknown": 0, "assumed": 1, "stated": 2, "confirmed": 3}
        had, has = existing.heading_source, fields.get("heading_source", "unknown")
        if rank[had] > rank[has]:
            same = abs((existing.heading_deg - fields["heading_deg"] + 180) % 360 - 180) < 1e-6
            if not same and has == Camera.HeadingSource.STATED:
                report.warn(
                    record.row, record.headers.get("heading_deg", "heading_deg"), fields["heading_deg"],
                    f"a person confirmed {existing.heading_deg:g}°, which was kept",
                    kind="confirmed heading kept",
                )  # fmt: skip
            del fields["heading_deg"]
            del fields["heading_source"]

    def on_create(self, record: Record, lookups: Lookups) -> None:
        super().on_create(record, lookups)
        record.fields["site_id"] = lookups.sites.id_for(record)

    def after_write(
        self, written: list[tuple[Record, int, bool]], lookups: Lookups, report: Report
    ) -> int:
        """A site that an import made for one camera moves with it."""
        moved = {pk: record for record, pk, _ in written if record.extra.get("moved")}
        cameras = Camera.objects.filter(
            pk__in=list(moved), site__origin__in=[Origin.FILE, Origin.DEMO]
        )
        for camera in cameras.select_related("site"):
            if camera.site.cameras.count() == 1:
                place = moved[camera.pk].geometry
                camera.site.geom = Point(place.x, place.y, srid=4326)
                camera.site.save(update_fields=["geom", "updated_at"])
        return 0


class Sites:
    """Sites by code and by place, made where a camera needs one that is not there."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.by_code: dict[str, Site] = {site.code: site for site in Site.objects.all()}
        self._grid: dict[tuple[int, int], list[Site]] = defaultdict(list)
        for site in self.by_code.values():
            self._grid[self._cell(site.geom.x, site.geom.y)].append(site)

    @staticmethod
    def _cell(lon: float, lat: float) -> tuple[int, int]:
        return int(lon * 1e4), int(lat * 1e4)

    def near(self, lon: float, lat: float, within_m: float) -> Site | None:
        """The nearest site no farther than `within_m` (at most 10 m), or None."""
        column, line = self._cell(lon, lat)
        best: tuple[float, Site] | None = None
        for i in (column - 1, column, column + 1):
            for j in (line - 1, line, line + 1):
                for site in self._grid.get((i, j), ()):
                    distance_m = geodesic_m(lon, lat, site.geom.x, site.geom.y)
                    if distance_m <= within_m and (best is None or distance_m < best[0]):
                        best = (distance_m, site)
        return best[1] if best else None

    def id_for(self, record: Record, fallback: Any = None) -> int:
        """Id of the site of a camera, made where the one it names is not there yet."""
        code = str(record.extra.get("site") or "")
        place = record.geometry if record.geometry is not None else fallback.geom
        lon, lat = place.x, place.y
        if code:
            site = self.by_code.get(code)
        else:
            site = self.near(lon, lat, Cctv.same_site_m)
            code = self._free_code(record.fields["code"])
        if site is None:
            site = Site.objects.create(
                code=code,
                name=record.extra.get("site_name")
                or record.extra.get("site")
                or record.fields["name"],
                agency_id=record.fields.get("agency_id"),
                address=record.fields.get("address", ""),
                origin=self.origin,
                source_key=code,
                geom=Point(lon, lat, srid=4326),
            )
            self.by_code[code] = site
            self._grid[self._cell(lon, lat)].append(site)
        return int(site.pk)

    def _free_code(self, code: str) -> str:
        """`S-<code>`, numbered where that is taken."""
        base = f"S-{code}"[:110]
        free, number = base, 2
        while free in self.by_code:
            free, number = f"{base}-{number}", number + 1
        return free
