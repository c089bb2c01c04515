"""Cameras and the poles they stand on, wifi, stations, and the tables of models and image quality."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from layers.access.policies import Can, rights_of
from layers.admin.base import LayerAdmin
from layers.assets.models import (
    Camera,
    CameraModel,
    OpticsStandard,
    Site,
    Station,
    WifiHotspot,
)

_SCHEME = re.compile(r"^(https?|rtsps?|rtmps?|wss?)://\S+$", re.IGNORECASE)
capfirst_lazy = lazy(capfirst, str)
PROVENANCE = ("origin", "source_key", "created_at", "updated_at")


def without_password(address: str) -> str:
    """A stream address whose user and password are blotted out."""
    return re.sub(r"//[^/@\s]*@", "//•••@", address)


class CameraForm(forms.ModelForm):
    """A camera; its stream address is written here and never sent back to the browser."""

    #: Set for an account that may see streams: it reads the address, without its password.
    may_see_streams = False

    stream_url = forms.CharField(
        label=capfirst_lazy(_("stream address")),
        required=False,
        max_length=500,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
    )
    stream_url_removed = forms.BooleanField(label=_("Remove the stream address"), required=False)

    class Meta:
        model = Camera
        fields = "__all__"  # noqa: DJ007

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "stream_url" not in self.fields:
            return
        held = self.instance.stream_url
        self.initial["stream_url"] = ""
        if not held:
            self.fields["stream_url"].help_text = _("None is kept.")
        elif self.may_see_streams:
            self.fields["stream_url"].help_text = _("Kept: %(address)s. Leave empty to keep it.") % {"address": without_password(held)}  # fmt: skip
        else:
            self.fields["stream_url"].help_text = _("One is kept and not shown. Leave empty to keep it.")  # fmt: skip

    def clean_stream_url(self) -> str:
        """The new address, or the one that is kept."""
        address = self.cleaned_data.get("stream_url") or ""
        if address and not _SCHEME.match(address):
            raise forms.ValidationError(_("Write an address that starts with https, rtsp, rtmp or wss."))  # fmt: skip
        return address or self.instance.stream_url

    def clean(self) -> dict[str, Any] | None:
        """A ticked removal counts only when no new address was written."""
        cleaned = super().clean()
        if cleaned and cleaned.get("stream_url_removed") and "stream_url" not in self.changed_data:
            cleaned["stream_url"] = ""
        return cleaned


@admin.register(Camera)
class CameraAdmin(LayerAdmin):
    """Cameras; an assumed heading is confirmed by a person here."""

    form = CameraForm
    ordering = ("code",)
    list_display = ("code", "name", "site", "kind", "status", "heading_deg", "heading_source", "is_public")  # fmt: skip
    list_filter = ("status", "kind", "heading_source", "is_public", "agency")
    search_fields = ("code", "name", "address", "stream_id")
    readonly_fields = PROVENANCE
    actions = ("confirm_heading",)
    fieldsets = (
        (None, {"fields": ("code", "name", "site", "agency", "kind", "model", "status", "is_public", "address", "geom")}),
        (_("What it sees"), {"fields": ("heading_deg", "heading_source", "fov_deg", "mount_height_m", "tilt_deg", "max_range_m")}),
        (_("Stream"), {"fields": ("stream_id", "stream_url", "stream_url_removed")}),
        (_("Origin"), {"fields": (*PROVENANCE, "attributes"), "classes": ("collapse",)}),
    )  # fmt: skip

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # fmt: skip
        form = super().get_form(request, obj, change=change, **kwargs)
        # A class made for this request alone.
        form.may_see_streams = rights_of(request.user).can(Can.SEE_STREAMS)  # type: ignore[attr-defined]
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Someone who may only look is not shown the stream at all."""
        fieldsets = super().get_fieldsets(request, obj)
        if self.has_change_permission(request, obj):
            return fieldsets
        return [part for part in fieldsets if "stream_url" not in part[1]["fields"]]

    @admin.action(description=_("Confirm the assumed heading"), permissions=["change"])
    def confirm_heading(self, request: HttpRequest, queryset: Any) -> None:
        """A person looked: the heading is what the lens shows."""
        confirmed = queryset.filter(heading_source="assumed").update(heading_source="confirmed")
        self.message_user(request, _("%(count)d headings confirmed.") % {"count": confirmed})


@admin.register(Site)
class SiteAdmin(LayerAdmin):
    """Poles, walls and roofs."""

    ordering = ("name",)
    list_display = ("code", "name", "status", "agency")
    list_filter = ("status", "agency")
    search_fields = ("code", "name", "address")
    readonly_fields = PROVENANCE


@admin.register(WifiHotspot)
class WifiAdmin(LayerAdmin):
    """Free wifi."""

    ordering = ("code",)
    list_display = ("code", "name", "ssid", "status", "provider", "agency")
    list_filter = ("status", "agency")
    search_fields = ("code", "name", "ssid", "address")
    readonly_fields = PROVENANCE


@admin.register(Station)
class StationAdmin(LayerAdmin):
    """Posts that units start from."""

    ordering = ("name",)
    list_display = ("code", "name", "kind", "status", "agency")
    list_filter = ("kind", "status", "agency")
    search_fields = ("code", "name", "address")
    readonly_fields = PROVENANCE


@admin.register(CameraModel)
class CameraModelAdmin(LayerAdmin):
    """The price list."""

    list_display = ("name", "kind", "image_width_px", "image_height_px", "focal_min_mm", "focal_max_mm", "price_idr")  # fmt: skip
    list_filter = ("kind",)
    search_fields = ("name",)


@admin.register(OpticsStandard)
class OpticsStandardAdmin(LayerAdmin):
    """Pixels per metre of each level, by edition."""

    list_display = ("edition", "level", "px_per_m", "rank")
    list_filter = ("edition",)
