"""Small records for tests; every one valid on its own."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.utils import timezone

from layers.access.models import Grant, User
from layers.assets.models import Camera, Site, Station
from layers.dispatch.models import Unit, UnitPosition, UnitStatus
from layers.incidents.models import Incident, IncidentType
from layers.places.models import Agency, Area, Building

MALANG = (112.63, -7.98)


def make_agency(code: str = "dishub", **fields: Any) -> Agency:
    """An agency of Kota Malang."""
    fields.setdefault("name", code.upper())
    fields.setdefault("government", "35.73")
    return Agency.objects.get_or_create(code=code, defaults=fields)[0]


def make_user(name: str, *grants: tuple[str, Agency | None], **fields: Any) -> User:
    """An account with grants of (role, agency)."""
    user = User.objects.create_user(name, password="a-long-test-password", **fields)
    for role, agency in grants:
        Grant.objects.create(user=user, role=role, agency=agency, reason="test")
    return user


def make_camera(
    code: str = "C1", *, lon: float = MALANG[0], lat: float = MALANG[1], **fields: Any
) -> Camera:
    """A camera on a site of its own, looking north."""
    point = Point(lon, lat, srid=4326)
    site = fields.pop("site", None) or Site.objects.create(
        code=f"S-{code}", name=f"Site {code}", geom=point, agency=fields.get("agency")
    )
    fields.setdefault("heading_deg", 0.0)
    if fields["heading_deg"] is not None:
        fields.setdefault("heading_source", "stated")
    fields.setdefault("fov_deg", 90.0)
    fields.setdefault("name", f"Camera {code}")
    return Camera.objects.create(code=code, site=site, geom=point, **fields)


def make_area(code: str = "35.73", *, level: str = "kota", box: tuple[float, float, float, float] | None = None, **fields: Any) -> Area:  # fmt: skip
    """A rectangular area, by default around Malang."""
    west, south, east, north = box or (112.55, -8.06, 112.70, -7.90)
    fields.setdefault("name", f"Area {code}")
    outline = MultiPolygon(Polygon.from_bbox((west, south, east, north)), srid=4326)
    return Area.objects.create(code=code, level=level, geom=outline, **fields)


def make_building(
    box: tuple[float, float, float, float], *, height_m: float | None = None, **fields: Any
) -> Building:
    """A rectangular building in degrees (west, south, east, north)."""
    return Building.objects.create(
        geom=MultiPolygon(Polygon.from_bbox(box), srid=4326), height_m=height_m, **fields
    )


def make_unit(callsign: str = "DAMKAR-1", *, lon: float = MALANG[0], lat: float = MALANG[1], status: str = "available", **fields: Any) -> Unit:  # fmt: skip
    """A unit with a position that never goes stale, unless `fix_at` says so."""
    fix_at = fields.pop("fix_at", None)
    fields.setdefault("kind", "fire")
    unit = Unit.objects.create(
        callsign=callsign,
        status=UnitStatus.objects.get(code=status),
        status_since=timezone.now(),
        **fields,
    )
    UnitPosition.objects.create(unit=unit, geom=Point(lon, lat, srid=4326), fix_at=fix_at)
    return unit


def make_station(code: str = "POS-1", *, lon: float = MALANG[0], lat: float = MALANG[1], kind: str = "fire", **fields: Any) -> Station:  # fmt: skip
    """A station."""
    fields.setdefault("name", code)
    return Station.objects.create(code=code, kind=kind, geom=Point(lon, lat, srid=4326), **fields)


def make_incident(
    number: str = "N-1", *, lon: float = MALANG[0], lat: float = MALANG[1], **fields: Any
) -> Incident:
    """An incident."""
    kind = IncidentType.objects.get_or_create(code="fire", defaults={"name": "Kebakaran"})[0]
    fields.setdefault("reported_at", timezone.now())
    return Incident.objects.create(
        number=number, type=kind, initial_type=kind, geom=Point(lon, lat, srid=4326), **fields
    )
