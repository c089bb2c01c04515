"""export_layer LAYER PATH: a layer into GeoJSON, GeoPackage, CSV, XLSX or a zipped shapefile."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.exporters.services import layer_export
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Exports one layer; see docs/importing.md."""

    help = "Write a layer to a .geojson, .gpkg, .csv, .xlsx or .zip (shapefile) file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "layer", help="cctv wifi stations units incidents areas roads buildings …"
        )
        parser.add_argument("path", help="file to write; its extension names the format")
        parser.add_argument(
            "--with-secrets", action="store_true", help="stream addresses and callers too: never publish that file"
        )  # fmt: skip

    def answer(self, **options: Any) -> dict[str, Any]:
        return layer_export(options["layer"], options["path"], with_secrets=options["with_secrets"])

    def text(self, answer: dict[str, Any]) -> str:
        return f"{answer['features']} features written to {answer['path']}"
