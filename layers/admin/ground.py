"""Areas, cities, and the base map: buildings, roads, land cover, places."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from layers.admin.assets import PROVENANCE
from layers.admin.base import LayerAdmin
from layers.network.models import Road, TurnRestriction
from layers.places.models import Area, Building, City, LandCover, Place


@admin.register(Area)
class AreaAdmin(LayerAdmin):
    """Areas."""

    list_display = ("code", "name", "level", "population")
    list_filter = ("level",)
    search_fields = ("code", "name")
    readonly_fields = PROVENANCE


@admin.register(City)
class CityAdmin(LayerAdmin):
    """Cities on this installation."""

    list_display = ("area", "working_srid", "time_zone")


@admin.register(Building)
class BuildingAdmin(LayerAdmin):
    """Buildings."""

    list_display = ("__str__", "kind", "height_m", "levels", "origin")
    list_filter = ("origin",)
    search_fields = ("name",)
    number_search = ("osm_id", "pk")
    readonly_fields = (*PROVENANCE, "osm_id")


@admin.register(Road)
class RoadAdmin(LayerAdmin):
    """Roads."""

    list_display = ("__str__", "road_class", "oneway", "maxspeed_kph", "access", "origin")
    list_filter = ("oneway", "access", "origin")
    search_fields = ("name", "=road_class")
    number_search = ("osm_id", "pk")
    readonly_fields = (*PROVENANCE, "osm_id")


@admin.register(TurnRestriction)
class TurnRestrictionAdmin(LayerAdmin):
    """Forbidden and only allowed turns."""

    list_display = ("osm_number", "kind")
    list_filter = ("kind",)
    number_search = ("osm_id", "from_way", "to_way", "via_node")
    search_fields = ("kind",)
    labels = {
        "osm_id": _("OSM id"), "from_way": _("from way (OSM id)"), "via_node": _("via node (OSM id)"),
        "via_ways": _("via ways (OSM ids)"), "to_way": _("to way (OSM id)"), "except_modes": _("except for"),
    }  # fmt: skip

    @admin.display(description=_("OSM id"), ordering="osm_id")
    def osm_number(self, restriction: TurnRestriction) -> int:
        """Its number in OpenStreetMap."""
        return restriction.osm_id


@admin.register(LandCover)
class LandCoverAdmin(LayerAdmin):
    """Water, greenery and other ground."""

    list_display = ("__str__", "kind", "origin")
    list_filter = ("kind", "origin")
    search_fields = ("name",)
    number_search = ("osm_id", "pk")
    readonly_fields = PROVENANCE
    exclude = ("osm_id",)


@admin.register(Place)
class PlaceAdmin(LayerAdmin):
    """Named places."""

    list_display = ("name", "kind", "address", "origin")
    list_filter = ("origin",)
    search_fields = ("name", "=kind")
    number_search = ("osm_id", "pk")
    readonly_fields = PROVENANCE
    exclude = ("osm_id",)
    labels = {"rank": _("rank")}
