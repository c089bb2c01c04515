"""Looks into the database that DATABASE_URL names, for the scripts in bin/, before Django starts."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

WAIT_S = 10


def connect(url: str) -> psycopg.Connection:
    """Connection to the database; waits up to WAIT_S for a server that is just starting."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            return psycopg.connect(url, autocommit=True, connect_timeout=5)
        except psycopg.OperationalError as error:
            words = str(error).strip().splitlines()[0]
            starting = "starting up" in words or "shutting down" in words
            if not starting or time.monotonic() > deadline:
                raise SystemExit(
                    f"error: the database of DATABASE_URL does not answer: {words}"
                ) from error
            time.sleep(0.2)


def applied(url: str) -> str:
    """Short digest of the migrations the database has, `none` when it has none."""
    with connect(url) as connection:
        if connection.execute("SELECT to_regclass('django_migrations')").fetchone() == (None,):
            return "none"
        rows = connection.execute(
            "SELECT app, name FROM django_migrations ORDER BY 1, 2"
        ).fetchall()
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def with_credentials(url: str, user: str, password: str) -> str:
    """The same address for another role."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    credentials = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{place}"))


def can_connect(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def prepare(url: str, app_password: str) -> str:
    """Makes PostGIS and the serving role where it may; returns the address of that role."""
    with connect(url) as connection:
        name = connection.info.dbname
        role = f"{name}_app"
        app_url = with_credentials(url, role, app_password)
        if can_connect(app_url):
            return app_url
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        except psycopg.Error as error:
            raise SystemExit(
                f"error: the database {name} has no PostGIS and this role may not add it; "
                "ask its administrator for: CREATE EXTENSION postgis"
            ) from error
        try:
            found = connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [role]
            ).fetchone()
            verb = "ALTER" if found else "CREATE"
            statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                sql.SQL(verb), sql.Identifier(role), sql.Literal(app_password)
            )
            connection.execute(statement)
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(role)
                )
            )
        except psycopg.Error:
            sys.stderr.write(
                f"warning: the role {role} could not be made, so one role owns the tables and "
                "serves the pages; set NCC_DATABASE_APP_URL to a role that owns nothing\n"
            )
            return url
    return app_url


def main() -> None:
    # GeoDjango writes postgis://, libpq knows postgresql:// only.
    url = os.environ["DATABASE_URL"].replace("postgis://", "postgresql://", 1)
    if sys.argv[1] == "applied":
        answer = applied(url)
    else:
        answer = prepare(url, os.environ["NCC_APP_PASSWORD"])
    sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    main()
