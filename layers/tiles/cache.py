"""Cut tiles kept on disk, compressed, in folders that name layer, version and audience."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

#: Most bytes all cached tiles may take, and how many writes may pass between two looks.
MAX_BYTES = 512 * 1024 * 1024
WRITES_BETWEEN_LOOKS = 500
#: A folder of an older version is dropped when it is this old (seconds): requests may be under way.
OLD_AFTER_S = 60.0


class TileCache:
    """Bounded folder of tiles: `<layer>/<version>/<audience>/<z>/<x>/<y>`."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self._writes = 0
        self._lock = threading.Lock()

    def _path(self, layer: str, version: str, audience: str, z: int, x: int, y: int) -> Path:
        return self.folder / layer / version / audience / str(z) / str(x) / str(y)

    def get(self, layer: str, version: str, audience: str, z: int, x: int, y: int) -> bytes | None:
        """The compressed tile, or None."""
        try:
            return self._path(layer, version, audience, z, x, y).read_bytes()
        except OSError:
            return None

    def put(
        self, layer: str, version: str, audience: str, z: int, x: int, y: int, body: bytes
    ) -> None:
        """Keep a compressed tile; a full or read-only disk costs speed, never an answer."""
        path = self._path(layer, version, audience, z, x, y)
        with contextlib.suppress(OSError):
            is_new_version = not (self.folder / layer / version).exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            os.replace(name, path)
            if is_new_version:
                self._drop_other_versions(layer, version)
        with self._lock:
            self._writes += 1
            look = self._writes % WRITES_BETWEEN_LOOKS == 1
        if look:
            self.shrink()

    def _drop_other_versions(self, layer: str, version: str) -> None:
        now = time.time()
        for folder in (self.folder / layer).iterdir():
            if folder.name != version and now - folder.stat().st_mtime > OLD_AFTER_S:
                shutil.rmtree(folder, ignore_errors=True)

    def shrink(self) -> int:
        """Delete the oldest tiles until the cache is below nine tenths of its bound; bytes left."""
        files = []
        for folder, _folders, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):
                    stat = os.stat(path)
                    files.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _at, size, _path in files)
        if total <= self.max_bytes:
            return total
        files.sort()
        for _at, size, path in files:
            if total <= self.max_bytes * 0.9:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
                total -= size
        return total
