"""A handful of rows in the shape of a city, made by hand for tests."""

from __future__ import annotations

import random
from typing import Any

from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon
from django.db import connection
from django.utils import timezone

from layers.access.models import Grant, User
from layers.assets.models import Camera, Site, Station
from layers.incidents.models import Incident, IncidentType
from layers.network.models import Road
from layers.places.models import Agency, Area, Building, Place

LON, LAT = 112.6300, -7.9800
MALANG = "35.73"
NEIGHBOUR = "35.07"


def agency(code: str = "dishub", government: str = MALANG) -> Agency:
    """An agency of a government, made once."""
    return Agency.objects.get_or_create(
        code=code, defaults={"name": f"Agency {code}", "government": government}
    )[0]


def person(name: str, role: str = "", *, of: Agency | None = None, **fields: Any) -> User:
    """A user, with one grant where a role is given; the password is the name twice."""
    user = User.objects.create_user(name, password=name * 2, **fields)
    if role:
        Grant.objects.create(user=user, role=role, agency=of or agency(), reason="test")
    return user


def camera(
    code: str, *, lon: float = LON, lat: float = LAT, owner: Agency | None = None, **fields: Any
) -> Camera:
    """A public camera on a site of its own, looking north-east."""
    point = Point(lon, lat, srid=4326)
    site = fields.pop("site", None) or Site.objects.create(
        code=f"S-{code}", name=f"Site {code}", agency=owner, geom=point
    )
    values = {
        "name": f"Camera {code}", "agency": owner, "heading_deg": 45.0, "fov_deg": 80.0,
        "heading_source": "stated", "is_public": True, "stream_url": "rtsp://user:secret@10.1.2.3/live",
        **fields,
    }  # fmt: skip
    return Camera.objects.create(code=code, site=site, geom=point, **values)


def area(
    code: str,
    name: str,
    *,
    level: str = "kelurahan",
    size_deg: float = 0.02,
    lon: float = LON,
    lat: float = LAT,
) -> Area:
    """A square area around a point."""
    half = size_deg / 2
    square = Polygon.from_bbox((lon - half, lat - half, lon + half, lat + half))
    return Area.objects.create(
        code=code, name=name, level=level, geom=MultiPolygon(square, srid=4326)
    )


def street(
    name: str, *points: tuple[float, float], road_class: str = "residential", minz: int = 11
) -> Road:
    """A street along points given as offsets from the centre, thousandths of a degree."""
    line = LineString([(LON + dx / 1000, LAT + dy / 1000) for dx, dy in points], srid=4326)
    return Road.objects.create(name=name, road_class=road_class, minz=minz, geom=line)


def place(name: str, *, dx: float = 0, dy: float = 0, kind: str = "hospital") -> Place:
    """A named place at an offset in thousandths of a degree."""
    return Place.objects.create(
        name=name, kind=kind, minz=12, geom=Point(LON + dx / 1000, LAT + dy / 1000, srid=4326)
    )


def station(code: str, kind: str = "fire", *, dx: float = 2, dy: float = 2) -> Station:
    """A station at an offset in thousandths of a degree."""
    return Station.objects.create(
        code=code,
        name=f"Station {code}",
        kind=kind,
        geom=Point(LON + dx / 1000, LAT + dy / 1000, srid=4326),
    )


def incidents(count: int, *, spread_deg: float = 0.02, seed: int = 7) -> list[tuple[float, float]]:
    """Closed incidents around the centre; answers their positions."""
    kind = IncidentType.objects.get_or_create(code="fire", defaults={"name": "Fire"})[0]
    now = timezone.now()
    chance = random.Random(seed)
    spots = [
        (round(chance.gauss(LON, spread_deg), 7), round(chance.gauss(LAT, spread_deg), 7))
        for _ in range(count)
    ]
    Incident.objects.bulk_create(
        [
            Incident(
                number=f"I-{number}", type=kind, initial_type=kind, state="closed", disposition="handled",
                closed_at=now, reported_at=now, priority=1 + number % 5, geom=Point(lon, lat, srid=4326),
            )
            for number, (lon, lat) in enumerate(spots)
        ],
        batch_size=2000,
    )  # fmt: skip
    return spots


def many_incidents(count: int, *, span_deg: float = 0.12) -> None:
    """The same by one statement, spread evenly: for tests of scale."""
    kind = IncidentType.objects.get_or_create(code="fire", defaults={"name": "Fire"})[0]
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE layers_incident DISABLE TRIGGER record_change")
        cursor.execute(
            "INSERT INTO layers_incident (origin, source_key, import_hash, attributes, created_at, updated_at,"
            " number, type_id, initial_type_id, state, priority, disposition, address, summary, reported_at,"
            " closed_at, version, alarm_level, location_source, state_since, geom)"
            " SELECT 'demo', '', '', '{}', now(), now(), 'I-' || g, %(kind)s, %(kind)s, 'closed', 1 + g %% 5,"
            " 'handled', '', '', now(), now(), 1, 1, '', now(), ST_SetSRID(ST_MakePoint("
            " %(lon)s + %(span)s * (((g * 7919) %% 10007) / 10007.0 - 0.5),"
            " %(lat)s + %(span)s * (((g * 104729) %% 10009) / 10009.0 - 0.5)), 4326)"
            " FROM generate_series(1::bigint, %(count)s) AS g",
            {"kind": kind.pk, "lon": LON, "lat": LAT, "span": span_deg, "count": count},
        )


def buildings(
    count: int, *, span_deg: float = 0.02, minz: int = 14, every: int = 0, every_minz: int = 12
) -> None:
    """Squares of about 8 m scattered over a span; every n-th may be drawn from another zoom on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO layers_building (origin, source_key, import_hash, attributes, created_at, updated_at,"
            " osm_kind, name, kind, minz, geom)"
            " SELECT 'demo', '', '', '{}', now(), now(), '', '', '',"
            " CASE WHEN %(every)s > 0 AND g %% greatest(%(every)s, 1) = 0 THEN %(every_minz)s ELSE %(minz)s END,"
            " ST_Multi(ST_MakeEnvelope(x, y, x + 0.00007, y + 0.00007, 4326))"
            " FROM (SELECT g, %(lon)s + %(span)s * (((g * 7919) %% 10007) / 10007.0 - 0.5) AS x,"
            " %(lat)s + %(span)s * (((g * 104729) %% 10009) / 10009.0 - 0.5) AS y"
            " FROM generate_series(1::bigint, %(count)s) AS g) AS placed",
            {
                "every": every, "every_minz": every_minz, "minz": minz, "lon": LON, "lat": LAT,
                "span": span_deg, "count": count,
            },
        )  # fmt: skip


def building_at(dx: float, dy: float, *, size_deg: float = 0.0004, **fields: Any) -> Building:
    """One square building at an offset in thousandths of a degree."""
    x, y = LON + dx / 1000, LAT + dy / 1000
    square = Polygon.from_bbox((x, y, x + size_deg, y + size_deg))
    return Building.objects.create(minz=14, geom=MultiPolygon(square, srid=4326), **fields)
