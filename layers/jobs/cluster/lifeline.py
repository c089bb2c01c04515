"""Processes that end when their parent does (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent(*, parent_pid: int | None = None) -> None:
    """Have the kernel kill this process the moment its parent dies, kill -9 included.

    With `parent_pid`, a parent that died before the call is noticed too.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if parent_pid is not None and os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)
