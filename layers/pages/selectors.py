"""What the frame of every page says about the data on it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from layers.access.policies import rights_of
from layers.assets.models import CameraKind, CameraModel
from layers.coverage.city import levels_of
from layers.coverage.models import DemandProfile
from layers.coverage.planning.asked import APART_FROM_SITES_M, SPACING_M
from layers.coverage.planning.options import (
    CAMERA_COST_IDR,
    CAMERAS_PER_SITE,
    MOUNT_HEIGHT_M,
    RE_AIM_COST_IDR,
    RE_AIM_LEAST_SHARE,
    SITE_COST_IDR,
    SITE_YEARLY_COST_IDR,
)
from layers.coverage.plans.models import Review, SiteRequest
from layers.dispatch.performance.statistics import PERCENTILE_METHOD, definitions
from layers.importers.models import ImportRun
from layers.places.models import Agency, Area, Origin


def page_notes() -> dict[str, Any]:
    """`city_name`, `is_demo` and the attribution lines of the sources that are loaded."""
    city = (
        Area.objects.filter(level=Area.Level.CITY)
        .order_by("pk")
        .values_list("name", flat=True)
        .first()
    )
    demo = (
        Agency.objects.filter(attributes__demo=True).exists()
        or Area.objects.filter(origin=Origin.DEMO).exists()
    )
    attribution = []
    if not demo and ImportRun.objects.filter(layer="osm").exists():
        attribution.append(_("© OpenStreetMap contributors"))
    return {"city_name": city or "", "is_demo": demo, "attribution": attribution}


def report_choices() -> dict[str, Any]:
    """Definitions of the intervals, as the page prints them below the figures."""
    return {"definitions": definitions(), "percentile_method": PERCENTILE_METHOD}


def coverage_choices() -> dict[str, Any]:
    """Camera models, areas and the levels of the table in use, for the forms of the coverage console."""
    _edition, levels = levels_of()
    return {
        "areas": Area.objects.exclude(level=Area.Level.CITY)
        .order_by("code")
        .only("code", "name", "level")[:3000],
        "models": CameraModel.objects.order_by("name").only("name"),
        "levels": list(levels.items()),
    }


def planning_choices(user: Any) -> dict[str, Any]:
    """Areas, levels, profiles and sources of requests, for the forms of the planning page."""
    agency = Agency.objects.filter(pk__in=rights_of(user).agencies).order_by("pk").first()
    police = agency is not None and agency.code == "polresta"
    return {
        **coverage_choices(),
        "areas": Area.objects.filter(level__in=[Area.Level.DISTRICT, Area.Level.WARD])
        .only("code", "name", "level")
        .order_by("code"),
        "fixed_models": CameraModel.objects.filter(kind=CameraKind.FIXED)
        .order_by("name")
        .only("name"),
        "usual": {
            "min_distance_m": round(SPACING_M),
            "site_distance_m": round(APART_FROM_SITES_M),
            "cameras_per_site": CAMERAS_PER_SITE,
            "mount_height_m": round(MOUNT_HEIGHT_M),
            "site_cost_idr": SITE_COST_IDR,
            "site_yearly_cost_idr": SITE_YEARLY_COST_IDR,
            "camera_cost_idr": CAMERA_COST_IDR,
            "re_aim_cost_idr": RE_AIM_COST_IDR,
            "re_aim_least_percent": 100 * RE_AIM_LEAST_SHARE,
        },
        "profiles": DemandProfile.objects.order_by("name").only("name"),
        "sources": SiteRequest.Source.choices,
        "usual_source": SiteRequest.Source.POLICE if police else SiteRequest.Source.AGENCY,
        "usual_requester": agency.name if agency else "",
        "reviews": Review.choices,
    }
