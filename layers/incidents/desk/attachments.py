"""Files of an incident: kind told by content, limited in size and number, kept under `media` of `NCC_VAR`."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from layers.access.policies import restrict
from layers.audit.actor import recorded
from layers.errors import InvalidInput, NotFound, Unavailable
from layers.events.services import events_publish
from layers.incidents.lifecycle.services import incident_lock, incident_save
from layers.incidents.models import Incident
from layers.incidents.outbox import author_of, incident_event, log_add
from layers.incidents.records import IncidentAttachment

#: Largest file (bytes) and most files of one incident.
ATTACHMENT_MAX_BYTES = 15 * 1024 * 1024
ATTACHMENTS_MAX = 40
_NAME_MAX = 120


def kind_of_bytes(head: bytes) -> str | None:
    """Kind of a file by its first bytes; None for what is not taken. Names and stated kinds are not believed."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"ID3") or (len(head) > 1 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2)):  # fmt: skip
        return "audio/mpeg"
    return None


#: Kind → ending of the stored file's name, and of the one it is offered under.
ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf", "video/mp4": "mp4",
    "audio/ogg": "ogg", "audio/wav": "wav", "audio/mpeg": "mp3",
}  # fmt: skip


def attachments_folder() -> Path:
    """Where the files lie."""
    return Path(settings.NCC_VAR) / "media" / "attachments"


def name_cleaned(name: str, content_type: str) -> str:
    """A file name without folders and control characters, ending as its content says."""
    stem = re.sub(r"[^\w .()-]+", "_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    stem = stem.rsplit(".", 1)[0] if "." in stem else stem
    return f"{stem[:_NAME_MAX] or 'file'}.{ENDINGS[content_type]}"


def attachment_add(
    incident_id: int, *, user: Any, name: str, size: int, chunks: Iterable[bytes]
) -> IncidentAttachment:
    """Keep a file with an incident. The bytes are written first; without the row nothing points to them."""
    if not 0 < size <= ATTACHMENT_MAX_BYTES:
        raise InvalidInput(
            _("a file of {size} bytes").format(size=size), value=size, where="file", remedy=_("send at most {most} MB").format(most=ATTACHMENT_MAX_BYTES >> 20)
        )  # fmt: skip
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > ATTACHMENT_MAX_BYTES:
            raise InvalidInput(_("the file is larger than it said"), where="file", remedy=_("send at most {most} MB").format(most=ATTACHMENT_MAX_BYTES >> 20))  # fmt: skip
    content_type = kind_of_bytes(bytes(data[:16]))
    if content_type is None:
        raise InvalidInput(
            _("this kind of file is not taken"), value=name[:80], where="file", remedy=_("send one of {list}").format(list=', '.join(ENDINGS.values()))
        )  # fmt: skip
    stored_as = f"{secrets.token_hex(16)}.{ENDINGS[content_type]}"
    path = attachments_folder() / stored_as[:2] / stored_as
    with recorded():
        incident = incident_lock(incident_id, user=user)
        if incident.attachments.count() >= ATTACHMENTS_MAX:
            raise InvalidInput(_("{number} has {most} files already").format(number=incident.number, most=ATTACHMENTS_MAX), where="file", remedy=_("start a note instead"))  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o640)
        row = IncidentAttachment.objects.create(
            incident=incident, name=name_cleaned(name, content_type), content_type=content_type,
            bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), stored_as=stored_as, author=author_of(user),
        )  # fmt: skip
        incident_save(incident)
        log_add(incident, "attached", user=user, attachment=row.pk, kind=content_type)
        events_publish([incident_event(incident)])
    return row


def attachment_open(
    incident_id: int, attachment_id: int, *, user: Any
) -> tuple[IncidentAttachment, Path]:
    """An attachment of an incident the user may see, and where its bytes lie."""
    visible = restrict(user, Incident.objects.filter(pk=incident_id))
    row = IncidentAttachment.objects.filter(pk=attachment_id, incident__in=visible).first()
    if row is None:
        raise NotFound(
            _("no attachment {attachment_id}").format(attachment_id=attachment_id),
            value=attachment_id,
        )
    path = attachments_folder() / row.stored_as[:2] / row.stored_as
    if not path.is_file():
        raise Unavailable(_("the file is gone from the disk"), value=row.pk, remedy=_("restore the folder of attachments from a backup"))  # fmt: skip
    return row, path
