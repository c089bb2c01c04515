"""Roads, buildings, named places and land cover."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from layers.geo.crs import GEOD
from layers.importers.judging.values import (
    choice_reader,
    clean_text,
    flag,
    normalised,
    number_reader,
    text_reader,
    words_of,
)
from layers.importers.kinds.assets import ADDRESS_WORDS, CODE_WORDS, NAME_WORDS
from layers.importers.kinds.spec import QUERY_CHUNK, Column, Layer, Record
from layers.importers.osm.reading import ROAD_MINZ
from layers.network.models import Road
from layers.network.osm_tags import ROAD_CLASSES
from layers.places.models import Building, LandCover, Place

if TYPE_CHECKING:
    from layers.importers.database import Lookups
    from layers.importers.judging.report import Report


def geometry_key(geometry: Any) -> str:
    """Key of a row that has none: digest of its vertices to 1e-7 degrees and of its type."""
    digest = hashlib.blake2b(digest_size=10)
    digest.update(geometry.geom_type.encode())
    digest.update(np.round(shapely.get_coordinates(geometry) * 1e7).astype(np.int64).tobytes())
    return digest.hexdigest()


class GroundLayer(Layer):
    """Layers whose rows rarely have a key of their own: the content of the geometry serves."""

    keys = ("source_key",)

    def prepare(self, record: Record, report: Report) -> list[Record]:
        if not record.key[1]:
            record.key = ("source_key", geometry_key(record.geometry))
        return [record]

    def existing(self, records: list[Record]) -> dict[tuple[str, str], Any]:
        """Rows by source key, by OpenStreetMap id (`osm:w123`), or by their own geometry's digest."""
        found = super().existing(records)
        rows = self.model._default_manager.all()
        keys = {record.key for record in records}
        ids = sorted({key[5:] for _, key in keys if key.startswith("osm:") and key[5:].isdigit()})
        for start in range(0, len(ids), QUERY_CHUNK):
            for row in rows.filter(osm_id__in=ids[start : start + QUERY_CHUNK]):
                key = ("source_key", source_key_of(row))
                if key in keys:
                    found[key] = row
        for row in rows.filter(source_key="", osm_id__isnull=True):
            key = ("source_key", source_key_of(row))
            if key in keys:
                found.setdefault(key, row)
        return found

    def on_create(self, record: Record, lookups: Lookups) -> None:
        """A row known by its OpenStreetMap id keeps it, so that an extract finds it again."""
        kind, osm_id = record.key[1][4:5], record.key[1][5:]
        if record.key[1].startswith("osm:") and osm_id.isdigit():
            record.fields["osm_id"] = int(osm_id)
            if any(field.name == "osm_kind" for field in self.model._meta.concrete_fields):
                record.fields["osm_kind"] = kind


def source_key_of(row: Any) -> str:
    """The key a stored road, building or place goes by in files."""
    if row.source_key:
        return str(row.source_key)
    if row.osm_id is not None:
        return f"osm:{getattr(row, 'osm_kind', '') or 'w'}{row.osm_id}"
    return geometry_key(shapely.from_wkb(bytes(row.geom.wkb)))


_ROAD_WORDS: dict[str, str] = {normalised(word): word for word in ROAD_CLASSES}
_ROAD_WORDS.update({normalised(word): "path" for word in ("footway", "cycleway", "steps", "bridleway", "jalan setapak", "setapak", "pematang")})  # fmt: skip
#: Words in the classes of BIG, the public works ministry and others, first match counts.
_ROAD_TOKENS = (
    ("tol", "motorway"), ("bebashambatan", "motorway"), ("nasional", "trunk"), ("arteri", "primary"),
    ("provinsi", "primary"), ("kolektor", "secondary"), ("kabupaten", "tertiary"), ("kota", "tertiary"),
    ("lokal", "residential"), ("desa", "residential"), ("lingkungan", "living_street"),
    ("setapak", "path"), ("gang", "service"), ("lain", "unclassified"), ("jalan", "unclassified"),
)  # fmt: skip
_ONEWAY = {
    **dict.fromkeys(("no", "tidak", "0", "false", "b", "both", "duaarah", "2arah", "n"), "no"),
    **dict.fromkeys(("yes", "ya", "1", "true", "forward", "f", "ft", "satuarah", "1arah", "y", "searah"), "forward"),
    **dict.fromkeys(("backward", "reverse", "tf", "t", "berlawanan"), "backward"),
}  # fmt: skip


