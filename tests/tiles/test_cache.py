"""The tile cache stays within its bound and forgets old versions."""

from __future__ import annotations

import os
import time
from pathlib import Path

from layers.tiles.cache import TileCache


def test_the_oldest_tiles_go_first(tmp_path: Path) -> None:
    cache = TileCache(tmp_path, max_bytes=10_000)
    for number in range(20):
        cache.put("cctv", "1", "public", 5, number, 0, bytes(1000))
        os.utime(tmp_path / "cctv/1/public/5" / str(number) / "0", (number, number))
    assert cache.shrink() <= 9_000
    assert cache.get("cctv", "1", "public", 5, 0, 0) is None
    assert cache.get("cctv", "1", "public", 5, 19, 0) == bytes(1000)


def test_a_new_version_removes_the_old_folder(tmp_path: Path) -> None:
    cache = TileCache(tmp_path)
    cache.put("cctv", "1", "public", 0, 0, 0, b"old")
    long_ago = time.time() - 3600
    os.utime(tmp_path / "cctv/1", (long_ago, long_ago))
    cache.put("cctv", "2", "public", 0, 0, 0, b"new")
    assert not (tmp_path / "cctv/1").exists()
    assert cache.get("cctv", "2", "public", 0, 0, 0) == b"new"


def test_a_folder_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = TileCache(blocked)
    cache.put("cctv", "1", "public", 0, 0, 0, b"tile")
    assert cache.get("cctv", "1", "public", 0, 0, 0) is None
