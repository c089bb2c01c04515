"""Fixtures every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real files beside the project; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared/data beside the project")
    return SHARED_DATA


@pytest.fixture(scope="session")
def project_root() -> Path:
    """Root of the checkout."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def _flush_empties_append_only_tables() -> Iterator[None]:
    """Tests that commit end by truncating every table; the history refuses that from anybody else."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    from layers.audit.triggers import APPEND_ONLY

    original = BaseDatabaseOperations.execute_sql_flush

    def flush(self: BaseDatabaseOperations, statements: list[str]) -> None:
        switch = "ALTER TABLE {} {} TRIGGER refuse_truncate"
        original(
            self,
            [
                *(switch.format(table, "DISABLE") for table in APPEND_ONLY),
                *statements,
                *(switch.format(table, "ENABLE") for table in APPEND_ONLY),
            ],
        )

    BaseDatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]
    yield
    BaseDatabaseOperations.execute_sql_flush = original  # type: ignore[method-assign]
