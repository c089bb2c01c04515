"""Calls, incidents, units and what answers them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from layers.admin.assets import PROVENANCE
from layers.admin.base import LayerAdmin
from layers.audit.looks import look_record
from layers.dispatch.models import (
    Assignment,
    AssignmentStep,
    RunCard,
    Unit,
    UnitAccount,
    UnitStatus,
    UnitStatusChange,
)
from layers.dispatch.rules import AgencyRule
from layers.incidents.lifecycle.limits import ResponseLimit
from layers.incidents.models import Call, Incident, IncidentType
from layers.incidents.records import IncidentAttachment, IncidentLog, IncidentNote

#: Columns of an incident that its life cycle writes.
_MOVED_BY_THE_CONSOLE = (
    "state", "disposition", "initial_type", "first_dispatch_at", "first_en_route_at", "first_on_scene_at",
    "under_control_at", "closed_at", "first_closed_at", "merged_into", "state_since",
)  # fmt: skip


@admin.register(Incident)
class IncidentAdmin(LayerAdmin):
    """Incidents; their life is moved by the console, not here."""

    list_display = ("number", "type", "state", "priority", "reported_at", "agency")
    list_filter = ("state", "priority", "agency")
    search_fields = ("number", "address")
    readonly_fields = (*PROVENANCE, *_MOVED_BY_THE_CONSOLE)
    exclude = ("created_by",)


@admin.register(IncidentType)
class IncidentTypeAdmin(LayerAdmin):
    """Kinds of incidents."""

    list_display = ("name", "code", "group", "default_priority", "severity", "sensitive")
    list_filter = ("group", "sensitive")
    search_fields = ("name", "code")


@admin.register(Call)
class CallAdmin(LayerAdmin):
    """Calls; who called is on no list."""

    list_display = ("code", "kind", "channel", "arrived_at", "answered_at", "incident")
    list_filter = ("kind", "channel")
    search_fields = ("code",)
    readonly_fields = PROVENANCE

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """The page of one call shows who called: that it was opened is written down first."""
        if object_id and self.has_view_permission(request):
            look_record(
                user=request.user, table="layers_call", row_id=object_id, what="administration page"
            )
        return super().changeform_view(request, object_id, *args, **kwargs)


@admin.register(Unit)
class UnitAdmin(LayerAdmin):
    """Units."""

    ordering = ("callsign",)
    list_display = ("callsign", "kind", "status", "status_since", "agency", "station")
    list_filter = ("kind", "agency", "status")
    search_fields = ("callsign", "name")
    readonly_fields = PROVENANCE

    def get_readonly_fields(self, request: HttpRequest, obj: Unit | None = None) -> tuple[str, ...]:
        """A status is changed where its history is kept: on the console, or by the unit itself."""
        return (
            PROVENANCE
            if obj is None
            else (*PROVENANCE, "status", "status_since", "status_reason", "post")
        )


@admin.register(UnitStatus)
class UnitStatusAdmin(LayerAdmin):
    """Statuses and their class; statuses may be renamed."""

    list_display = ("name", "code", "status_class", "order", "needs_reason")
    list_filter = ("status_class",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: UnitStatus | None = None
    ) -> tuple[str, ...]:
        """The code drives what the product does; the name is free."""
        return () if obj is None else ("code",)


@admin.register(UnitStatusChange)
class UnitStatusChangeAdmin(LayerAdmin):
    """Every status a unit has had."""

    list_display = ("unit", "status", "at", "recorded_at", "reason", "author")
    list_filter = ("status",)
    search_fields = ("unit__callsign",)


@admin.register(RunCard)
class RunCardAdmin(LayerAdmin):
    """What an incident type calls for."""

    list_display = ("incident_type", "alarm_level", "kind", "capability", "count")
    list_filter = ("kind", "alarm_level")
    search_fields = ("incident_type__name",)


@admin.register(ResponseLimit)
class ResponseLimitAdmin(LayerAdmin):
    """How long a step of an incident may take before it is overdue."""

    list_display = ("kind", "type", "priority", "seconds")
    list_filter = ("kind", "priority")
    search_fields = ("type__name",)


@admin.register(AgencyRule)
class AgencyRuleAdmin(LayerAdmin):
    """How an agency's units drive, and when they are sent."""

    list_display = ("agency", "kind", "sending", "aid_order", "min_crew", "against_oneway")
    list_filter = ("sending", "kind")
    search_fields = ("agency__name", "agency__code")


@admin.register(Assignment)
class AssignmentAdmin(LayerAdmin):
    """Units on incidents."""

    list_display = ("unit", "incident", "dispatched_at", "on_scene_at", "cleared_at")
    search_fields = ("unit__callsign", "incident__number")


@admin.register(AssignmentStep)
class AssignmentStepAdmin(LayerAdmin):
    """Every stamp as it was given, corrections beside what they correct."""

    list_display = ("assignment", "step", "at", "recorded_at", "author", "reason", "corrects")
    list_filter = ("step",)
    search_fields = ("assignment__unit__callsign", "assignment__incident__number")


@admin.register(UnitAccount)
class UnitAccountAdmin(LayerAdmin):
    """Which account drives which unit."""

    list_display = ("user", "unit", "since")
    search_fields = ("user__username", "unit__callsign")


@admin.register(IncidentNote)
class IncidentNoteAdmin(LayerAdmin):
    """Notes, as they were written."""

    list_display = ("incident", "at", "author", "text")
    search_fields = ("incident__number",)


@admin.register(IncidentLog)
class IncidentLogAdmin(LayerAdmin):
    """Timelines of incidents."""

    list_display = ("incident", "at", "recorded_at", "what", "author")
    list_filter = ("what",)
    search_fields = ("incident__number",)


@admin.register(IncidentAttachment)
class IncidentAttachmentAdmin(LayerAdmin):
    """What files there are; they are opened from the incident."""

    list_display = ("incident", "name", "content_type", "bytes", "at", "author")
    search_fields = ("incident__number", "name")
