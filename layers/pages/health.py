"""Whether the process lives, whether the service is ready, and numbers for monitoring."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from layers.access.gate import everybody
from layers.jobs.config import BEAT_SILENT_S
from layers.jobs.health import queue_health
from layers.network.store import graph_current


@everybody
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive; nothing else is asked."""
    return JsonResponse({"status": "ok"})


def _readiness() -> dict[str, bool]:
    ready = {"database": False, "migrations": False, "worker": False, "routing_graph": False}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        ready["database"] = True
        executor = MigrationExecutor(connection)
        ready["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        age = queue_health()["worker_age_s"]
        ready["worker"] = age is not None and age < BEAT_SILENT_S
        ready["routing_graph"] = graph_current()
    except DatabaseError:
        pass
    return ready


@everybody
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, migrations, worker and routing graph; 503 while one of them is not ready."""
    ready = _readiness()
    return JsonResponse(
        {"ready": all(ready.values()), **ready}, status=200 if all(ready.values()) else 503
    )


@everybody
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: readiness and the queue of background jobs; no name of anybody or anything."""
    lines = ["# TYPE ncc_ready gauge"]
    lines += [f'ncc_ready{{part="{part}"}} {int(state)}' for part, state in _readiness().items()]
    try:
        health: dict[str, Any] = queue_health()
    except DatabaseError:
        health = {}
    for name, value in health.items():
        if isinstance(value, int | float):
            lines += [f"# TYPE ncc_jobs_{name} gauge", f"ncc_jobs_{name} {value}"]
    for state, count in dict(health.get("jobs") or {}).items():
        lines.append(f'ncc_jobs{{state="{state}"}} {count}')
    return HttpResponse(
        "\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8"
    )
