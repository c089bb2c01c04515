"""Keeping warnings: once each, ended by what replaces them, raised where they touch the city."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.gis.geos import GEOSGeometry, MultiPolygon
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.errors import HostileInput, InvalidInput, NccError
from layers.events.models import Visibility
from layers.events.services import NewEvent, events_publish
from layers.incidents.hazards.bmkg import quake_notices
from layers.incidents.hazards.cap import cap_notices, local_name, rss_links, xml_root
from layers.incidents.hazards.fetching import fetch
from layers.incidents.hazards.models import Hazard, HazardFeed
from layers.incidents.hazards.notice import Notice
from layers.places.models import Area

#: A warning without an expiry is shown for so long.
SHOWN = timedelta(hours=24)
#: Messages kept after they ended.
KEEP = timedelta(days=365)


@dataclass
class Taken:
    """What became of a document's messages; `faults` say what was left out and why."""

    new: int = 0
    known: int = 0
    ended: int = 0
    raised: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Taken) -> None:
        """Count another document's into this."""
        self.new, self.known, self.ended = self.new + other.new, self.known + other.known, self.ended + other.ended  # fmt: skip
        self.raised += other.raised
        self.faults += other.faults


@dataclass(frozen=True)
class Document:
    """What a text holds: messages, or links to messages."""

    notices: list[Notice]
    links: list[tuple[str, str]]


def document_read(content: bytes) -> Document:
    """Warnings of a document by its content: BMKG's JSON, CAP, or a list of CAP messages.

    Raises `InvalidInput` or `HostileInput` with what is wrong.
    """
    start = content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if start in {b"{", b"["}:
        try:
            return Document(quake_notices(json.loads(content.decode("utf-8-sig"))), [])
        except (ValueError, RecursionError) as error:
            raise InvalidInput("the JSON of the feed cannot be read") from error
    root = xml_root(content)
    if local_name(root) in {"rss", "feed"}:
        return Document([], rss_links(root))
    return Document(cap_notices(root), [])


def notices_take(notices: Sequence[Notice]) -> Taken:
    """Keep messages in one transaction; a message that is known already changes nothing,
    except that an earthquake told anew is corrected."""
    taken = Taken()
    with transaction.atomic():
        events: list[NewEvent] = []
        for notice in sorted(notices, key=lambda one: one.sent_at):
            _take(notice, taken, events)
        events_publish(events)
    return taken


def _take(notice: Notice, taken: Taken, events: list[NewEvent]) -> None:
    now = timezone.now()
    shape = notice.shape()
    geom = _geos(shape) if shape is not None else _named_area(notice)
    values = {
        name: getattr(notice, name)
        for name in (
            "kind", "message", "status", "references", "event_en", "headline", "headline_en", "description",
            "description_en", "severity", "urgency", "certainty", "place_text", "magnitude", "depth_km", "sent_at",
        )
    }  # fmt: skip
    expires_at = notice.expires_at or notice.sent_at + SHOWN
    values |= {
        "event": notice.event or _("Hazard"), "starts_at": notice.starts_at or notice.sent_at,
        "expires_at": max(expires_at, notice.sent_at + timedelta(seconds=1)), "geom": geom,
        "notes": list(dict.fromkeys(note[:200] for note in notice.notes)),
    }  # fmt: skip
    existing = (
        Hazard.objects.select_for_update()
        .filter(sender=notice.sender, identifier=notice.identifier)
        .first()
    )
    if existing is not None:
        taken.known += 1
        if notice.kind == "earthquake" and _corrected(existing, values):
            Hazard.objects.filter(pk=existing.pk).update(**values)
            events.append(_event("hazard.changed", existing))
        return
    hazard = Hazard(
        sender=notice.sender, identifier=notice.identifier, touches_city=_touches_city(notice, geom), **values
    )  # fmt: skip
    if notice.message == Hazard.Message.CANCEL:
        hazard.ended_at, hazard.ended_by = notice.sent_at, notice.identifier
    elif hazard.expires_at <= now:
        hazard.ended_at, hazard.ended_by = hazard.expires_at, "expiry"
    elif later := _replaced_by(notice):
        hazard.ended_at, hazard.ended_by = later.sent_at, later.identifier
    hazard.save()
    taken.new += 1
    if notice.references and notice.message != Hazard.Message.ALERT and notice.status == "actual":
        taken.ended += _end(
            Hazard.objects.filter(sender=notice.sender, identifier__in=notice.references),
            hazard, events,
        )  # fmt: skip
    if hazard.ended_at is None and hazard.status == "actual" and hazard.touches_city:
        taken.raised.append(hazard.pk)
        events.append(_event("hazard.raised", hazard))
    elif hazard.ended_at is None and hazard.status == "actual":
        events.append(_event("hazard.new", hazard))


