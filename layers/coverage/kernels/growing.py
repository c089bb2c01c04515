"""Compiled arrays that grow: the same content in twice the room."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def grown(array: Any, used: int, least: int) -> Any:
    """A one-dimensional array of at least `least` and twice the size, its first `used` kept."""
    more = np.empty(max(2 * array.size, least), dtype=array.dtype)
    for i in range(used):
        more[i] = array[i]
    return more


@njit(cache=True, nogil=True, error_model="numpy")
def grown_rows(array: Any, used: int, least: int) -> Any:
    """A two-dimensional array of at least `least` and twice the rows, its first `used` kept."""
    more = np.empty((max(2 * array.shape[0], least), array.shape[1]), dtype=array.dtype)
    for i in range(used):
        for j in range(array.shape[1]):
            more[i, j] = array[i, j]
    return more
