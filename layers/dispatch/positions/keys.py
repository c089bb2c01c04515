"""Keys of devices: made once, shown once, kept as a hash, revoked at once."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.utils import timezone

from layers.audit.actor import recorded
from layers.dispatch.positions.models import PositionDevice
from layers.errors import InvalidInput

#: Longer texts are no key of ours and are not hashed (characters).
KEY_MAX = 100


def key_hash(key: str) -> str:
    """SHA-256 of a key. Keys are 190 random bits, so a slow hash would protect nothing more."""
    return hashlib.sha256(key.encode()).hexdigest()


def key_new() -> str:
    """A fresh key: letters and digits, fit for the identifier field of a phone."""
    return "ncc" + secrets.token_hex(24)


def device_create(*, by: Any = None, **fields: Any) -> tuple[PositionDevice, str]:
    """Make a device; returns it with its key, which cannot be shown again."""
    key = key_new()
    device = PositionDevice(key_hash=key_hash(key), key_hint=key[-4:], created_by=by, **fields)
    device_check(device)
    with recorded():
        device.save()
    return device, key


def device_check(device: PositionDevice) -> None:
    """Raise `InvalidInput` unless a gateway names its agency and any other device its unit."""
    is_gateway = device.kind == PositionDevice.Kind.GATEWAY
    if is_gateway and (device.unit_id or not device.agency_id):
        raise InvalidInput(
            "a gateway has an agency and no unit", remedy="choose its agency, leave the unit empty"
        )
    if not is_gateway and not device.unit_id:
        raise InvalidInput("the device has no unit", remedy="choose the unit that carries it")


def device_key_renew(device: PositionDevice) -> str:
    """Give a device a new key; the old one ends now."""
    key = key_new()
    with recorded():
        PositionDevice.objects.filter(pk=device.pk).update(
            key_hash=key_hash(key), key_hint=key[-4:], revoked_at=None
        )
    return key


def device_revoke(device: PositionDevice) -> None:
    """End a device's key; what it reported stays."""
    with recorded():
        PositionDevice.objects.filter(pk=device.pk, revoked_at__isnull=True).update(
            revoked_at=timezone.now()
        )
