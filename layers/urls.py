"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path

from layers.pages import accounts, citizens, dispatch, health, triage, views

urlpatterns = [
    path("", views.home, name="home"),
    path("dispatch/", dispatch.console, name="dispatch"),
    path("dispatch/map/", dispatch.map_apart, name="dispatch_map"),
    path("dispatch/incidents/<int:incident_id>/print", dispatch.sheet, name="dispatch_sheet"),
    path("unit/", dispatch.unit, name="unit"),
    path("unit/worker.js", dispatch.unit_worker, name="unit_worker"),
    path("coverage/", views.coverage, name="coverage"),
    path("reports/", views.reports, name="reports"),
    path("planning/", views.planning, name="planning"),
    path("triage/", triage.triage, name="triage"),
    path("triage/<int:report_id>/", triage.decide, name="triage_decide"),
    path("report/", citizens.report, name="report"),
    path("report/<str:token>/", citizens.report_status, name="report_status"),
    path("decisions/", views.decisions, name="decisions"),
    path("decisions/gaps/<int:run_id>/", views.released_gaps, name="released_gaps"),
    path("login/", accounts.login, name="login"),
    path("logout/", accounts.logout, name="logout"),
    path("language/", accounts.set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path("", include("layers.api.urls")),
    path("", include("layers.tiles.urls")),
    path("", include("layers.live.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
