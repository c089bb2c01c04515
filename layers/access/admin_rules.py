"""What an account may do with a model in the administration pages."""

from __future__ import annotations

from typing import Any

from layers.access.policies import Can, Rights, restrict, rights_of

#: Models that an agency's own people may edit, within their agencies; the rest is for administrators.
AGENCY_MODELS = frozenset({"camera", "site", "wifihotspot", "station", "unit"})
#: Models that nobody edits by hand.
READ_ONLY_MODELS = frozenset(
    {
        "change",
        "event",
        "importrun",
        "unitstatuschange",
        "positionfault",
        "assignment",
        "assignmentstep",
        "incidentlog",
        "incidentnote",
        "incidentattachment",
        "look",
        "hazard",
        "hazardfeed",
        "citizenreport",
        "job",
        "coveragerun",
        "plan",
        "plansite",
        "plancamera",
        "planstep",
        "planturn",
        "gaprelease",
        "siterequest",
        "camerasight",
        "workerbeat",
    }
)
#: Extra abilities that open a model for reading.
READERS: dict[str, Can] = {"change": Can.AUDIT, "look": Can.AUDIT, "demandprofile": Can.PLAN_SITES, "opticsstandard": Can.PLAN_SITES, "cameramodel": Can.PLAN_SITES}  # fmt: skip
#: Abilities, besides administering, that may edit a model.
EDITORS: dict[str, Can] = {"demandprofile": Can.PLAN_SITES, "opticsstandard": Can.PLAN_SITES, "cameramodel": Can.PLAN_SITES, "roadclosure": Can.DISPATCH}  # fmt: skip


def may_enter(user: Any) -> bool:
    """Whether the account has business in the administration pages at all."""
    rights = rights_of(user)
    business = {Can.ADMINISTER, Can.EDIT_ASSETS, *READERS.values(), *EDITORS.values()}
    return bool(rights.abilities & business)


def may_read(user: Any, model_name: str) -> bool:
    """Whether the account may list a model's rows."""
    rights = rights_of(user)
    if rights.can(Can.ADMINISTER):
        return True
    if model_name in AGENCY_MODELS and rights.can(Can.EDIT_ASSETS):
        return True
    reader = READERS.get(model_name) or EDITORS.get(model_name)
    return reader is not None and rights.can(reader)


def may_write(user: Any, model_name: str, row: Any = None) -> bool:
    """Whether the account may add a row, or change this one."""
    rights = rights_of(user)
    if model_name in READ_ONLY_MODELS:
        return False
    if rights.can(Can.ADMINISTER):
        return True
    editor = EDITORS.get(model_name)
    if editor is not None and rights.can(editor):
        return True
    if model_name not in AGENCY_MODELS or not rights.can(Can.EDIT_ASSETS):
        return False
    return row is None or row.agency_id in rights.agencies


def may_delete(user: Any, model_name: str, row: Any = None) -> bool:
    """Deleting is for administrators and, among their own assets, agency Admins."""
    rights = rights_of(user)
    if rights.can(Can.ADMINISTER):
        return model_name not in READ_ONLY_MODELS
    return "agency_admin" in rights.roles and may_write(user, model_name, row)


def admin_rows(user: Any, queryset: Any) -> Any:
    """Rows of a model the account may see in the administration pages."""
    rights: Rights = rights_of(user)
    if rights.can(Can.ADMINISTER):
        return queryset
    name = queryset.model._meta.model_name
    if name in AGENCY_MODELS:
        return restrict(user, queryset).filter(agency__in=sorted(rights.agencies))
    return queryset if may_read(user, name) else queryset.none()
