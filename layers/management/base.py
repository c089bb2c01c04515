"""Base of the management commands: one JSON document on stdout, progress and one-line errors on stderr."""

from __future__ import annotations

import json
import math
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import translation
from django.utils.functional import Promise

from layers.errors import NccError


class Refused(CommandError):
    """Ends a command with exit status 1 and one line `error: …` on stderr."""


def _plain(value: Any) -> Any:
    """JSON form of what `json` does not know; raises TypeError for the rest."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Path | Promise):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _finite(value: Any) -> Any:
    """The same tree with not-a-number and infinity as null, which is all that JSON can say."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def json_document(value: Any) -> str:
    """One strict JSON document (no NaN), non-ASCII letters as they are."""
    ready = json.loads(json.dumps(value, default=_plain, ensure_ascii=False))
    return json.dumps(_finite(ready), ensure_ascii=False, allow_nan=False)


class JsonCommand(BaseCommand):
    """A command that answers with a dictionary.

    Subclasses write `answer(**options)`, which calls a service and returns what is to be printed,
    and may write `text(answer)` for a person. A `NccError` from `answer` becomes one line
    `error: …` on stderr and exit status 1. Call `self.progress(line)` for progress (stderr).
    """

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)

        def refuse(message: str) -> NoReturn:
            raise Refused(f"{message}; see {subcommand} --help")

        parser.error = refuse  # type: ignore[method-assign]
        parser.add_argument(
            "--json", action="store_true", help="print exactly one JSON document on stdout"
        )
        return parser

    def answer(self, **options: Any) -> dict[str, Any]:
        """What the command found or did, ready for JSON."""
        raise NotImplementedError

    def text(self, answer: dict[str, Any]) -> str:
        """The same for a person; the default is indented JSON."""
        return json.dumps(json.loads(json_document(answer)), ensure_ascii=False, indent=2)

    def progress(self, line: str) -> None:
        """One line of progress on stderr; silent at verbosity 0."""
        if self._verbosity > 0:
            self.stderr.write(line, style_func=str)
            self.stderr.flush()

    _verbosity = 1

    #: Language of what the command says: English, whatever the site speaks; None for the site's.
    language: str | None = "en"

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(self.language or translation.get_language()):
            self._handle(**options)

    def _handle(self, **options: Any) -> None:
        self._verbosity = int(options.get("verbosity", 1))
        as_json = bool(options.pop("json", False))
        try:
            answer = self.answer(**options)
        except NccError as error:
            raise Refused(str(error)) from error
        except FileNotFoundError as error:
            raise Refused(f"there is no file {error.filename}; give the path of one that is there") from error  # fmt: skip
        except DatabaseError as error:
            reason = str(error).strip().splitlines()
            raise Refused(f"the database refused: {reason[0] if reason else error!r}") from error
        except OSError as error:
            what = error.strerror or str(error)
            name = Path(str(error.filename)).name if error.filename else ""
            raise Refused(f"{what}{f': {name}' if name else ''}") from error
        self.stdout.write(json_document(answer) if as_json else self.text(answer))

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except Refused as error:
            if self._from_command_line and not options.get("traceback"):
                self._end(error)
            raise

    def run_from_argv(self, argv: list[str]) -> None:
        self._from_command_line = True
        try:
            super().run_from_argv(argv)
        except Refused as error:  # from the parser
            self._end(error)

    def _end(self, error: Refused) -> NoReturn:
        self.stderr.write(f"error: {' '.join(str(error).split())}", style_func=str)
        sys.exit(1)

    _from_command_line = False
