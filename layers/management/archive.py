"""The whole database into one file and back: pg_dump's custom format, all of it or nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from layers.errors import Conflict, InvalidInput, Unavailable

Progress = Callable[[str], None]
#: First bytes of every file in pg_dump's custom format.
MAGIC = b"PGDMP"
#: Tables without which a dump is not one of this product.
OUR_TABLES = ("django_migrations", "layers_area", "layers_camera", "layers_change")
#: Longest wait for others to let go of a table that is to be replaced (ms).
LOCK_WAIT_MS = 20_000
#: Entries of a dump that stay out: the server's administrator owns extensions, migrations grant rights.
_LEFT_OUT = re.compile(
    r"^\d+; \d+ \d+ (EXTENSION|COMMENT - EXTENSION|SCHEMA|COMMENT - SCHEMA|ACL|DEFAULT ACL"
    r"|TABLE DATA public spatial_ref_sys) "
)
#: Empties the schema of everything that belongs to no extension.
_EMPTY = """
DO $empty$
DECLARE
    statement text;
    statements text[];
BEGIN
    PERFORM set_config('client_min_messages', 'warning', true);
    SELECT array_agg(format('DROP %s IF EXISTS public.%I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW'
        WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relname)
        ORDER BY relkind IN ('v', 'm') DESC, relkind = 'S', relname)
    INTO statements FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e');
    FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP EXECUTE statement; END LOOP;
    SELECT array_agg(format('DROP ROUTINE IF EXISTS public.%I(%s) CASCADE', proname,
        pg_get_function_identity_arguments(p.oid)) ORDER BY proname)
    INTO statements FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype = 'e');
    FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP EXECUTE statement; END LOOP;
