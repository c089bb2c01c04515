"""Unit statuses for tests that commit: whoever committed before has emptied the tables."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from layers.dispatch.models import UnitStatus


@pytest.fixture(autouse=True)
def _statuses(request: pytest.FixtureRequest, db: Any) -> None:
    if not UnitStatus.objects.exists():
        import_module("layers.migrations.0002_reference").load(apps, None)
