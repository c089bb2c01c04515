"""Compiling kernels once on a machine, whoever comes first."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def compiling() -> Iterator[None]:
    """Hold the machine's turn to compile; others wait and then find the kernels in the cache.

    The lock lies in the folder of compiled kernels and falls with its process.
    """
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or tempfile.gettempdir())
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".compiling").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
