"""What migrations do not hold: triggers, functions, views, special indexes and grants, kept current."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.db import connections, transaction

#: Rooms hand in their statements here; each is safe to run again.
_PROVIDERS: list[Callable[[], list[str]]] = []


def provide_schema(provider: Callable[[], list[str]]) -> None:
    """Add a room's statements; they run in the order in which rooms are registered."""
    if provider not in _PROVIDERS:
        _PROVIDERS.append(provider)


def schema_apply(*, using: str, serving_role: str) -> bool:
    """Bring triggers, views and grants up to date; True when anything had to be done.

    The digest of all statements is kept as a comment on the schema's marker function, so that an
    unchanged schema takes no lock on any table.
    """
    statements = [statement for provider in _PROVIDERS for statement in provider()]
    digest = hashlib.sha256("\n".join([serving_role, *statements]).encode()).hexdigest()
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT obj_description(p.oid) FROM pg_proc p WHERE p.proname = 'layers_schema_digest'"
            " UNION ALL SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"
        )
        rows = [row[0] for row in cursor.fetchall()]
        stamp = f"{digest} {rows[-1]}"
        if len(rows) == 2 and rows[0] == stamp:
            return False
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ncc.serving_role', %s, true)", [serving_role])
        cursor.execute(
            "CREATE OR REPLACE FUNCTION layers_schema_digest() RETURNS void LANGUAGE sql AS ''"
        )
        for statement in statements:
            cursor.execute(statement)
        cursor.execute(f"COMMENT ON FUNCTION layers_schema_digest() IS '{stamp}'")
    return True
