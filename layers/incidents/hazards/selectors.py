"""Warnings in force, and how fresh the feeds are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from layers.incidents.hazards.models import Hazard, HazardFeed


def hazards_open() -> QuerySet[Hazard]:
    """Messages in force now: real, not ended, not run out."""
    return Hazard.objects.filter(
        ended_at__isnull=True, status="actual", expires_at__gt=timezone.now()
    ).exclude(message=Hazard.Message.CANCEL)


def hazards_shown() -> list[dict[str, Any]]:
    """Warnings in force for a page, those that touch the city first, in the reader's language."""
    english = (get_language() or "id").startswith("en")

    def words(row: Hazard, name: str) -> str:
        return str((english and getattr(row, f"{name}_en")) or getattr(row, name))

    rows = hazards_open().defer("geom").order_by("-touches_city", "-sent_at")[:200]
    return [
        {
            "id": row.pk, "kind": row.kind, "severity": row.severity, "event": words(row, "event"),
            "headline": words(row, "headline"), "description": words(row, "description"),
            "where": row.place_text, "magnitude": row.magnitude, "depth_km": row.depth_km,
            "sent_at": row.sent_at.isoformat(), "from": row.starts_at.isoformat(),
            "until": row.expires_at.isoformat(), "touches_city": row.touches_city, "issued_by": row.sender,
            "notes": row.notes,
        }
        for row in rows
    ]  # fmt: skip


def feeds_shown() -> list[dict[str, Any]]:
    """The configured feeds and how their last polls went; addresses without their query."""
    return [
        {
            "feed": str(row), "error": row.error,
            "polled_at": row.polled_at.isoformat() if row.polled_at else None,
            "ok_at": row.ok_at.isoformat() if row.ok_at else None,
        }
        for row in HazardFeed.objects.order_by("pk")
    ]  # fmt: skip
