"""Pages that belong to no console: health."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from layers.access.gate import everybody


@everybody
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is alive; nothing else is asked."""
    return JsonResponse({"status": "ok"})
