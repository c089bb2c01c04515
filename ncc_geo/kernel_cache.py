"""Where compiled kernels are kept: one folder for each state of their sources.

A compiled kernel names types by module and class. Read after an upgrade that moved one of them, it
fails; a folder of its own for each state of the sources makes that impossible.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

_PREFIX = "kernels-"


def _digest(root: Path) -> str:
    total = hashlib.sha256()
    for path in sorted((root / "layers").rglob("*.py")):
        text = path.read_bytes()
        if b"njit" in text:
            total.update(str(path.relative_to(root)).encode())
            total.update(text)
    return total.hexdigest()[:16]


def choose_kernel_cache(root: Path, var: Path) -> None:
    """Point NUMBA_CACHE_DIR at this source state's folder; folders of older states are removed.

    Must run before numba is imported.
    """
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or var / "numba")
    if base.name.startswith(_PREFIX):
        return
    folder = base / f"{_PREFIX}{_digest(root)}"
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        old = sorted(base.glob(f"{_PREFIX}*"), key=lambda path: path.stat().st_mtime)[:-2]
        for path in old:
            shutil.rmtree(path, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
