"""The one Django app: wires rooms together once models are loaded."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AdministrationConfig(admin_apps.AdminConfig):
    """Django's administration with our own site."""

    default = False
    default_site = "layers.access.admin_site.Administration"


class LayersConfig(AppConfig):
    """Registers checks, the schema that migrations do not hold, and what rooms hand each other."""

    name = "layers"
    default = True
    verbose_name = _("City layers")

    def ready(self) -> None:
        from layers import checks  # noqa: F401
        from layers.access import grants
        from layers.audit import triggers as audit_triggers
        from layers.coverage import tasks  # noqa: F401
        from layers.coverage.freshness import triggers as sight_triggers
        from layers.dispatch.assigning import scheduled  # noqa: F401
        from layers.dispatch.cover.demand import demand_from
        from layers.dispatch.positions import upkeep as position_upkeep  # noqa: F401
        from layers.events import triggers as event_triggers
        from layers.geo.schema import provide_schema
        from layers.incidents.desk import receipts  # noqa: F401
        from layers.incidents.hazards import upkeep as hazard_upkeep  # noqa: F401
        from layers.incidents.lifecycle import timers  # noqa: F401
        from layers.incidents.lifecycle import triggers as incident_triggers
        from layers.jobs.cluster import checks as job_checks  # noqa: F401
        from layers.live import upkeep as live_upkeep  # noqa: F401
        from layers.network import upkeep as network_upkeep  # noqa: F401
        from layers.tiles.schema import schema_statements

        provide_schema(audit_triggers.trigger_statements)
        provide_schema(event_triggers.trigger_statements)
        provide_schema(sight_triggers.trigger_statements)
        provide_schema(incident_triggers.trigger_statements)
        provide_schema(schema_statements)
        provide_schema(grants.grant_statements)
        demand_from(_street_demand)
        post_migrate.connect(_schema_apply, sender=self)


def _schema_apply(*, using: str, plan: Any = None, **kwargs: Any) -> None:
    from layers.geo.schema import schema_apply

    schema_apply(using=using, serving_role=settings.NCC_APP_ROLE)


def _street_demand(lonlat: Any, length_m: Any) -> Any:
    """Demand of street pieces as planners weigh it, for the cover of dispatch."""
    from layers.coverage.demand import demand_at

    return demand_at(lonlat, length_m)
