"""CAP 1.2 (OASIS, 2010) and the RSS list of CAP messages, read tolerantly and without entities."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from layers.errors import HostileInput, InvalidInput
from layers.incidents.hazards.notice import Notice, circle_polygon, ring_polygon

#: Messages of one list that are followed.
MOST_LINKS = 100
_SEVERITY = ("extreme", "severe", "moderate", "minor", "unknown")
_MESSAGES = {"alert": "alert", "update": "update", "cancel": "cancel"}


def xml_root(content: bytes) -> Element:
    """The root of a document; raises `HostileInput` for entities, `InvalidInput` for no XML."""
    try:
        return ElementTree.fromstring(content.strip(), forbid_dtd=True)
    except DefusedXmlException as error:
        raise HostileInput("the warning declares entities", remedy="it was not read") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidInput("the warning is no XML", value=str(error)[:120]) from error


def local_name(element: Element) -> str:
    """Tag without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _all(element: Element, name: str) -> list[Element]:
    return [child for child in element if local_name(child) == name]


def _text(element: Element, name: str, limit: int = 500) -> str:
    found = _all(element, name)
    return " ".join((found[0].text or "").split())[:limit] if found else ""


def rss_links(root: Element) -> list[tuple[str, str]]:
    """(address, identifier) of each message of an RSS or Atom list."""
    links = []
    for item in (e for e in root.iter() if local_name(e) in {"item", "entry"}):
        address = _text(item, "link", 1000)
        if not address:
            address = next((link.get("href", "") for link in _all(item, "link")), "")
        if address:
            links.append((address, _text(item, "guid", 200) or _text(item, "id", 200)))
    return links[:MOST_LINKS]


def cap_notices(root: Element) -> list[Notice]:
    """The message of a CAP alert, or those of a bundle of alerts."""
    alerts = (
        [root] if local_name(root) == "alert" else [e for e in root.iter() if local_name(e) == "alert"]
    )  # fmt: skip
    if not alerts:
        raise InvalidInput(f"{local_name(root)[:40]!r} is no CAP alert")
    return [_notice(alert) for alert in alerts]


def _notice(alert: Element) -> Notice:
    identifier, sender = _text(alert, "identifier", 200), _text(alert, "sender", 160)
    sent_at = _moment(_text(alert, "sent"))
    if not identifier or sent_at is None:
        raise InvalidInput("the CAP alert has no identifier or no time of sending")
    message = _MESSAGES.get(_text(alert, "msgType").lower(), "")
    notice = Notice(
        sender=sender or "unknown", identifier=identifier, kind="other", message=message or "alert",
        sent_at=sent_at, status=(_text(alert, "status", 12) or "Actual").lower(),
        references=_references(_text(alert, "references", 20_000)),
    )  # fmt: skip
    if not message:
        notice.notes.append("the kind of message is not known: taken as a warning")
    infos = _all(alert, "info")
    if not infos and message != "cancel":
        notice.notes.append("the message says nothing but that it is one")
    _words(notice, infos)
    _times(notice, infos)
    _areas(notice, infos)
    return notice


def _references(text: str) -> list[str]:
    """Identifiers of `sender,identifier,sent` triples; bare identifiers are taken as they are."""
    found = []
    for part in text.split():
        fields = part.split(",")
        found.append((fields[1] if len(fields) >= 2 else fields[0])[:200])
    return [name for name in found if name]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _words(notice: Notice, infos: list[Element]) -> None:
    """Texts in Indonesian (or whatever comes first) and in English; the gravest block of each."""
    ranked = sorted(infos, key=lambda info: _rank(_text(info, "severity")))
    english = [info for info in ranked if _text(info, "language").lower().startswith("en")]
    own = [info for info in ranked if info not in english] or english
    if own:
        first = own[0]
        notice.event, notice.headline = _text(first, "event", 200), _text(first, "headline", 300)
        notice.description = _text(first, "description", 10_000)
        notice.severity = _SEVERITY[_rank(_text(first, "severity"))]
        notice.urgency, notice.certainty = _text(first, "urgency", 12).lower(), _text(first, "certainty", 12).lower()  # fmt: skip
        categories = {category.text for category in _all(first, "category")}
        notice.kind = "weather" if "Met" in categories else "other"
        if "Geo" in categories and re.search(r"gempa|earthquake", notice.event, re.IGNORECASE):
            notice.kind = "earthquake"
    if english:
        notice.event_en, notice.headline_en = _text(english[0], "event", 200), _text(english[0], "headline", 300)  # fmt: skip
        notice.description_en = _text(english[0], "description", 10_000)


def _rank(severity: str) -> int:
    return _SEVERITY.index(severity.lower()) if severity.lower() in _SEVERITY else 4


def _times(notice: Notice, infos: list[Element]) -> None:
    """From the earliest onset to the latest expiry of the blocks."""
    starts = [_moment(_text(i, "onset")) or _moment(_text(i, "effective")) for i in infos]
    ends = [_moment(_text(i, "expires")) for i in infos]
    notice.starts_at = min((moment for moment in starts if moment), default=None)
    notice.expires_at = max((moment for moment in ends if moment), default=None)


def _areas(notice: Notice, infos: list[Element]) -> None:
    """Polygons, circles and codes of all blocks; the same area in two languages counts once."""
    seen: set[str] = set()
    names: list[str] = []
    for area in (area for info in infos for area in _all(info, "area")):
        name = _text(area, "areaDesc", 300)
        if name and name not in names:
            names.append(name)
        for child in area:
            text = " ".join((child.text or "").split())
            if not text or text in seen:
                continue
            if local_name(child) == "polygon":
                seen.add(text)
                _add_polygon(notice, text)
            elif local_name(child) == "circle":
                seen.add(text)
                _add_circle(notice, text)
        for geocode in _all(area, "geocode"):
            notice.area_codes.append(_text(geocode, "value", 40))
    notice.place_text = ", ".join(names)[:500]


def _pairs(text: str) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in (pair.split(",")[:2] for pair in text.split())]


def _add_polygon(notice: Notice, text: str) -> None:
    try:
        polygon: Any = ring_polygon(_pairs(text), notice.notes)
    except ValueError:
        notice.notes.append("an area that cannot be read was left out")
        return
    if polygon is not None:
        notice.polygons.append(polygon)


def _add_circle(notice: Notice, text: str) -> None:
    """`lat,lon radius` with the radius in kilometres."""
    try:
        centre, radius = text.split()[:2]
        ((lat, lon),), radius_m = _pairs(centre), float(radius) * 1000.0
        inside = abs(lat) <= 90 and abs(lon) <= 180 and 0 <= radius_m <= 5_000_000
    except ValueError:
        inside = False
    if not inside:
        notice.notes.append("a circle that cannot be read was left out")
    elif radius_m > 0:
        notice.polygons.append(circle_polygon(lon, lat, radius_m))
