"""import_layer LAYER PATH: rows of a file into a layer, with every fault named."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from layers.errors import InvalidInput
from layers.importers.services import layer_import
from layers.management.base import JsonCommand


class Command(JsonCommand):
    """Imports one file into one layer; see docs/importing.md."""

    help = (
        "Import a GeoJSON, GeoPackage, zipped shapefile, KML, CSV, XLSX or JSON file into a layer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "layer", help="cctv wifi stations units incidents areas roads buildings …"
        )
        parser.add_argument("path", help="the file; archive.zip/name.shp chooses one shapefile")
        parser.add_argument(
            "--key", default="", metavar="FIELD", help="column that identifies a row"
        )
        parser.add_argument("--dry-run", action="store_true", help="report only, write nothing")
        parser.add_argument(
            "--crs", default="", help="coordinate system where the file states none"
        )
        parser.add_argument(
            "--sublayer", default="", metavar="NAME", help="layer, sheet or shapefile to read"
        )
        parser.add_argument(
            "--repair", action="store_true", help="mend invalid areas (up to 500 vertices)"
        )
        parser.add_argument("--node", action="store_true", help="cut roads where they cross")
        parser.add_argument(
            "--set", action="append", default=[], metavar="COLUMN=VALUE", dest="defaults",
            help="value of a column where the file states none, such as kind=fire",
        )  # fmt: skip

    def answer(self, **options: Any) -> dict[str, Any]:
        defaults: dict[str, str] = {}
        for item in options["defaults"]:
            name, separator, value = item.partition("=")
            if not separator or not value:
                raise InvalidInput(
                    f"--set {item!r} is not COLUMN=VALUE",
                    value=item,
                    remedy="write --set kind=fire",
                )
            defaults[name.strip()] = value.strip()
        return layer_import(
            options["layer"],
            options["path"],
            key=options["key"],
            dry_run=options["dry_run"],
            crs=options["crs"],
            sublayer=options["sublayer"],
            repair=options["repair"],
            node=options["node"],
            defaults=defaults,
            progress=self.progress,
        )

    def text(self, answer: dict[str, Any]) -> str:
        lines = [
            f"{answer['layer']} from {answer['file']}: {answer['created']} created, {answer['updated']} updated, "
            f"{answer['unchanged']} unchanged, {len(answer['missing'])} missing, "
            f"{len(answer['rejected'])} rejected, {len(answer['warnings'])} warnings"
        ]
        lines += [f"  column {name} from {header}" for name, header in answer["mapping"].items()]
        for title in ("rejected", "warnings"):
            for entry in answer[title][:40]:
                where = f"row {entry['row']}" if entry["row"] else "file"
                lines.append(
                    f"  {title.removesuffix('s')}: {where} {entry['field']}: {entry['reason']}"
                )
            if len(answer[title]) > 40:
                lines.append(
                    f"  … and {len(answer[title]) - 40} more {title}; see them with --json"
                )
        lines += [f"  missing: {entry['key']} {entry['name']}" for entry in answer["missing"][:40]]
        if answer.get("dry_run"):
            lines.append("dry run: nothing was written")
        return "\n".join(lines)
