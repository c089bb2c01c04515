"""Addresses of the API."""

from django.urls import path

from layers.api import (
    assignments,
    closures,
    coverage,
    demand,
    desk,
    dispatch,
    hazards,
    layers,
    open311,
    planning,
    planning_turns,
    positions,
    reports,
    streams,
    triage,
)
from layers.api.app import api
from layers.api.gate import guarded_urls

api.add_router("", layers.router)
api.add_router("", coverage.router)
api.add_router("", demand.router)
api.add_router("", positions.router)
api.add_router("", hazards.router)
api.add_router("", triage.router)
api.add_router("", dispatch.router)
api.add_router("", closures.router)
api.add_router("", reports.router)
api.add_router("", desk.router)
api.add_router("", assignments.router)
api.add_router("", streams.router)
api.add_router("", planning.router)
api.add_router("", planning_turns.router)

urlpatterns = [
    path("api/v1/", guarded_urls(api)),
    path("open311/v2/discovery.<str:form>", open311.discovery),
    path("open311/v2/services.<str:form>", open311.service_list),
    path("open311/v2/services/<str:service_code>.<str:form>", open311.service_definition),
    path("open311/v2/requests.<str:form>", open311.requests),
    path("open311/v2/requests/<str:request_id>.<str:form>", open311.one_request),
    path("open311/v2/tokens/<str:token>.<str:form>", open311.token),
]
