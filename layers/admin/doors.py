"""What comes in by other doors: warnings of services, reports of citizens."""

from __future__ import annotations

from django.contrib import admin

from layers.admin.base import LayerAdmin
from layers.incidents.hazards.models import Hazard, HazardFeed
from layers.incidents.reports.models import CitizenReport


@admin.register(HazardFeed)
class HazardFeedAdmin(LayerAdmin):
    """Feeds and how fresh they are; they are configured by NCC_HAZARD_FEEDS."""

    list_display = ("__str__", "polled_at", "ok_at", "error")


@admin.register(Hazard)
class HazardAdmin(LayerAdmin):
    """Messages as they were issued."""

    list_display = ("__str__", "kind", "message", "severity", "sent_at", "expires_at", "ended_at")
    list_filter = ("kind", "severity", "status")
    search_fields = ("identifier", "headline", "event")


@admin.register(CitizenReport)
class CitizenReportAdmin(LayerAdmin):
    """Reports and what was decided; who sent them is on no list."""

    list_display = ("code", "type", "channel", "state", "area_name", "created_at", "decided_by")
    list_filter = ("state", "channel", "type")
    search_fields = ("area_name",)
    exclude = (
        "reporter_name",
        "reporter_number",
        "reporter_email",
        "description",
        "address",
        "geom",
    )
