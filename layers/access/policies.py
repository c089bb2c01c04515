"""The one place that decides who may see and do what; everything not named here is denied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Model, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.access.models import Grant, Role, User
from layers.places.home import home_city
from layers.places.models import Area


class Can(StrEnum):
    """Abilities that pages, API and events ask for."""

    SEE_PUBLIC = "see_public"
    SEE_ASSETS = "see_assets"
    SEE_OPERATIONS = "see_operations"
    SEE_CALLERS = "see_callers"
    SEE_COVERAGE = "see_coverage"
    SEE_STREAMS = "see_streams"
    RELEASE_GAPS = "release_gaps"
    PLAN_SITES = "plan_sites"
    REVIEW_SITES = "review_sites"
    SEE_PLANS = "see_plans"
    REQUEST_SITES = "request_sites"
    DISPATCH = "dispatch"
    TAKE_CALLS = "take_calls"
    DRIVE_UNIT = "drive_unit"
    EDIT_ASSETS = "edit_assets"
    REPORT = "report"
    AUDIT = "audit"
    ADMINISTER = "administer"


_STAFF = {Can.SEE_PUBLIC, Can.SEE_ASSETS}
#: Role → abilities. A role that is not listed can do nothing.
ABILITIES: dict[str, frozenset[Can]] = {
    Role.PLATFORM_ADMIN: frozenset(Can),
    Role.AGENCY_ADMIN: frozenset({*_STAFF, Can.EDIT_ASSETS, Can.REQUEST_SITES, Can.REPORT}),
    Role.AGENCY_OPERATOR: frozenset({*_STAFF, Can.EDIT_ASSETS, Can.REQUEST_SITES}),
    Role.CALL_TAKER: frozenset({*_STAFF, Can.SEE_OPERATIONS, Can.SEE_CALLERS, Can.TAKE_CALLS}),
    Role.DISPATCHER: frozenset(
        {*_STAFF, Can.SEE_OPERATIONS, Can.SEE_CALLERS, Can.SEE_STREAMS, Can.SEE_COVERAGE, Can.TAKE_CALLS, Can.DISPATCH}
    ),
    Role.SUPERVISOR: frozenset(
        {*_STAFF, Can.SEE_OPERATIONS, Can.SEE_CALLERS, Can.SEE_STREAMS, Can.SEE_COVERAGE, Can.TAKE_CALLS, Can.DISPATCH, Can.REPORT}
    ),
    Role.FIELD_UNIT: frozenset({Can.SEE_PUBLIC, Can.SEE_ASSETS, Can.DRIVE_UNIT}),
    Role.POLICE_LIAISON: frozenset(
        {*_STAFF, Can.SEE_COVERAGE, Can.SEE_PLANS, Can.REVIEW_SITES, Can.REQUEST_SITES}
    ),
    Role.CCTV_OPERATOR: frozenset(
        {*_STAFF, Can.SEE_STREAMS, Can.SEE_COVERAGE, Can.EDIT_ASSETS, Can.REQUEST_SITES}
    ),
    Role.PLANNER: frozenset(
        {*_STAFF, Can.SEE_COVERAGE, Can.SEE_PLANS, Can.PLAN_SITES, Can.REQUEST_SITES, Can.REPORT}
    ),
    Role.AUDITOR: frozenset({Can.SEE_PUBLIC, Can.AUDIT, Can.REPORT}),
    Role.EXECUTIVE: frozenset(
        {*_STAFF, Can.SEE_COVERAGE, Can.SEE_PLANS, Can.REPORT, Can.RELEASE_GAPS}
    ),
    Role.SERVICE_ACCOUNT: frozenset({Can.SEE_PUBLIC}),
}  # fmt: skip


@dataclass(frozen=True)
class Rights:
    """What one visitor may do now: abilities, the agencies they act for and governments they serve."""

    user_id: int | None
    abilities: frozenset[Can]
    roles: frozenset[str] = field(default_factory=frozenset)
    agencies: frozenset[int] = field(default_factory=frozenset)
    areas: frozenset[int] = field(default_factory=frozenset)
    governments: frozenset[str] = field(default_factory=frozenset)

    def can(self, ability: Can) -> bool:
        """Whether the ability is held."""
        return ability in self.abilities

    @property
    def everywhere(self) -> bool:
        """Platform admins are bound to no agency."""
        return Role.PLATFORM_ADMIN in self.roles

    @property
    def audience(self) -> str:
        """Short name of what this visitor sees; visitors with the same name share cached tiles."""
        if not self.abilities - {Can.SEE_PUBLIC}:
            return "public"
        if self.everywhere:
            return "all"
        marks = sorted(str(ability) for ability in self.abilities)
        return "-".join(["staff", *sorted(self.governments), str(abs(hash_text("".join(marks))))])


def hash_text(text: str) -> int:
    """A number for a text that is the same in every process."""
    import zlib

    return zlib.crc32(text.encode())


PUBLIC = Rights(user_id=None, abilities=frozenset({Can.SEE_PUBLIC}))


def rights_of(user: User | AnonymousUser | None) -> Rights:
    """Rights of a user at this moment; expired and revoked grants count for nothing.

    An account without any valid grant sees what the public sees, and no more.
    """
    if (
        user is None
        or not user.is_authenticated
        or not user.is_active
        or not isinstance(user, User)
    ):
        return PUBLIC
    cached = getattr(user, "_ncc_rights", None)
    if cached is not None:
        return cached
    rows = (
        Grant.objects.filter(user=user, revoked_at__isnull=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))
        .values_list("role", "agency_id", "agency__government", "area_id", "area__code")
    )
    return rights_held(user, [GrantHeld._make(row) for row in rows])


class GrantHeld(NamedTuple):
    """A grant in force: its role, agency and the government of that, area and the code of that."""

    role: str
    agency_id: int | None
    government: str | None
    area_id: int | None
    area_code: str | None


def rights_held(user: User, grants: Sequence[GrantHeld]) -> Rights:
    """Rights of an account with these grants in force, remembered for as long as the object lives."""
    abilities: set[Can] = {Can.SEE_PUBLIC}
    governments: set[str] = set()
    for grant in grants:
        abilities |= ABILITIES.get(grant.role, frozenset())
        if grant.government:
            governments.add(grant.government)
        if grant.area_code is not None:
            governments.add(grant.area_code[:5])
    if user.is_superuser:
        abilities |= set(Can)
    rights = Rights(
        user_id=user.pk,
        abilities=frozenset(abilities),
        roles=frozenset({*(grant.role for grant in grants), *([Role.PLATFORM_ADMIN] if user.is_superuser else [])}),
        agencies=frozenset(grant.agency_id for grant in grants if grant.agency_id is not None),
        areas=frozenset(grant.area_id for grant in grants if grant.area_id is not None),
        governments=frozenset(governments),
    )  # fmt: skip
    user._ncc_rights = rights  # type: ignore[attr-defined]
    return rights


#: Model → (ability that opens all rows, filter of the rows that are public or None).
_ROWS: dict[str, tuple[Can, Q | None]] = {
    "agency": (Can.SEE_PUBLIC, Q()),
    "area": (Can.SEE_PUBLIC, Q()),
    "road": (Can.SEE_PUBLIC, Q()),
    "building": (Can.SEE_PUBLIC, Q()),
    "landcover": (Can.SEE_PUBLIC, Q()),
    "place": (Can.SEE_PUBLIC, Q()),
    "address": (Can.SEE_PUBLIC, Q()),
    "camera": (Can.SEE_ASSETS, Q(is_public=True, status__in=["active", "maintenance"])),
    "site": (
        Can.SEE_ASSETS,
        Q(cameras__is_public=True, cameras__status__in=["active", "maintenance"]),
    ),
    "cameramodel": (Can.SEE_ASSETS, None),
    "wifihotspot": (Can.SEE_ASSETS, ~Q(status="planned")),
    "station": (Can.SEE_ASSETS, ~Q(status="planned")),
    "roadclosure": (Can.SEE_OPERATIONS, Q(lifted_at__isnull=True)),
    "incident": (Can.SEE_OPERATIONS, None),
    "hazard": (Can.SEE_OPERATIONS, Q()),
    "incidenttype": (Can.SEE_PUBLIC, Q()),
    "call": (Can.SEE_CALLERS, None),
    "unit": (Can.SEE_OPERATIONS, None),
    "unitposition": (Can.SEE_OPERATIONS, None),
    "assignment": (Can.SEE_OPERATIONS, None),
    "unittrack": (Can.SEE_OPERATIONS, None),
    "positionfault": (Can.SEE_OPERATIONS, None),
    "camerasight": (Can.SEE_COVERAGE, None),
    "coveragerun": (Can.SEE_COVERAGE, None),
    "coveragestreet": (Can.SEE_COVERAGE, None),
    "coveragegap": (Can.SEE_COVERAGE, None),
    "coverageloss": (Can.SEE_COVERAGE, None),
    "demandprofile": (Can.SEE_COVERAGE, None),
    "plan": (Can.SEE_PLANS, None),
    "plansite": (Can.SEE_PLANS, None),
    "siterequest": (Can.REQUEST_SITES, None),
    "job": (Can.SEE_COVERAGE, None),
    "change": (Can.AUDIT, None),
}

#: Models whose rows belong to an agency: a grant holder sees those of its own governments.
_AGENCY_PATH = {
    "camera": "agency",
    "site": "agency",
    "wifihotspot": "agency",
    "station": "agency",
    "unit": "agency",
    "unitposition": "unit__agency",
    "assignment": "unit__agency",
    "unittrack": "unit__agency",
    "incident": "agency",
    "call": "agency",
}


#: Models of plans → path to the plan, whose state says who sees it.
_PLAN_PATH = {"plan": "", "plansite": "plan__"}


def _plans_seen(rights: Rights, path: str) -> Q:
    """Plans of one's own government; before they were sent to the police, planners alone see them."""
    seen = Q() if rights.can(Can.PLAN_SITES) else Q(**{f"{path}sent_at__isnull": False}) & ~Q(**{f"{path}state": "draft"})  # fmt: skip
    return seen if rights.everywhere else seen & _of_governments(rights, path)


