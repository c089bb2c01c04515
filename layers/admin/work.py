"""What the machine did: imports, jobs, analyses, plans and the profiles they ran with."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from layers.admin.base import LayerAdmin
from layers.coverage.models import CoverageRun, DemandProfile, Plan
from layers.importers.models import ImportRun
from layers.jobs.models import Job


@admin.register(DemandProfile)
class DemandProfileAdmin(LayerAdmin):
    """Weights that decide where coverage is wanted."""

    search_fields = ("name",)


@admin.register(CoverageRun)
class CoverageRunAdmin(LayerAdmin):
    """Analyses of coverage."""

    list_display = ("id", "level", "edition", "area", "state", "started_at", "requested_by")
    list_filter = ("state", "level")


@admin.register(Plan)
class PlanAdmin(LayerAdmin):
    """Proposals of new sites."""

    list_display = ("__str__", "state", "level", "area", "cost_idr", "created_at")
    list_filter = ("state",)
    search_fields = ("name",)
    exclude = ("certificate",)
    readonly_fields = ("status", "objective", "bound", "gap", "demand", "covered_before")
    labels = {"seconds": _("seconds")}


@admin.register(ImportRun)
class ImportRunAdmin(LayerAdmin):
    """Imports and their reports."""

    list_display = ("layer", "file_name", "started_at", "seconds", "author")
    list_filter = ("layer",)
    search_fields = ("file_name",)
    exclude = ("file_sha256",)


@admin.register(Job)
class JobAdmin(LayerAdmin):
    """Background work."""

    list_display = ("id", "kind", "state", "attempts", "created_at", "requested_by")
    list_filter = ("state", "kind")
