"""Administration of every layer: lists, forms with a map, and the history beside them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.gis.admin import GISModelAdmin
from django.contrib.gis.forms.widgets import BaseGeometryWidget
from django.db.models import Model
from django.forms import Media
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from layers import models
from layers.access.admin_rules import admin_rows, may_delete, may_enter, may_read, may_write
from layers.audit.actor import recorded


class MapWidget(BaseGeometryWidget):
    """A geometry on our own map: points are set by a click or the arrow keys, shapes as GeoJSON."""

    template_name = "layers/admin/map_widget.html"
    map_srid = 4326

    def serialize(self, value: Any) -> str:
        return value.geojson if value else ""

    @property
    def media(self) -> Media:
        return Media(
            css={"all": ["vendor/leaflet/leaflet.css", "layers/css/admin-map.css"]},
            js=["vendor/leaflet/leaflet.js", "layers/js/admin-map.js"],
        )


class LayerAdmin(GISModelAdmin):
    """Rights by `layers.access`, every change recorded with its author."""

    gis_widget = MapWidget  # type: ignore[assignment]
    list_per_page = 50
    show_full_result_count = False

    def _name(self) -> str:
        return self.model._meta.model_name or ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_read(request.user, self._name())

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_read(request.user, self._name())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_write(request.user, self._name())

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_write(request.user, self._name(), obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_delete(request.user, self._name(), obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        return admin_rows(request.user, super().get_queryset(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "agency" and self._name() in {"camera", "site", "wifihotspot", "station", "unit"}:  # fmt: skip
            from layers.access.policies import Can, rights_of

            rights = rights_of(request.user)
            if not rights.can(Can.ADMINISTER):
                field.queryset = models.Agency.objects.filter(pk__in=sorted(rights.agencies))
                field.required = True
        return field

    def changeform_view(self, *args: Any, **kwargs: Any) -> Any:
        with recorded():
            return super().changeform_view(*args, **kwargs)

    def delete_view(self, *args: Any, **kwargs: Any) -> Any:
        with recorded():
            return super().delete_view(*args, **kwargs)

    def changelist_view(self, *args: Any, **kwargs: Any) -> Any:
        with recorded():
            return super().changelist_view(*args, **kwargs)


@admin.register(models.Camera)
class CameraAdmin(LayerAdmin):
    """Cameras; stream addresses are written here and shown nowhere else."""

    list_display = (
        "code",
        "name",
        "site",
        "kind",
        "status",
        "heading_deg",
        "heading_source",
        "is_public",
    )
    list_filter = ("status", "kind", "heading_source", "is_public", "agency")
    search_fields = ("code", "name", "address", "stream_id")
    autocomplete_fields = ("site",)
    readonly_fields = ("origin", "source_key", "created_at", "updated_at")
    actions = ("confirm_heading",)

    @admin.action(description=_("Confirm the assumed heading"), permissions=["change"])
    def confirm_heading(self, request: HttpRequest, queryset: Any) -> None:
        """A person looked: the heading is what the lens shows."""
        confirmed = queryset.filter(heading_source="assumed").update(heading_source="confirmed")
        self.message_user(request, _("%(count)d headings confirmed.") % {"count": confirmed})


@admin.register(models.Site)
class SiteAdmin(LayerAdmin):
    """Poles, walls and roofs."""

    list_display = ("code", "name", "status", "agency")
    list_filter = ("status", "agency")
    search_fields = ("code", "name", "address")


@admin.register(models.Incident)
class IncidentAdmin(LayerAdmin):
    """Incidents; their life is moved by the console, not here."""

    list_display = ("number", "type", "state", "priority", "reported_at", "agency")
    list_filter = ("state", "priority", "agency")
    search_fields = ("number", "address")
    raw_id_fields = ("merged_into", "area")


@admin.register(models.Unit)
class UnitAdmin(LayerAdmin):
    """Units."""

    list_display = ("callsign", "kind", "status", "status_since", "agency", "station")
    list_filter = ("kind", "agency", "status")
    search_fields = ("callsign", "name")


@admin.register(models.Area)
class AreaAdmin(LayerAdmin):
    """Areas."""

    list_display = ("code", "name", "level", "population")
    list_filter = ("level",)
    search_fields = ("code", "name")
    raw_id_fields = ("parent",)


@admin.register(models.Building)
class BuildingAdmin(LayerAdmin):
    """Buildings."""

    list_display = ("__str__", "kind", "height_m", "levels", "origin")
    search_fields = ("name", "=osm_id")


@admin.register(models.Road)
class RoadAdmin(LayerAdmin):
    """Roads."""

    list_display = ("__str__", "road_class", "oneway", "maxspeed_kph", "access", "origin")
    list_filter = ("road_class", "oneway", "access")
    search_fields = ("name", "=osm_id")


@admin.register(models.Change)
class ChangeAdmin(LayerAdmin):
    """The history; nobody writes here."""

    list_display = ("at", "actor", "source", "action", "table_name", "row_id")
    list_filter = ("action", "table_name", "source")
    search_fields = ("=row_id", "actor")


class GrantInline(admin.TabularInline):
    """Grants of an account."""

    model = models.Grant
    fk_name = "user"
    extra = 0
    raw_id_fields = ("area",)


@admin.register(models.User)
class AccountAdmin(LayerAdmin, UserAdmin):
    """Accounts and their grants."""

    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active",)
    inlines = (GrantInline,)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "language")}),
        (_("Account"), {"fields": ("is_active", "is_superuser", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_write(request.user, "user", obj)


for _model in (
    models.Agency, models.City, models.CameraModel, models.OpticsStandard, models.WifiHotspot, models.Station,
    models.IncidentType, models.Call, models.UnitStatus, models.UnitStatusChange, models.RunCard, models.Assignment,
    models.Place, models.LandCover, models.RoadClosure, models.TurnRestriction, models.DemandProfile,
    models.CoverageRun, models.Plan, models.ImportRun, models.Job, models.Grant,
):  # fmt: skip
    admin.site.register(_model, LayerAdmin)

for _other in [
    model for model in admin.site._registry if model._meta.app_label in {"auth", "django_q"}
]:
    admin.site.unregister(_other)

admin.site.has_permission = lambda request: request.user.is_active and may_enter(request.user)  # type: ignore[method-assign]
admin.site.site_header = _("NCC Geo administration")
admin.site.site_title = _("NCC Geo")
admin.site.index_title = _("Layers and accounts")
