"""Unit positions as a dispatch system exports them: an RSS list of title, X, Y and status."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from pathlib import Path

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from layers.errors import HostileInput, InvalidInput
from layers.importers.files.table import MAX_ROWS, SourceRow, SourceTable

_COLUMNS = ("title", "X", "Y", "status", "fix time")


def read_avl(path: Path) -> SourceTable:
    """Items of an AVL feed as rows; the feed's own time is the fix time of every item.

    The time is that of the export, so that positions of an old file are stale and not fresh.
    """
    try:
        root = ElementTree.parse(path, forbid_dtd=True).getroot()
    except DefusedXmlException as error:
        raise HostileInput("the XML declares entities", remedy="export it again") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidInput("the XML cannot be read", value=str(error)[:120]) from error
    items = root.findall("./channel/item")
    if root.tag != "rss" or not any(item.find("X") is not None for item in items):
        raise InvalidInput(
            "the XML is no list of unit positions (RSS items with title, X and Y)",
            value=str(root.tag)[:40],
            remedy="give GeoJSON, GeoPackage, zipped shapefile, KML, CSV, XLSX, JSON, or an AVL export",
        )
    if len(items) > MAX_ROWS:
        raise HostileInput(f"more than {MAX_ROWS} items", remedy="split the file")
    published, remarks = _published(root.findtext("./channel/pubDate") or "")
    rows = []
    for number, item in enumerate(items, 1):
        texts = [(item.findtext(name) or "").strip() for name in _COLUMNS[:4]]
        rows.append(SourceRow(number, dict(zip(_COLUMNS, [*texts, published], strict=True))))
    return SourceTable(list(_COLUMNS), rows, remarks=remarks)


def _published(text: str) -> tuple[str, list[str]]:
    try:
        moment = parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError):
        return "", ["the list has no time of its own: its positions never go stale"]
    return moment, [f"positions are taken to be of {moment}, when the list was made"]
