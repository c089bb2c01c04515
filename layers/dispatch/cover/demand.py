"""Where the demand of streets comes from: handed in by a room above, none until then."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

#: Middles (n, 2) in degrees and lengths (n,) in metres of street pieces to their demand (n,).
DemandSource = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]

_source: DemandSource | None = None


def demand_from(source: DemandSource | None) -> None:
    """Take the demand of street pieces from this function."""
    global _source
    _source = source


def demand_known() -> bool:
    """Whether a room has said where demand comes from."""
    return _source is not None


def demand_of(
    lonlat: NDArray[np.float64], length_m: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Demand of street pieces, or None where no room has said where it comes from."""
    return None if _source is None else _source(lonlat, length_m)
