"""Compiled kernels: the grid of buildings, sight lines, the angular sweep and its rings."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path


def _forget_stale_kernels(folder: Path) -> None:
    """Drop compiled kernels when any source of this folder has changed since.

    The compiler's cache watches the file of a function alone, not the files of those it calls,
    and would go on running the old ones.
    """
    digest = hashlib.sha256()
    for source in sorted(folder.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    cache = folder / "__pycache__"
    stamp = cache / "kernels.sha256"
    with contextlib.suppress(OSError):
        if stamp.is_file() and stamp.read_text() == digest.hexdigest():
            return
        for kind in ("*.nbi", "*.nbc"):
            for compiled in cache.glob(kind):
                compiled.unlink(missing_ok=True)
        cache.mkdir(exist_ok=True)
        stamp.write_text(digest.hexdigest())


_forget_stale_kernels(Path(__file__).resolve().parent)