END $empty$;
"""
#: Without its stamp the schema's triggers and grants are applied anew by the next migrate.
_UNSTAMP = "DROP FUNCTION IF EXISTS public.layers_schema_digest();\n"


def database_backup(path: str | Path, *, using: str = "default") -> dict[str, Any]:
    """Dump the database to a file that only its owner may read; bytes, and rows of each table.

    The counts are of the very snapshot that is dumped. The file appears under its name once it is
    complete. Raises `InvalidInput` for a path that cannot be written, `Unavailable` without pg_dump.
    """
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise InvalidInput(
            f"{target.name!r} cannot be written there",
            value=str(path),
            remedy="name a file in a folder that exists",
        )
    with _session(using) as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(
            "SELECT pg_export_snapshot(), current_setting('server_version_num')::int / 10000"
        )
        snapshot, version = cursor.fetchone()
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        os.close(handle)
        part = Path(name)
        try:
            command = [_program("pg_dump", version), "--format=custom", "--no-password", f"--snapshot={snapshot}", f"--file={part}"]  # fmt: skip
            done = subprocess.run(
                command, env=_environment(using), capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise Unavailable(
                    f"pg_dump failed: {_last_line(done.stderr)}", remedy="nothing was written"
                )
            tables = _counts(cursor)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        cursor.execute("ROLLBACK")
    return {"path": str(target), "bytes": target.stat().st_size, "tables": tables}


def database_restore(
    path: str | Path, *, using: str = "default", progress: Progress = lambda line: None
) -> dict[str, Any]:
    """Replace the whole database by a backup, in one transaction; bytes, and rows of each table.

    Afterwards migrations newer than the backup run, and triggers and rights are applied anew. Raises
    `InvalidInput` for a file that is no backup of this product or of a newer one, `Conflict` where
    a running instance holds tables; the database is then as it was.
    """
    source = Path(path)
    with _session(using) as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        version = cursor.fetchone()[0]
    program = _program("pg_restore", version)
    entries = _entries(source, program)
    _check_migrations(source, program)
    before = _layer_versions(using)
    progress("replacing the database")
    with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as wanted:
        wanted.write("".join(f"{line}\n" for line in entries if not _LEFT_OUT.match(line)))
        wanted.flush()
        _replace(
            source, program, _program("psql", version), wanted.name, _extensions(entries), using
        )
    connections[using].close()
    with _session(using) as cursor:
        tables = _counts(cursor)
    progress("bringing the schema up to date")
    call_command("migrate", database=using, verbosity=0, interactive=False)
    _outdate(before, using)
    return {"path": str(source), "bytes": source.stat().st_size, "tables": tables}


def _replace(
    source: Path, program: str, psql: str, wanted: str, extensions: str, using: str
) -> None:
    """Stream the dump through psql between BEGIN and COMMIT; COMMIT is sent only if it was whole."""
    environment = _environment(using)
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        reader = subprocess.Popen(
            [program, "--no-owner", "--no-privileges", f"--use-list={wanted}", "--file=-", str(source)],
            stdout=subprocess.PIPE, stderr=said, env=environment,
        )  # fmt: skip
        writer = subprocess.Popen(
            [psql, "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told, env=environment,
        )  # fmt: skip
        assert reader.stdout is not None
        assert writer.stdin is not None
        with suppress(BrokenPipeError):
            writer.stdin.write(
                f"BEGIN;\nSET LOCAL lock_timeout = {LOCK_WAIT_MS};{_EMPTY}{extensions}".encode()
            )
            shutil.copyfileobj(reader.stdout, writer.stdin, 1 << 20)
        reader.stdout.close()
        whole = reader.wait() == 0
        with suppress(BrokenPipeError):
            if whole:
                writer.stdin.write(f"\n{_UNSTAMP}COMMIT;\n".encode())
            writer.stdin.close()
        failed = writer.wait() != 0
        if failed:
            words = _text(told)
            if "lock timeout" in words:
                raise Conflict(
                    "a running instance holds the tables",
                    remedy="stop the site and its workers, then restore again; nothing was changed",
                )
            raise InvalidInput(
                f"the backup cannot be restored: {_last_line(words)}",
                where=source.name,
                remedy="the database is as it was",
            )
        if not whole:
            raise InvalidInput(
                f"the backup is damaged: {_last_line(_text(said))}",
                where=source.name,
                remedy="the database is as it was; take another backup",
            )


def _entries(source: Path, program: str) -> list[str]:
    """The dump's table of contents; raises InvalidInput unless it is a dump of this product."""
    with source.open("rb") as stream:
        magic = stream.read(len(MAGIC))
    if magic != MAGIC:
        raise InvalidInput(
            "the file is no backup", where=source.name, remedy="give a file that `backup` made"
        )
    done = subprocess.run(
        [program, "--list", str(source)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InvalidInput(
            f"the backup cannot be read: {_last_line(done.stderr)}", where=source.name
        )
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(";")]
    held = {match[1] for line in lines if (match := re.search(r" TABLE public (\S+) ", line))}
    lacking = [name for name in OUR_TABLES if name not in held]
    if lacking:
        raise InvalidInput(
            f"the file is a dump of something else: it has no {', '.join(lacking)}",
            where=source.name,
            remedy="give a file that `backup` made",
        )
    return lines


def _extensions(entries: list[str]) -> str:
    """Statements for the extensions of a dump; those that are there already cost nothing."""
    names = [match[1] for line in entries if (match := re.search(r" EXTENSION - (\w+)", line))]
    return "".join(
        f'CREATE EXTENSION IF NOT EXISTS "{name}" SCHEMA public;\n'
        for name in names
        if name != "plpgsql"
    )


def _check_migrations(source: Path, program: str) -> None:
    """Raise InvalidInput where the backup holds migrations that this version does not know."""
    done = subprocess.run(
        [program, "--data-only", "--table=django_migrations", "--file=-", str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise InvalidInput(
            f"the backup is damaged: {_last_line(done.stderr)}",
            where=source.name,
            remedy="the database is as it was; take another backup",
        )
    rows = [line.split("\t") for line in done.stdout.splitlines() if line.count("\t") == 3]
    known = set(MigrationLoader(None).disk_migrations or {})
    strange = [row[2] for row in rows if row[1] == "layers" and (row[1], row[2]) not in known]
    if strange:
        raise InvalidInput(
            f"the backup was made by a newer version: {strange[0]} is not known here",
            value=strange,
            where=source.name,
            remedy="install that version first",
        )


@contextmanager
def _session(using: str) -> Iterator[Any]:
    """A cursor of a connection of its own, outside whatever transaction the caller is in."""
    connection = connections[using].copy()
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def _counts(cursor: Any) -> dict[str, int]:
    """Rows of every table that belongs to no extension, by name."""
    cursor.execute(
        "SELECT relname, format('SELECT count(*) FROM public.%%I', relname) FROM pg_class c"
        " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT EXISTS ("
        "   SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid"
        "   AND d.deptype = 'e') ORDER BY relname",
        [],
    )
    counts = {}
    for name, statement in cursor.fetchall():
        cursor.execute(statement)
        counts[str(name)] = int(cursor.fetchone()[0])
    return counts


def _layer_versions(using: str) -> dict[str, int]:
    with _session(using) as cursor:
        cursor.execute("SELECT to_regclass('public.layers_layerversion') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return {}
        cursor.execute("SELECT layer, version FROM layers_layerversion")
        return {str(layer): int(version) for layer, version in cursor.fetchall()}


def _outdate(before: dict[str, int], using: str) -> None:
    """Let no cache take an older city for the present one: versions never go back."""
    after = _layer_versions(using)
    with connections[using].cursor() as cursor:
        for layer, version in sorted(before.items()):
            if version > after.get(layer, 0):
                cursor.execute(
                    "INSERT INTO layers_layerbase (layer, version) VALUES (%s, %s)"
                    " ON CONFLICT (layer) DO UPDATE SET version = layers_layerbase.version + excluded.version",
                    [layer, version + 1 - after.get(layer, 0)],
                )
    if using == "default":
        shutil.rmtree(settings.NCC_TILE_CACHE_DIR, ignore_errors=True)


def _environment(using: str) -> dict[str, str]:
    """What libpq needs, by environment: a password on the command line is for all to see."""
    database = connections[using].settings_dict
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    given = {
        "PGHOST": database["HOST"], "PGPORT": database["PORT"], "PGUSER": database["USER"],
        "PGPASSWORD": database["PASSWORD"], "PGDATABASE": database["NAME"],
    }  # fmt: skip
    options = database.get("OPTIONS", {})
    for name in ("sslmode", "sslrootcert", "sslcert", "sslkey"):
        given[f"PG{name.upper()}"] = options.get(name, "")
    return {**kept, **{name: str(value) for name, value in given.items() if value}, "PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "ncc-geo backup"}  # fmt: skip


def _program(name: str, version: int) -> str:
    """The program of the server's major version, else a newer one, else the one on the PATH."""
    folder = Path("/usr/lib/postgresql")
    majors = sorted(int(p.name) for p in folder.glob("*") if p.name.isdigit())
    for major in majors:
        if major >= version and (folder / str(major) / "bin" / name).is_file():
            return str(folder / str(major) / "bin" / name)
    found = shutil.which(name)
    if found is None:
        raise Unavailable(
            f"there is no {name} for PostgreSQL {version}",
            remedy=f"install the package postgresql-client-{version}",
        )
    return found


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if "error" in line.lower()]
    return (wrong or lines or ["no reason given"])[0]


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read(100_000).decode("utf-8", "replace")