def _event(kind: str, hazard: Hazard) -> NewEvent:
    """Warnings are public: everybody hears of them."""
    return NewEvent(
        kind, "hazards", hazard.pk, visibility=Visibility.PUBLIC,
        payload={
            "id": hazard.pk, "kind": hazard.kind, "severity": hazard.severity, "event": hazard.event,
            "headline": hazard.headline[:200], "headline_en": hazard.headline_en[:200],
            "until": hazard.expires_at.isoformat(), "touches_city": hazard.touches_city,
        },
    )  # fmt: skip


def _corrected(existing: Hazard, values: dict[str, Any]) -> bool:
    return any(
        getattr(existing, name) != values[name] for name in ("magnitude", "depth_km", "place_text")
    )


def _replaced_by(notice: Notice) -> Hazard | None:
    """A later update or cancellation that came in before what it speaks of."""
    return (
        Hazard.objects.filter(sender=notice.sender, references__contains=[notice.identifier], status="actual")
        .exclude(message=Hazard.Message.ALERT)
        .order_by("sent_at")
        .first()
    )  # fmt: skip


def _end(rows: Any, by: Hazard, events: list[NewEvent]) -> int:
    ended = list(rows.filter(ended_at__isnull=True).exclude(pk=by.pk))
    for hazard in ended:
        Hazard.objects.filter(pk=hazard.pk).update(ended_at=by.sent_at, ended_by=by.identifier)
        events.append(_event("hazard.ended", hazard))
    return len(ended)


def _geos(shape: Any) -> MultiPolygon:
    found = GEOSGeometry(shape.wkb_hex, srid=4326)
    assert isinstance(found, MultiPolygon)
    return found


def _named_area(notice: Notice) -> MultiPolygon | None:
    """Areas of ours that a message without shapes names by code or by name."""
    if notice.area_codes or notice.place_text:
        names = [name.strip() for name in notice.place_text.split(",") if name.strip()]
        named = Q(code__in=notice.area_codes)
        for name in names[:50]:
            named |= Q(name__iexact=name)
        found = list(Area.objects.filter(named)[:100])
        if found:
            notice.notes.append("without shapes: drawn as the areas it names")
            merged: Any = found[0].geom
            for area in found[1:]:
                merged = merged.union(area.geom)
            return merged if isinstance(merged, MultiPolygon) else MultiPolygon(merged, srid=4326)
    if notice.message != "cancel":
        notice.notes.append("without a shape: not drawn on the map")
    return None


def _touches_city(notice: Notice, geom: MultiPolygon | None) -> bool:
    """Whether the shape meets a city of ours; without one, whether the words name it."""
    cities = Area.objects.filter(level=Area.Level.CITY)
    if geom is not None:
        return cities.filter(geom__intersects=geom).exists()
    words = f"{notice.place_text} {notice.headline} {notice.description}".casefold()
    names = cities.values_list("name", flat=True)
    return any(_bare(name) in words for name in names)


def _bare(name: str) -> str:
    """A city's name without what kind of area it is."""
    text = name.casefold().strip()
    for word in ("kota ", "kabupaten ", "kab. "):
        text = text.removeprefix(word)
    return text


def feed_poll(feed: HazardFeed) -> Taken:
    """Ask one feed, follow the messages of a list that are not known yet, and keep what they say.

    A message that cannot be read is a fault of the poll and stops no other. How it went stands in
    the feed's row. Raises the error of the feed's own address.
    """
    taken = Taken()
    now = timezone.now()
    HazardFeed.objects.filter(pk=feed.pk).update(polled_at=now)
    try:
        document = document_read(fetch(feed.address).content)
    except NccError as error:
        HazardFeed.objects.filter(pk=feed.pk).update(error=str(error)[:300])
        raise
    taken.add(notices_take(document.notices))
    known = set(
        Hazard.objects.filter(
            identifier__in=[name for _address, name in document.links if name]
        ).values_list("identifier", flat=True)
    )
    for address, name in document.links:
        if name in known:
            taken.known += 1
            continue
        try:
            taken.add(notices_take(document_read(fetch(address).content).notices))
        except (NccError, HostileInput) as error:
            taken.faults.append(str(error)[:200])
    HazardFeed.objects.filter(pk=feed.pk).update(
        ok_at=timezone.now(), error=("; ".join(taken.faults))[:300]
    )
    return taken


def hazards_expire() -> int:
    """End what has run out, so that maps are drawn anew; returns how many."""
    now = timezone.now()
    with transaction.atomic():
        rows = list(
            Hazard.objects.select_for_update(skip_locked=True).filter(
                ended_at__isnull=True, expires_at__lte=now
            )
        )
        for hazard in rows:
            Hazard.objects.filter(pk=hazard.pk).update(ended_at=hazard.expires_at, ended_by="expiry")  # fmt: skip
        events_publish([_event("hazard.ended", row) for row in rows if row.status == "actual"])
    Hazard.objects.filter(ended_at__lt=now - KEEP).delete()
    return len(rows)
