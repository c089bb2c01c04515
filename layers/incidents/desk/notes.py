"""What people add to an incident: notes, and cameras that see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from layers.access.policies import restrict
from layers.assets.models import Camera
from layers.audit.actor import recorded
from layers.errors import InvalidInput
from layers.events.services import events_publish
from layers.incidents.lifecycle.services import incident_lock, incident_save
from layers.incidents.outbox import author_of, incident_event
from layers.incidents.records import NOTE_MAX, IncidentCamera, IncidentNote

#: Cameras tied to one incident.
CAMERAS_MAX = 50


def note_add(incident_id: int, *, user: Any, text: str) -> IncidentNote:
    """Write a note; a closed incident takes notes too."""
    text = text.strip()
    if not 1 <= len(text) <= NOTE_MAX:
        raise InvalidInput(_("an empty or too long note"), where="text", remedy=_("write 1 to {most} characters").format(most=NOTE_MAX))  # fmt: skip
    with recorded():
        incident = incident_lock(incident_id, user=user)
        note = IncidentNote.objects.create(incident=incident, author=author_of(user), text=text)
        incident_save(incident)
        events_publish([incident_event(incident)])
    return note


def cameras_link(incident_id: int, *, user: Any, codes: Sequence[str]) -> list[str]:
    """Make these the cameras of the incident; the codes now linked."""
    wanted = list(dict.fromkeys(codes))
    if len(wanted) > CAMERAS_MAX:
        raise InvalidInput(_("{n} cameras named").format(n=len(wanted)), where="codes", remedy=_("name at most {most}").format(most=CAMERAS_MAX))  # fmt: skip
    known = dict(restrict(user, Camera.objects.filter(code__in=wanted)).values_list("code", "pk"))
    missing = [code for code in wanted if code not in known]
    if missing:
        raise InvalidInput(_("no camera {list}").format(list=', '.join(missing)), value=missing, where="codes", remedy=_("use codes of cameras you may see"))  # fmt: skip
    with recorded():
        incident = incident_lock(incident_id, user=user)
        IncidentCamera.objects.filter(incident=incident).exclude(camera__in=known.values()).delete()
        for code in wanted:
            IncidentCamera.objects.get_or_create(
                incident=incident, camera_id=known[code], defaults={"author": author_of(user)}
            )
        incident_save(incident)
        events_publish([incident_event(incident)])
    return wanted
