"""The desk: the board, calls, and incidents from the first word to the closing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Status, UploadedFile

from layers.access.policies import Can, restrict
from layers.api.app import new_router, open_to
from layers.api.desk_forms import (
    CallEditIn,
    CallIn,
    CallIncidentIn,
    CamerasIn,
    IncidentEditIn,
    IncidentIn,
    LinkIn,
    MergeIn,
    NoteIn,
    RowId,
    StateIn,
    TakeIn,
)
from layers.audit.actor import patiently
from layers.audit.looks import look_record
from layers.dispatch.assigning.closing import incident_merge, incident_state_set
from layers.dispatch.board.rows import call_row
from layers.dispatch.board.selectors import choices, incident_detail, incident_row
from layers.dispatch.board.shared import shelf
from layers.errors import Conflict, NotFound
from layers.incidents.desk.attachments import attachment_add, attachment_open
from layers.incidents.desk.calls import (
    call_create,
    call_edit,
    call_incident_create,
    call_link,
    call_similar,
    call_take,
)
from layers.incidents.desk.creating import incident_edit, incident_report
from layers.incidents.desk.notes import cameras_link, note_add
from layers.incidents.desk.receipts import once
from layers.incidents.models import Call

router = new_router("desk")


def done_once(request: HttpRequest, action: str, body: Any, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:  # fmt: skip
    """Carry out a request once for its `Idempotency-Key`, should it come again."""
    key = request.headers.get("Idempotency-Key")
    result, _fresh = patiently(
        lambda: once(key, user=request.user, action=action, body=body, work=work)
    )
    return result


@contextmanager
def with_current(row: Callable[[], dict[str, Any]]) -> Iterator[None]:
    """Adds the fresh row to a refusal of a stale form, so that the page can show both."""
    try:
        yield
    except Conflict as refusal:
        if "current" not in refusal.details:
            refusal.details["current"] = row()
        raise


def _call(request: HttpRequest, call_id: int) -> Call:
    rows = restrict(request.user, Call.objects.select_related("taken_by", "incident"))
    row = rows.filter(pk=call_id).first()
    if row is None:
        raise NotFound(_("no call {call_id}").format(call_id=call_id), value=call_id)
    return row


@router.get("/board")
@open_to(Can.SEE_OPERATIONS)
def board_now(request: HttpRequest, desk: str = "all", seen: int | None = None) -> HttpResponse:
    """Open incidents, units and waiting calls of a desk, and the event they are current to.

    `seen` is the last event the console has heard of: consoles that say it share a snapshot that is
    at least as new. Without it the board is read afresh.
    """
    return HttpResponse(
        shelf.text(request.user, desk=desk, seen=seen), content_type="application/json"
    )


@router.get("/board/choices")
@open_to(Can.SEE_OPERATIONS)
def board_choices(request: HttpRequest) -> dict[str, Any]:
    """What forms offer."""
    return choices()


@router.post("/calls", response={201: dict[str, Any]})
@open_to(Can.TAKE_CALLS)
def call_new(request: HttpRequest, body: CallIn) -> Any:
    """A call that came in, with incidents it may be about."""
    given = body.model_dump()
    given["location_source"] = given["location_source"] or ""
    result = done_once(
        request, "call", body.model_dump(mode="json"), lambda: {"call": call_create(user=request.user, **given).pk}
    )  # fmt: skip
    call = _call(request, result["call"])
    return Status(201, {"call": call_row(call), "similar": call_similar(call, user=request.user)})


@router.get("/calls/{call_id}")
@open_to(Can.SEE_CALLERS)
def call_one(request: HttpRequest, call_id: RowId) -> dict[str, Any]:
    """A call without who called, and incidents it may be about."""
    call = _call(request, call_id)
    return {"call": call_row(call), "similar": call_similar(call, user=request.user)}


@router.get("/calls/{call_id}/caller")
@open_to(Can.SEE_CALLERS)
def call_caller(request: HttpRequest, call_id: RowId) -> dict[str, Any]:
    """Who called. That it was opened, and by whom, is written down first."""
    call = _call(request, call_id)
    look_record(user=request.user, table="layers_call", row_id=call.pk, what="caller")
    return {"id": call.pk, "caller_name": call.caller_name, "caller_number": call.caller_number}


@router.post("/calls/{call_id}/take")
@open_to(Can.TAKE_CALLS)
def take(request: HttpRequest, call_id: RowId, body: TakeIn) -> dict[str, Any]:
    """Take a call; of two who try at once the second is told who has it."""
    with with_current(lambda: call_row(_call(request, call_id))):
        done_once(
            request, f"call {call_id} take", None, lambda: {"call": call_take(call_id, user=request.user).pk}
        )  # fmt: skip
    return call_row(_call(request, call_id))


@router.patch("/calls/{call_id}")
@open_to(Can.TAKE_CALLS)
def call_change(request: HttpRequest, call_id: RowId, body: CallEditIn) -> dict[str, Any]:
    """Change what is known of a call; a kind that is not real ends it."""
    given = body.given()
    version = given.pop("version")
    with with_current(lambda: call_row(_call(request, call_id))):
        done_once(
            request,
            f"call {call_id} edit",
            body.model_dump(mode="json"),
            lambda: {
                "call": call_edit(call_id, user=request.user, version=version, changes=given).pk
            },
        )
    return call_row(_call(request, call_id))


@router.post("/calls/{call_id}/incident", response={201: dict[str, Any]})
@open_to(Can.TAKE_CALLS)
def call_to_incident(request: HttpRequest, call_id: RowId, body: CallIncidentIn) -> Any:
    """The incident a call reports."""
    given = _incident_fields(body)
    with with_current(lambda: call_row(_call(request, call_id))):
        result = done_once(
            request,
            f"call {call_id} incident",
            body.model_dump(mode="json"),
            lambda: {"incident": call_incident_create(call_id, user=request.user, **given).pk},
        )
    return Status(201, incident_row(result["incident"], user=request.user))


def _incident_fields(body: Any) -> dict[str, Any]:
    given = body.model_dump()
    given["type_code"] = given.pop("type")
    given["location_source"] = given["location_source"] or ""
    return given


@router.post("/calls/{call_id}/link")
@open_to(Can.TAKE_CALLS)
def link(request: HttpRequest, call_id: RowId, body: LinkIn) -> dict[str, Any]:
    """Join a call to an incident that is known already; both calls stay."""
    with with_current(lambda: call_row(_call(request, call_id))):
        done_once(
            request,
            f"call {call_id} link",
            {"number": body.number},
            lambda: {"call": call_link(call_id, user=request.user, number=body.number).pk},
        )
    return call_row(_call(request, call_id))


@router.post("/incidents", response={201: dict[str, Any]})
@open_to(Can.TAKE_CALLS)
def incident_new(request: HttpRequest, body: IncidentIn) -> Any:
    """An incident without a call, such as one met on patrol."""
    given = _incident_fields(body)
    result = done_once(
        request, "incident", body.model_dump(mode="json"), lambda: {"incident": incident_report(user=request.user, **given).pk}
    )  # fmt: skip
    return Status(201, incident_row(result["incident"], user=request.user))


@router.get("/incidents/{incident_id}")
@open_to(Can.SEE_OPERATIONS)
def incident_one(request: HttpRequest, incident_id: RowId) -> dict[str, Any]:
    """One incident in full: units, calls, notes, files, cameras, timeline, and what may be done now."""
    return incident_detail(incident_id, user=request.user)


@router.patch("/incidents/{incident_id}")
@open_to(Can.TAKE_CALLS)
def incident_change(request: HttpRequest, incident_id: RowId, body: IncidentEditIn) -> dict[str, Any]:  # fmt: skip
    """Correct what is known; a stale form gets the current row back and loses nothing."""
    given = body.given()
    version = given.pop("version")
    with with_current(lambda: incident_row(incident_id, user=request.user)):
        done_once(
            request,
            f"incident {incident_id} edit",
            body.model_dump(mode="json"),
            lambda: {
                "incident": incident_edit(
                    incident_id, user=request.user, version=version, changes=given
                ).pk
            },
        )
    return incident_row(incident_id, user=request.user)


@router.post("/incidents/{incident_id}/state")
@open_to(Can.DISPATCH)
def incident_state(request: HttpRequest, incident_id: RowId, body: StateIn) -> dict[str, Any]:
    """Accept, hold, resume, under control, cancel, close or reopen."""
    with with_current(lambda: incident_row(incident_id, user=request.user)):
        done_once(
            request,
            f"incident {incident_id} state",
            body.model_dump(mode="json"),
            lambda: {
                "incident": incident_state_set(
                    incident_id, user=request.user, action=body.action, version=body.version,
                    disposition=body.disposition or "", reason=body.reason, clear_units=body.clear_units,
                ).pk
            },
        )  # fmt: skip
    return incident_row(incident_id, user=request.user)


@router.post("/incidents/{incident_id}/merge")
@open_to(Can.DISPATCH)
def merge(request: HttpRequest, incident_id: RowId, body: MergeIn) -> dict[str, Any]:
    """Merge into another incident; calls and active units go along."""
    with with_current(lambda: incident_row(incident_id, user=request.user)):
        done_once(
            request,
            f"incident {incident_id} merge",
            body.model_dump(mode="json"),
            lambda: {
                "incident": incident_merge(
                    incident_id, user=request.user, into=body.into, version=body.version,
                    reason=body.reason,
                ).pk
            },
        )  # fmt: skip
    return incident_row(incident_id, user=request.user)


@router.post("/incidents/{incident_id}/notes", response={201: dict[str, Any]})
@open_to(Can.TAKE_CALLS)
def note(request: HttpRequest, incident_id: RowId, body: NoteIn) -> Any:
    """Write a note."""

    def work() -> dict[str, Any]:
        row = note_add(incident_id, user=request.user, text=body.text)
        return {"id": row.pk, "at": row.at.isoformat(), "author": request.user.get_username()}

    result = done_once(request, f"incident {incident_id} note", {"text": body.text}, work)
    return Status(201, {**result, "text": body.text})


@router.post("/incidents/{incident_id}/attachments", response={201: dict[str, Any]})
@open_to(Can.TAKE_CALLS)
def attach(request: HttpRequest, incident_id: RowId, file: File[UploadedFile]) -> Any:
    """Keep a file: a picture, PDF, short film or recording of at most 15 MB."""
    row = attachment_add(
        incident_id, user=request.user, name=file.name or "file", size=file.size or 0, chunks=file.chunks()
    )  # fmt: skip
    return Status(201, {"id": row.pk, "name": row.name, "bytes": row.bytes, "kind": row.content_type, "at": row.at})  # fmt: skip


@router.get("/incidents/{incident_id}/attachments/{attachment_id}")
@open_to(Can.SEE_OPERATIONS)
def attachment(request: HttpRequest, incident_id: RowId, attachment_id: RowId) -> HttpResponse:
    """A file, offered for saving; pictures are shown. Nothing in it can run in the page's name."""
    row, path = attachment_open(incident_id, attachment_id, user=request.user)
    shown = row.content_type.startswith("image/")
    answer = FileResponse(
        path.open("rb"), as_attachment=not shown, filename=row.name, content_type=row.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer  # type: ignore[return-value]


@router.post("/incidents/{incident_id}/cameras")
@open_to(Can.TAKE_CALLS)
def cameras(request: HttpRequest, incident_id: RowId, body: CamerasIn) -> dict[str, Any]:
    """Say which cameras belong to the incident."""
    return done_once(
        request,
        f"incident {incident_id} cameras",
        body.codes,
        lambda: {"codes": cameras_link(incident_id, user=request.user, codes=body.codes)},
    )
