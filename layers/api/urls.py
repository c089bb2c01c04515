"""Addresses of the API."""

from django.urls import path

from layers.api import (
    assignments,
    closures,
    coverage,
    desk,
    dispatch,
    hazards,
    layers,
    planning,
    positions,
    reports,
    streams,
)
from layers.api.app import api
from layers.api.gate import guarded_urls

api.add_router("", layers.router)
api.add_router("", coverage.router)
api.add_router("", positions.router)
api.add_router("", hazards.router)
api.add_router("", dispatch.router)
api.add_router("", closures.router)
api.add_router("", reports.router)
api.add_router("", desk.router)
api.add_router("", assignments.router)
api.add_router("", streams.router)
api.add_router("", planning.router)

urlpatterns = [path("api/v1/", guarded_urls(api))]