def _requests_seen(rights: Rights) -> Q:
    """Requests of one's own agencies; planners and executives see those of their government."""
    if rights.everywhere:
        return Q()
    seen = Q(pk__isnull=True)
    if rights.can(Can.REQUEST_SITES):
        seen |= Q(created_by=rights.user_id) | Q(agency__in=sorted(rights.agencies))
    if rights.can(Can.PLAN_SITES) or (rights.can(Can.SEE_PLANS) and rights.can(Can.REPORT)):
        seen |= _of_governments(rights, "")
    return seen


def _of_governments(rights: Rights, path: str) -> Q:
    return Q(**{f"{path}government": ""}) | Q(
        **{f"{path}government__in": sorted(rights.governments)}
    )


def layer_access(user: User | AnonymousUser | None, model: type[Model]) -> str:
    """`full`, `public` or `none`: how much of a model's rows and columns a visitor gets."""
    rule = _ROWS.get(model._meta.model_name or "")
    if rule is None:
        return "none"
    ability, public = rule
    if rights_of(user).can(ability):
        return "full"
    return "none" if public is None else "public"


def visible_queryset(user: User | AnonymousUser | None, model: type[Model]) -> QuerySet[Any]:
    """Rows of a model that a visitor may see; empty for a model no rule names."""
    return restrict(user, model._default_manager.all())


