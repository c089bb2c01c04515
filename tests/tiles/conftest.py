"""Tiles are cut fresh in every test: own cache folder, no remembered versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layers.catalog.versions import forget_versions
from layers.tiles.clusters import forget_built


@pytest.fixture(autouse=True)
def _fresh_tiles(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.NCC_TILE_CACHE_DIR = tmp_path / "tiles"
    forget_versions()
    forget_built()
    yield
    forget_versions()
    forget_built()
