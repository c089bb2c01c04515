"""The solver's kernels are compiled before any test, so that no time limit pays for it."""

from __future__ import annotations

import pytest

from layers.coverage.siting import warm_up


@pytest.fixture(scope="session", autouse=True)
def _compiled() -> None:
    warm_up()
