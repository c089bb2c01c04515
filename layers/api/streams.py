"""Live pictures: where a camera's HLS is, told to those who may watch, and written down each time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from layers.access.policies import Can, restrict
from layers.api.app import new_router, open_to
from layers.assets.models import AssetStatus, Camera
from layers.audit.looks import look_record
from layers.errors import NotFound

router = new_router("streams")


@router.get("/cameras/{code}/stream")
@open_to(Can.SEE_STREAMS)
def stream(request: HttpRequest, code: str) -> dict[str, Any]:
    """`{code, address, reason}`: the relay's playlist, or why there is no picture.

    Never the camera's own address: that one carries hosts and passwords. Reasons: `none` (no
    stream is known), `failed` (reported out of order), `no_relay` (`NCC_RELAY_URL` is not set).
    """
    camera = restrict(request.user, Camera.objects.all()).filter(code=code[:200]).first()
    if camera is None:
        raise NotFound(_("no camera {code}").format(code=code[:60]), value=code[:60])
    name = camera.stream_id or (camera.code if camera.stream_url else "")
    reason = ""
    if not name:
        reason = "none"
    elif camera.status != AssetStatus.ACTIVE:
        reason = "failed"
    elif not settings.NCC_RELAY_URL:
        reason = "no_relay"
    if reason:
        return {"code": camera.code, "address": None, "reason": reason}
    look_record(user=request.user, table="layers_camera", row_id=camera.pk, what="stream")
    address = f"{settings.NCC_RELAY_URL.rstrip('/')}/{quote(name, safe='')}/index.m3u8"
    return {"code": camera.code, "address": address, "reason": None}
