"""What each layer writes: its columns in order, and where their values come from."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

from layers.assets.models import Camera, CameraModel, Station, WifiHotspot
from layers.dispatch.models import Unit
from layers.errors import InvalidInput
from layers.incidents.models import Call, Incident, IncidentType
from layers.network.models import Road
from layers.places.models import Agency, Area, Building, LandCover, Place


@dataclass(frozen=True)
class ExportedLayer:
    """Columns of a layer as (header, path of the value); `secret` ones are written on request only.

    `geometry` is the path of the geometry, "" for plain tables; `geometry_type` its OGR name.
    `key` says that the first column is the source key, made up where a row has none.
    """

    model: type[models.Model]
    columns: tuple[tuple[str, str], ...]
    secret: tuple[tuple[str, str], ...] = ()
    geometry: str = "geom"
    geometry_type: str = "Point"
    key: bool = False
    has_attributes: bool = True


def _columns(text: str) -> tuple[tuple[str, str], ...]:
    """`name` or `header=path`, separated by blanks."""
    pairs = (item.partition("=") for item in text.split())
    return tuple((header, path or header) for header, _, path in pairs)


_ASSET = "code name agency=agency__code address status "

EXPORTED: dict[str, ExportedLayer] = {
    "cctv": ExportedLayer(
        Camera,
        _columns(
            _ASSET
            + "heading_deg heading_source fov_deg mount_height_m tilt_deg model=model__name kind "
            "max_range_m stream_id is_public site=site__code site_name=site__name"
        ),
        secret=_columns("stream_url"),
    ),
    "wifi": ExportedLayer(WifiHotspot, _columns(_ASSET + "ssid reach_m bandwidth_mbps provider")),
    "stations": ExportedLayer(Station, _columns(_ASSET + "kind phone")),
    "units": ExportedLayer(
        Unit,
        _columns(
            "callsign name kind capabilities agency=agency__code station=station__code status=status__code "
            "status_since status_reason multi_assignment fix_at=position__fix_at "
            "speed_kph=position__speed_kph heading_deg=position__heading_deg "
            "accuracy_m=position__accuracy_m"
        ),
        geometry="position__geom",
    ),
    "incidents": ExportedLayer(
        Incident,
        _columns(
            "number type=type__code initial_type=initial_type__code state priority disposition "
            "agency=agency__code address summary reported_at first_dispatch_at first_en_route_at "
            "first_on_scene_at under_control_at closed_at first_closed_at location_accuracy_m"
        ),
    ),
    "calls": ExportedLayer(
        Call,
        _columns("code kind channel arrived_at answered_at ended_at incident=incident__number"),
        secret=_columns("caller_name caller_number note"),
    ),
    "areas": ExportedLayer(
        Area,
        _columns("code name level parent=parent__code population"),
        geometry_type="MultiPolygon",
    ),
    "roads": ExportedLayer(
        Road,
        _columns(
            "source_key class=road_class name ref oneway maxspeed_kph access bridge tunnel level roundabout"
        ),
        geometry_type="LineString",
        key=True,
    ),
    "buildings": ExportedLayer(
        Building,
        _columns("source_key name kind height_m min_height_m levels"),
        geometry_type="MultiPolygon",
        key=True,
    ),
    "places": ExportedLayer(Place, _columns("source_key name kind address rank"), key=True),
    "landcover": ExportedLayer(
        LandCover, _columns("source_key kind name"), geometry_type="Unknown", key=True
    ),
    "agencies": ExportedLayer(
        Agency, _columns("code name kind onboarding government phone"), geometry=""
    ),
    "camera_models": ExportedLayer(
        CameraModel,
        _columns(
            "name kind image_width_px image_height_px sensor_width_mm sensor_height_mm focal_min_mm "
            "focal_max_mm price_idr yearly_cost_idr"
        ),
        geometry="",
    ),
    "incident_types": ExportedLayer(
        IncidentType,
        _columns("code name name_en group default_priority severity sensitive"),
        geometry="",
        has_attributes=False,
    ),
}


def exported_layer(name: str) -> ExportedLayer:
    """The declaration of a layer; raises `InvalidInput` that lists them."""
    if name not in EXPORTED:
        raise InvalidInput(
            f"no layer {name!r} to export",
            value=name,
            remedy=f"choose one of {', '.join(sorted(EXPORTED))}",
        )
    return EXPORTED[name]
