"""Devices that report positions, with the one moment in which a key is shown; and the quarantine."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from layers.access.admin_rules import may_write
from layers.admin.base import LayerAdmin
from layers.dispatch.positions.keys import device_key_renew, device_revoke, key_hash, key_new
from layers.dispatch.positions.models import PositionDevice, PositionFault


class DeviceForm(ModelForm):
    """A gateway has an agency, every other device a unit."""

    class Meta:
        model = PositionDevice
        fields = ("name", "kind", "unit", "agency", "max_age_s")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        is_gateway = values.get("kind") == PositionDevice.Kind.GATEWAY
        if is_gateway and (values.get("unit") or not values.get("agency")):
            raise ValidationError(_("A gateway has an agency and no unit."))
        if not is_gateway and not values.get("unit"):
            raise ValidationError(_("Choose the unit that carries the device."))
        return values


@admin.register(PositionDevice)
class PositionDeviceAdmin(LayerAdmin):
    """Devices and their keys; a key is shown once, when it is made."""

    form = DeviceForm
    list_display = ("name", "kind", "unit", "agency", "key_hint", "heard", "revoked_at")
    list_filter = ("kind", "agency")
    search_fields = ("name", "unit__callsign")
    readonly_fields = ("key_hint", "created_at", "revoked_at")
    actions = ("renew_key", "revoke_key")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("unit__position", "agency")

    @admin.display(description=gettext_lazy("online"), boolean=True)
    def heard(self, device: PositionDevice) -> bool | None:
        """Whether the unit is heard at present."""
        position = getattr(device.unit, "position", None)
        return None if position is None else position.online

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        key = key_new()
        obj.key_hash, obj.key_hint, obj.created_by = key_hash(key), key[-4:], request.user
        super().save_model(request, obj, form, change)
        self._show(request, obj, key)

    def _show(self, request: HttpRequest, device: PositionDevice, key: str) -> None:
        messages.warning(
            request,
            _("Key of %(device)s, shown this once: %(key)s") % {"device": device, "key": key},
        )

    @admin.action(
        description=gettext_lazy("Give a new key; the old one ends"), permissions=["change"]
    )
    def renew_key(self, request: HttpRequest, devices: QuerySet[PositionDevice]) -> None:
        """A lost key is replaced; it cannot be read again."""
        for device in devices:
            self._show(request, device, device_key_renew(device))

    @admin.action(description=gettext_lazy("Revoke the key"), permissions=["change"])
    def revoke_key(self, request: HttpRequest, devices: QuerySet[PositionDevice]) -> None:
        """The device reports nothing any more, from its next fix on."""
        for device in devices:
            device_revoke(device)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_write(request.user, "positiondevice", obj)


@admin.register(PositionFault)
class PositionFaultAdmin(LayerAdmin):
    """Fixes that were not believed, with the reason."""

    list_display = (
        "device",
        "unit",
        "reason",
        "count",
        "last_at",
        "fix_at",
        "lon",
        "lat",
        "detail",
    )
    list_filter = ("reason",)
    search_fields = ("device__name", "unit__callsign")
    ordering = ("-last_at",)