def restrict(user: Any, queryset: Any) -> Any:
    """The queryset cut down to what a visitor may see."""
    name = queryset.model._meta.model_name
    rule = _ROWS.get(name)
    if rule is None:
        return queryset.none()
    ability, public = rule
    rights = rights_of(user)
    if name == "siterequest":
        return queryset.filter(_requests_seen(rights))
    if not rights.can(ability):
        if public is None:
            return queryset.none()
        return (
            queryset.filter(public).distinct()
            if "cameras__" in str(public)
            else queryset.filter(public)
        )
    if name in _PLAN_PATH:
        return queryset.filter(_plans_seen(rights, _PLAN_PATH[name]))
    path = _AGENCY_PATH.get(name)
    if path is None or rights.everywhere:
        return queryset
    if name == "call":
        # A caller's data is nobody's until an agency is named: by the call, or by its incident.
        return queryset.filter(_of_own(rights, "agency") | Q(agency__isnull=True) & _of_own(rights, "incident__agency"))  # fmt: skip
    scope = own_rows(rights, path)
    if public is not None and name != "site":
        scope |= public
    return queryset.filter(scope)


def own_rows(rights: Rights, path: str) -> Q:
    """Rows of the visitor's agencies and governments, by the path to their agency, and of agencies
    without a government. What belongs to no agency is the home government's, where one is known."""
    unowned = Q(**{f"{path}__isnull": True})
    if rights.governments:
        home = home_city().values("pk")[:1]
        mine = Area.objects.filter(pk=Subquery(home), code__in=sorted(rights.governments))
        unowned &= Q(Exists(mine)) | ~Q(Exists(home_city()))
    return unowned | Q(**{f"{path}__government": ""}) | _of_own(rights, path)


