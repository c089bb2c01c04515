"""What the forms of the consoles offer, as the page's JavaScript reads it."""

from __future__ import annotations

from typing import Any

from django.urls import Resolver404, resolve
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from layers.access.policies import Can, Rights
from layers.dispatch.assigning.table import NEXT_STEPS
from layers.dispatch.models import STEP_FIELD, Step, UnitStatus
from layers.incidents.models import Disposition, IncidentState, IncidentType
from layers.network.models import RoadClosure

#: Statuses that a crew without a job sets on its own page.
_BY_CREW = ("available", "patrol", "returning", "out_of_service")


def _name(row: Any) -> str:
    english = (get_language() or "").startswith("en")
    return (row.name_en if english else "") or row.name


def _answers(address: str) -> bool:
    """Whether the product has such an address."""
    try:
        resolve(address)
    except Resolver404:
        return False
    return True


def _labelled(choices: list[tuple[str, Any]]) -> list[dict[str, str]]:
    return [{"code": str(code), "name": str(label)} for code, label in choices]


def dispatch_choices(rights: Rights) -> dict[str, Any]:
    """Types, dispositions, statuses and kinds of closures, and what the visitor may do."""
    return {
        "types": [
            {"code": row.code, "name": _name(row), "group": row.group, "priority": row.default_priority}
            for row in IncidentType.objects.order_by("name")
        ],
        "dispositions": _labelled(Disposition.choices),
        "statuses": [{"code": row.code, "name": _name(row)} for row in UnitStatus.objects.order_by("order")],
        "closure_kinds": _labelled(RoadClosure.Kind.choices),
        "can": {
            "dispatch": rights.can(Can.DISPATCH),
            "take": rights.can(Can.TAKE_CALLS),
            "write": rights.can(Can.DISPATCH) or rights.can(Can.TAKE_CALLS),
            "operations": rights.can(Can.SEE_OPERATIONS),
            "coverage": rights.can(Can.SEE_COVERAGE),
            "streams": rights.can(Can.SEE_STREAMS),
            "callers": rights.can(Can.SEE_CALLERS),
            "cover": _answers("/api/v1/cover"),
        },
    }  # fmt: skip


def unit_choices(unit_id: int | None) -> dict[str, Any]:
    """Statuses that a crew sets by itself, which step may follow which, and the unit asked for."""
    rows = UnitStatus.objects.filter(code__in=_BY_CREW).order_by("order")
    return {
        "unit": unit_id,
        "statuses": [{"code": row.code, "name": _name(row), "needs_reason": row.needs_reason} for row in rows],
        "next": {str(step): [str(after) for after in steps] for step, steps in NEXT_STEPS.items()},
    }  # fmt: skip


def sheet_of(incident: dict[str, Any]) -> dict[str, Any]:
    """An incident's detail put in the order of the printed sheet."""
    times = [
        (_("reported"), "reported_at"), (_("first dispatch"), "first_dispatch_at"), (_("first en route"), "first_en_route_at"),
        (_("first on scene"), "first_on_scene_at"), (_("under control"), "under_control_at"), (_("closed"), "closed_at"),
    ]  # fmt: skip
    steps = [step for step in STEP_FIELD if step not in (Step.RESERVED, Step.CANCEL)]
    english = (get_language() or "").startswith("en")
    return {
        "incident": incident,
        "area_more": "" if incident["address"].endswith(incident["area_name"] or "") else incident["area_name"],
        "type_name": incident["type"]["name_en" if english else "name"],
        "state": IncidentState(incident["state"]).label,
        "disposition": Disposition(incident["disposition"]).label if incident["disposition"] else "",
        "times": [(title, incident[name]) for title, name in times if incident[name]],
        "step_titles": [Step(step).label for step in steps],
        "units": [
            {"callsign": row["callsign"], "times": [row[STEP_FIELD[step]] for step in steps]}
            for row in incident["assignments"]
        ],
        "log": [
            {**line, "what": _log_word(line["what"]), "author": line["author"] or "", "detail": _words(line["detail"])} for line in incident["timeline"]
        ],
    }  # fmt: skip


def _log_word(what: str) -> str:
    """What a line of the log says, in the reader's words where it names a step, a state or an action."""
    words = {
        "created": _("incident made"), "edited": _("changed"), "follow": _("state follows from the units"),
        "accept": _("accepted"), "hold": _("put on hold"), "resume": _("resumed"), "reopen": _("reopened"),
        "close": _("closed"), "cancel": _("cancelled"), "merge": _("merged"), "merged_in": _("merged in"),
        "call_joined": _("call joined"), "unit_joined": _("unit joined"), "attached": _("file attached"),
        "corrected": _("time corrected"), "under_control": _("under control"),
    }  # fmt: skip
    if what in words:
        return words[what]
    return str(Step(what).label) if what in Step.values else what.replace("_", " ")


def _words(detail: Any) -> str:
    if isinstance(detail, dict):
        return ", ".join(f"{name}: {_words(value)}" for name, value in detail.items())
    if isinstance(detail, list | tuple):
        return " → ".join(_words(value) for value in detail)
    return "–" if detail in (None, "") else str(detail)
