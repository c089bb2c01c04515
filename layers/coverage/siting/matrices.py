"""Sparse cover matrices: their parts as kernels want them, transposes, counts, hash keys, subsets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from layers.coverage.siting.problem import IntArray


def csr_parts(matrix: Any) -> tuple[IntArray, NDArray[np.int32]]:
    """Row starts (int64) and column indices (int32) of a CSR matrix, as the kernels want them."""
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32, copy=False)


def hash_keys(count: int) -> NDArray[np.uint64]:
    """Fixed pseudo-random 64-bit keys (splitmix64, Steele, Lea & Flood 2014,
    doi:10.1145/2660193.2660195)."""
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def column_counts(covers: Any) -> IntArray:
    """How many rows each column has."""
    return np.asarray(_counted(covers.indices, covers.shape[1]))


@njit(cache=True, nogil=True)
def _counted(indices, columns):  # type: ignore[no-untyped-def]
    """How often each column occurs, without the wider copy that numpy's own count takes."""
    out = np.zeros(columns, dtype=np.int64)
    for k in indices:
        out[k] += 1
    return out


def transposed(matrix: Any) -> Any:
    """CSR of the transpose, its rows sorted."""
    flipped = sparse.csr_matrix(matrix.T.tocsr())
    flipped.sort_indices()
    return flipped


@njit(cache=True, nogil=True)
def contains(indptr, indices, b, a):  # type: ignore[no-untyped-def]
    """Whether sorted row `b` holds every column of sorted row `a`."""
    j = indptr[b]
    for k in range(indptr[a], indptr[a + 1]):
        while j < indptr[b + 1] and indices[j] < indices[k]:
            j += 1
        if j >= indptr[b + 1] or indices[j] != indices[k]:
            return False
    return True