def road_class(value: Any) -> str:
    """Class of a road in OpenStreetMap's words, from those or from Indonesian ones."""
    word = normalised(value)
    if word in _ROAD_WORDS:
        return _ROAD_WORDS[word]
    for token, found in _ROAD_TOKENS:
        if token in word:
            return found
    raise ValueError("not a known class of road")


def oneway(value: Any) -> str:
    """Direction relative to the order of the vertices: no, forward, backward."""
    if isinstance(value, bool):
        return "forward" if value else "no"
    if clean_text(value) == "-1" or value == -1:
        return "backward"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    word = normalised(value)
    if word not in _ONEWAY:
        raise ValueError("neither yes, no nor -1")
    return _ONEWAY[word]


class Roads(GroundLayer):
    """Road lines; each part of a multi-line becomes a road."""

    name = "roads"
    model = Road
    shape = "line"
    columns = (
        Column("source_key", text_reader(120)),
        Column("class", road_class, ("roadclass", "highway", "fclass", "kelas", "kelasjalan", "remark", "fungsi", "fungsijalan", "jenisjalan"), ("type", "jenis"), attname="road_class"),
        Column("name", text_reader(200), ("nama", "namajalan", "namobj", "namrjl", "streetname", "roadname")),
        Column("ref", text_reader(60), ("nomorruas", "noruas")),
        Column("oneway", oneway, ("satuarah", "arah", "direction")),
        Column("maxspeed_kph", number_reader(0, 200, above=True), ("maxspeed", "kecepatanmaksimum", "kecepatan", "batas", "speedkph")),
        Column("access", choice_reader(words_of(Road.Access)), ("akses",)),
        Column("bridge", flag, ("jembatan",)),
        Column("tunnel", flag, ("terowongan",)),
        Column("level", number_reader(-20, 20, whole=True), (), ("layer",)),
        Column("roundabout", flag, ("bundaran",)),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        fields = record.fields
        if fields.get("road_class") == "path" and "access" not in fields:
            fields["access"] = Road.Access.NO.value
        if "access" in fields:
            on_foot = fields.get("road_class") in {"path", "pedestrian"}
            fields["drivable"] = fields["access"] != "no" and not on_foot
        if "road_class" in fields:
            fields["minz"] = ROAD_MINZ.get(fields["road_class"], 14)
        parts = [part for part in shapely.get_parts(record.geometry) if _is_line(part)]
        if not parts:
            report.reject(record.row, "geometry", None, "a line of no length")
            return []
        result = []
        for number, part in enumerate(parts):
            key = record.key[1]
            key = (f"{key}/{number + 1}" if len(parts) > 1 else key) if key else geometry_key(part)
            result.append(
                Record(
                    record.row, ("source_key", key), dict(fields), record.extra,
                    record.attributes, part, headers=record.headers,
                )
            )  # fmt: skip
        return result

    def on_create(self, record: Record, lookups: Lookups) -> None:
        super().on_create(record, lookups)
        record.fields.setdefault("road_class", "road")
        record.fields.setdefault("minz", ROAD_MINZ.get("road", 14))

    def file_remarks(self, records: list[Record], report: Report) -> None:
        """Says which roads have no class, and how far the lines meet at their ends: a network that
        does not cannot be routed on."""
        bare = [record.row for record in records if "road_class" not in record.fields]
        if bare:
            header = records[0].headers.get("class", "class")
            report.remark(
                header, "no known class: roads of unknown class", kind="no road class", rows=bare
            )
        if len(records) < 2:
            return
        components, largest = components_by_ends([record.geometry for record in records])
        if components > 1 and largest < 0.9:
            report.warn(
                None, "geometry", components,
                f"the lines meet at their ends in {components} separate parts, the largest with "
                f"{largest:.0%} of the length: not routable as given; import again with --node to cut "
                "the lines where they cross (that also joins flyovers to the roads under them)",
                kind="roads do not meet",
            )  # fmt: skip


def _is_line(part: Any) -> bool:
    coordinates = shapely.get_coordinates(part)
    return len(coordinates) >= 2 and bool(np.any(coordinates != coordinates[0]))


def components_by_ends(lines: list[Any]) -> tuple[int, float]:
    """Connected parts of lines that meet at end points (to 1e-7 degrees), and the largest one's
    share of the length."""
    ends = np.array([(line.coords[0], line.coords[-1]) for line in lines])
    codes = np.round(ends.reshape(-1, 2) * 1e7).astype(np.int64)
    _, node = np.unique(codes, axis=0, return_inverse=True)
    node = node.reshape(-1, 2)
    count = int(node.max()) + 1
    graph = coo_matrix((np.ones(len(node)), (node[:, 0], node[:, 1])), shape=(count, count))
    components, label = connected_components(graph, directed=False)
    length = np.bincount(label[node[:, 0]], weights=shapely.length(np.array(lines, dtype=object)))
    return int(components), float(length.max() / max(length.sum(), 1e-12))


class Buildings(GroundLayer):
    """Building footprints with height or levels."""

    name = "buildings"
    model = Building
    shape = "polygon"
    columns = (
        Column("source_key", text_reader(120)),
        Column("name", text_reader(200), ("nama", "namobj", "namabangunan")),
        Column("kind", text_reader(60), ("building", "jenis", "fungsi", "remark", "fclass", "type", "jenisbangunan")),
        Column("height_m", number_reader(0, 1_000, above=True), ("height", "tinggi", "tinggim", "tinggibangunan", "heightmean", "buildingheight")),
        Column("min_height_m", number_reader(0, 1_000), ("minheight",)),
        Column("levels", number_reader(0, 250), ("buildinglevels", "lantai", "jumlahlantai", "jmllantai", "floors", "storeys", "tingkat")),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        super().prepare(record, report)
        area_m2 = abs(GEOD.geometry_area_perimeter(record.geometry)[0])
        record.fields["minz"] = 12 + sum(
            area_m2 < least_m2 for least_m2 in (5_000.0, 1_200.0, 250.0)
        )
        return [record]

    def file_remarks(self, records: list[Record], report: Report) -> None:
        bare = sum(not {"height_m", "levels"} & record.fields.keys() for record in records)
        if bare:
            report.counts["building without height or levels"] += bare


class Places(GroundLayer):
    """Named places: hospitals, schools, markets, landmarks."""

    name = "places"
    model = Place
    keys = ("source_key",)
    near_m = 0.0
    names_unique = True
    columns = (
        Column("source_key", text_reader(120), (*CODE_WORDS[:4], "osmid")),
        Column("name", text_reader(200), NAME_WORDS, required=True),
        Column("kind", text_reader(60), ("jenis", "amenity", "jenisfasilitas", "jenisfasi", "kategori", "category", "type", "fclass", "remark", "tipe")),
        Column("address", text_reader(300), ADDRESS_WORDS),
        Column("rank", number_reader(0, 1000, whole=True)),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        if not record.key[1]:
            record.key = (
                "source_key",
                geometry_key(record.geometry) + normalised(record.fields["name"])[:20],
            )
        return [record]

    def on_create(self, record: Record, lookups: Lookups) -> None:
        super().on_create(record, lookups)
        record.fields.setdefault("kind", "place")


class Ground(GroundLayer):
    """Water, greenery and other ground under the streets."""

    name = "landcover"
    model = LandCover
    shape = "any"
    columns = (
        Column("source_key", text_reader(120)),
        Column("kind", choice_reader(words_of(LandCover.Kind, {
            "waterway": ("sungai", "river", "stream", "kali", "canal", "saluran"), "water": ("danau", "lake", "reservoir", "waduk", "telaga"),
            "park": ("taman",), "green": ("hutan", "forest", "grass", "wood", "kebun"), "farmland": ("sawah", "ladang"),
            "industrial": ("industri",), "rail": ("relkereta", "railway", "keretaapi"),
        })), ("jenis", "natural", "waterway", "landuse", "remark", "fclass", "type"), required=True, strict=True),
        Column("name", text_reader(200), ("nama", "namobj")),
    )  # fmt: skip

    def prepare(self, record: Record, report: Report) -> list[Record]:
        super().prepare(record, report)
        record.fields["minz"] = 12
        return [record]
