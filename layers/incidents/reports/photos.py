"""Photos of reports: decoded within limits and written anew, so that nothing but the picture is kept."""

from __future__ import annotations

import io
import secrets
import warnings
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from layers.errors import HostileInput, InvalidInput

#: Largest file (bytes), largest picture (pixels), longest side kept (pixels).
PHOTO_MAX_BYTES, PHOTO_MAX_PIXELS, PHOTO_SIDE = 8 * 1024 * 1024, 50_000_000, 2048
_FORMATS = ("JPEG", "PNG", "WEBP")


def photo_store(data: bytes) -> str:
    """Keep a photo; returns the name it is stored under.

    The picture is turned upright, made smaller and encoded anew as JPEG: the camera's notes, its
    position among them, and whatever else the file held are gone. Raises `InvalidInput` for what
    is no JPEG, PNG or WebP, `HostileInput` for what would not fit into memory.
    """
    if len(data) > PHOTO_MAX_BYTES:
        raise InvalidInput(_("the photo is too large"), value=len(data), remedy=_("send at most {most} MB").format(most=PHOTO_MAX_BYTES >> 20))  # fmt: skip
    name = f"{secrets.token_hex(16)}.jpg"
    path = _path(name)
    encoded = _encoded(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded)
    path.chmod(0o640)
    return name


def photo_read(name: str) -> bytes | None:
    """The bytes of a stored photo; None where the disk does not have it."""
    path = _path(name)
    return path.read_bytes() if name and path.is_file() else None


def _path(name: str) -> Path:
    return Path(settings.NCC_VAR) / "reports" / name[:2] / Path(name).name


def _encoded(data: bytes) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                if image.width * image.height > PHOTO_MAX_PIXELS:
                    raise HostileInput(_("the photo has too many pixels"), value=image.size)
                image.draft("RGB", (PHOTO_SIDE, PHOTO_SIDE))
                upright = ImageOps.exif_transpose(image).convert("RGB")
    except HostileInput:
        raise
    except Image.DecompressionBombError as error:
        raise HostileInput(_("the photo has too many pixels")) from error
    except Exception as error:  # Pillow raises many kinds for a broken picture
        raise InvalidInput(
            _("this is no photo"), value=type(error).__name__, remedy=_("send a JPEG, PNG or WebP")
        ) from error
    upright.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=85)
    return out.getvalue()
