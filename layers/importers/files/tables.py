"""Readers of files that hold plain rows: CSV, XLSX, and JSON with a list of objects in it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from layers.errors import HostileInput, InvalidInput
from layers.importers.files.table import (
    MAX_COLUMNS,
    MAX_ROWS,
    SourceRow,
    SourceTable,
    unique_headers,
)

_DELIMITERS = ",;\t|"
_MAX_FIELD = 10_000_000
_MAX_JSON_DEPTH = 60
_POSITION_WORDS = {"lat", "lng", "lon", "latitude", "longitude", "lintang", "bujur"}
_ROOTS = ("records", "data", "items", "results", "rows", "features")


def read_csv(path: Path) -> SourceTable:
    """A CSV file: UTF-8 (with or without mark), UTF-16 with mark, else Windows-1252; `,` `;` tab `|`."""
    encoding = _encoding(path)
    csv.field_size_limit(_MAX_FIELD)
    remarks = (
        [] if encoding.startswith("utf") else ["the text is not UTF-8 and was read as Windows-1252"]
    )
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        delimiter = _delimiter(file.read(65_536))
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter)
        rows: list[SourceRow] = []
        headers: list[str] = []
        number = 0
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if not headers:
                    headers = unique_headers(list(cells))
                    continue
                number += 1
                values: dict[str, Any] = dict(zip(headers, cells, strict=False))
                row = SourceRow(number, values)
                if len(cells) > len(headers) and any(
                    cell.strip() for cell in cells[len(headers) :]
                ):
                    row.fault = f"{len(cells)} cells, but the header names {len(headers)} columns"
                rows.append(row)
                if number > MAX_ROWS:
                    break
        except csv.Error as error:
            raise InvalidInput(
                "the CSV cannot be read", value=str(error), where=f"line {reader.line_num}: {error}",
                remedy="check the quotes in that line",
            ) from error  # fmt: skip
    if not headers:
        raise InvalidInput(
            "the CSV has no header line", remedy="name the columns in the first line"
        )
    return SourceTable(headers, rows, remarks=remarks)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        mark = file.read(4)
        if mark.startswith(b"\xef\xbb\xbf"):
            return "utf-8-sig"
        if mark[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            return "utf-16"
        file.seek(0)
        with io.TextIOWrapper(file, encoding="utf-8") as text:
            try:
                while text.read(1 << 20):
                    pass
            except UnicodeDecodeError:
                return "cp1252"
    return "utf-8"


def _delimiter(sample: str) -> str:
    """The separator that splits the header into most cells, quotes respected."""
    first = next((line for line in sample.splitlines() if line.strip()), "")
    counts = {}
    for mark in _DELIMITERS:
        try:
            counts[mark] = len(next(csv.reader([first], delimiter=mark), []))
        except csv.Error:
            counts[mark] = 0
    return max(_DELIMITERS, key=lambda mark: counts[mark])


def read_xlsx(path: Path, *, sublayer: str = "") -> SourceTable:
    """One sheet of a workbook whose archive was checked: the named one, else the first with rows."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.lower().endswith((".xml", ".rels")):
                with archive.open(member) as part:
                    head = part.read(2_048)
                if b"<!DOCTYPE" in head.upper() or b"<!ENTITY" in head.upper():
                    raise HostileInput("the workbook declares entities", where=member.filename[:80])
    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl raises many kinds for a broken workbook
        raise InvalidInput(
            "the workbook cannot be read", value=repr(error)[:200], remedy="save it again as .xlsx"
        ) from error
    try:
        sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
        if sublayer:
            sheets = [sheet for sheet in sheets if sheet.title.casefold() == sublayer.casefold()]
            if not sheets:
                raise InvalidInput(
                    f"no sheet named {sublayer!r}", value=book.sheetnames,
                    where=", ".join(book.sheetnames), remedy="choose one with --sublayer NAME",
                )  # fmt: skip
        for sheet in sheets:
            table = _sheet_table(sheet)
            if table is not None:
                if len(sheets) > 1:
                    table.remarks.append(f"read sheet {sheet.title!r}")
                return table
    finally:
        book.close()
    raise InvalidInput("the workbook holds no rows", remedy="name the columns in the first row")


def _sheet_table(sheet: Any) -> SourceTable | None:
    sheet.reset_dimensions()  # the stated size may be a lie of a billion cells
    headers: list[str] = []
    rows: list[SourceRow] = []
    blank = 0
    try:
        for cells in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1):
            if not any(cell is not None and cell != "" for cell in cells):
                blank += 1
                if blank > 100_000:
                    break
                continue
            if not headers:
                while cells and cells[-1] is None:
                    cells = cells[:-1]
                headers = unique_headers(list(cells))
                continue
            values = {h: _cell(c) for h, c in zip(headers, cells, strict=False)}
            rows.append(SourceRow(len(rows) + 1, values))
            if len(rows) > MAX_ROWS:
                break
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput(
            "the sheet cannot be read", value=repr(error)[:200], where=sheet.title,
            remedy="save it again as .xlsx",
        ) from error  # fmt: skip
    return SourceTable(headers, rows) if headers else None


def _cell(value: Any) -> Any:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value


def read_json(path: Path) -> SourceTable:
    """The list of objects in a JSON file, wherever it lies; nested objects become dotted columns.

    The list is the one at the top, under `records` (or `data`, `items` …), or else, over all lists
    of objects such as `districts[].cameras[]`, the one whose objects carry positions, then the
    longest.
    """
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=lambda _: None)
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidInput(
            "the JSON is not well formed", value=str(error)[:200], where=str(error)[:160],
            remedy="export it again",
        ) from error  # fmt: skip
    except RecursionError as error:
        raise HostileInput("the JSON is nested too deeply", remedy="export a flat list") from error
    found = _objects(document)
    if not found:
        raise InvalidInput(
            "no list of objects in the JSON", remedy='give a list at the top or under "records"'
        )
    headers: dict[str, None] = {}
    rows = []
    for number, item in enumerate(found, 1):
        if isinstance(item, dict):
            values = dict(_flatten(item))
            headers.update(dict.fromkeys(values))
            rows.append(SourceRow(number, values))
        else:
            rows.append(SourceRow(number, {}, fault="not an object"))
    return SourceTable(list(headers), rows)


def _objects(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document if any(isinstance(item, dict) for item in document) else []
    if not isinstance(document, dict):
        return []
    for root in _ROOTS:
        items = document.get(root)
        if isinstance(items, list) and items and all(isinstance(item, dict) for item in items):
            return items
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    _collect(document, (), groups)
    if not groups:
        return []
    return max(groups.values(), key=lambda items: (_has_position(items[0]), len(items)))


def _collect(
    node: Any, at: tuple[str, ...], groups: dict[tuple[str, ...], list[dict[str, Any]]]
) -> None:
    if len(at) > _MAX_JSON_DEPTH:
        raise HostileInput("the JSON is nested too deeply", remedy="export a flat list")
    if isinstance(node, dict):
        for key, value in node.items():
            _collect(value, (*at, key), groups)
    elif isinstance(node, list):
        objects = [item for item in node if isinstance(item, dict)]
        if objects:
            groups.setdefault(at, []).extend(objects)
        for item in node:
            if isinstance(item, dict | list):
                _collect(item, (*at, "[]"), groups)


def _has_position(item: dict[str, Any]) -> bool:
    return any(key.rpartition(".")[2].lower() in _POSITION_WORDS for key, _ in _flatten(item))


def _flatten(item: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and depth < _MAX_JSON_DEPTH:
            yield from _flatten(value, f"{name}.", depth + 1)
        else:
            yield name, value