def sees_unowned(rights: Rights, home: str | None) -> bool:
    """Whether rows of no agency may be seen, by the home government: `own_rows` for rows already read."""
    return home is None or not rights.governments or home in rights.governments


def sees_row_of(rights: Rights, name: str, agency_id: int | None, government: str | None) -> bool:
    """Whether a row of a model (by name, with the agency it belongs to) may be seen: `restrict` for
    rows that are already read, for models that have no public rows. The government is the
    agency's, or for a row of no agency the home government."""
    ability, public = _ROWS[name]
    if public is not None or name not in _AGENCY_PATH or name == "call":
        raise ValueError(f"rows of {name} are judged by the database")
    if not rights.can(ability):
        return False
    if rights.everywhere or government == "":
        return True
    if agency_id is None:
        return sees_unowned(rights, government)
    return government in rights.governments or agency_id in rights.agencies


def _of_own(rights: Rights, path: str) -> Q:
    """Rows whose agency is the visitor's own, or of its government."""
    return Q(**{f"{path}__government__in": sorted(rights.governments)}) | Q(
        **{f"{path}__in": sorted(rights.agencies)}
    )


#: Models that a report may count, and the ways to the agency that a row belongs to: the first that is set.
_REPORT_PATHS = {
    "incident": ("agency",),
    "assignment": ("incident__agency",),
    "call": ("agency", "incident__agency"),
}


def reportable(user: Any, queryset: Any) -> Any:
    """Rows that a holder of REPORT may count, of the own governments; `user` None: all (commands).

    Counting is not reading: the rows themselves stay closed to roles that may only report.
    """
    if user is None:
        return queryset
    paths = _REPORT_PATHS.get(queryset.model._meta.model_name)
    rights = rights_of(user)
    if paths is None or not rights.can(Can.REPORT):
        return queryset.none()
    if rights.everywhere:
        return queryset
    counted, unset = Q(), Q()
    for path in paths:
        mine = Q(**{f"{path}__government__in": sorted(rights.governments)})
        mine |= Q(**{f"{path}__in": sorted(rights.agencies)})
        counted |= unset & mine
        unset &= Q(**{f"{path}__isnull": True})
    # What belongs to nobody yet (a call that became no incident) is the city's own.
    return queryset.filter(counted | unset)


def require(user: Any, ability: Can) -> Rights:
    """Rights of the user, or `Forbidden` naming what is missing."""
    from layers.errors import Forbidden

    rights = rights_of(user)
    if not rights.can(ability):
        raise Forbidden(
            _("your account may not do this"),
            value=str(ability),
            remedy=_("ask your agency's Admin for a role that can"),
        )
    return rights
