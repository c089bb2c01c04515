"""The siting problem as data: candidates, options, demand, money and limits, checked on entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from layers.errors import Infeasible, InvalidInput

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Sums of whole rupiah must stay exact in a 64-bit integer.
MAX_TOTAL_IDR = 2**62


@dataclass(frozen=True, eq=False)
class CoverageProblem:
    """Budgeted maximal coverage with a fixed charge for each site (Church & ReVelle 1974,
    doi:10.1007/BF01942293; fixed charges as in Khuller, Moss & Naor 1999,
    doi:10.1016/S0020-0190(99)00031-9). The formulation is in docs/siting.md.

    `covers[c, i]` is true where camera option `c` sees demand point `i` at the wanted level; points
    that existing cameras see already are left out by the caller. Shapes: `covers` options × points
    (any scipy sparse matrix, kept as CSR), `weights` points (≥ 0), `option_site` options (index of
    the site), `option_cost_idr` options and `site_cost_idr` sites (whole rupiah, ≥ 0).

    `budget_idr` and `max_sites` are upper limits (≤) and may be given together. `cameras_per_site`
    is the most cameras on one pole, `site_cameras` that of each site where they differ.
    `required_sites` get at least one camera, `forbidden_sites` none. `backup_share` in [0, 1] is
    the part of a weight earned once more when a second site sees the point; `backup_weights` gives
    what the second site earns point by point instead (≤ `weights`). `site_ids` and `option_ids` name the rows and decide ties (lowest first); by default
    their positions.

    Raises InvalidInput for anything that cannot be meant; feasibility is checked when solving.
    """

    covers: Any
    weights: FloatArray
    option_site: IntArray
    site_cost_idr: IntArray
    option_cost_idr: IntArray
    budget_idr: int | None = None
    max_sites: int | None = None
    cameras_per_site: int = 4
    required_sites: Sequence[int] = ()
    forbidden_sites: Sequence[int] = ()
    backup_share: float = 0.0
    site_cameras: IntArray | None = None
    backup_weights: FloatArray | None = None
    site_ids: Sequence[Any] | None = None
    option_ids: Sequence[Any] | None = None
    site_rank: IntArray = field(init=False, repr=False)
    option_rank: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "covers", _checked_matrix(self.covers))
        options, points = self.covers.shape
        put(self, "weights", _checked_weights(self.weights, points))
        put(self, "site_cost_idr", _checked_money(self.site_cost_idr, "site_cost_idr", None))
        put(
            self,
            "option_cost_idr",
            _checked_money(self.option_cost_idr, "option_cost_idr", options),
        )
        sites = len(self.site_cost_idr)
        put(self, "option_site", _checked_indices(self.option_site, "option_site", sites))
        if len(self.option_site) != options:
            raise InvalidInput(
                "option_site must name one site for each camera option",
                value=len(self.option_site),
                where="option_site",
                remedy=f"give {options} values",
            )
        total_idr = sum(map(int, self.site_cost_idr)) + sum(map(int, self.option_cost_idr))
        if total_idr > MAX_TOTAL_IDR:
            raise InvalidInput("costs add up beyond what can be counted", value=total_idr)
        put(self, "budget_idr", _checked_limit(self.budget_idr, "budget_idr"))
        put(self, "max_sites", _checked_limit(self.max_sites, "max_sites"))
        cameras = _checked_limit(self.cameras_per_site, "cameras_per_site")
        if not cameras:
            raise InvalidInput("cameras_per_site must be at least 1", value=self.cameras_per_site)
        for name in ("required_sites", "forbidden_sites"):
            put(self, name, np.unique(_checked_indices(getattr(self, name), name, sites)))
        if not 0.0 <= float(self.backup_share) <= 1.0:
            raise InvalidInput(
                "backup_share must lie between 0 and 1",
                value=self.backup_share,
                where="backup_share",
            )
        if self.site_cameras is not None:
            put(self, "site_cameras", _checked_cameras(self.site_cameras, sites))
        if self.backup_weights is not None:
            second = _checked_weights(self.backup_weights, points)
            if (second > self.weights).any():
                raise InvalidInput(
                    "a second site cannot earn more at a point than the first",
                    value=float((second - self.weights).max()),
                    where="backup_weights",
                )
            put(self, "backup_weights", second)
        put(self, "site_rank", _ranks(self.site_ids, sites, "site_ids"))
        put(self, "option_rank", _ranks(self.option_ids, options, "option_ids"))

    @property
    def n_sites(self) -> int:
        """Number of candidate sites."""
        return len(self.site_cost_idr)

    @property
    def n_options(self) -> int:
        """Number of camera options over all sites."""
        return int(self.covers.shape[0])

    @property
    def n_points(self) -> int:
        """Number of demand points."""
        return int(self.covers.shape[1])

    @property
    def second_weights(self) -> FloatArray:
        """What the second site that sees a point earns, one a point."""
        if self.backup_weights is not None:
            return self.backup_weights
        return self.weights * self.backup_share

    @property
    def most_cameras(self) -> IntArray:
        """Most cameras of each site."""
        if self.site_cameras is not None:
            return self.site_cameras
        return np.full(self.n_sites, self.cameras_per_site, dtype=np.int64)

    def label(self, site: int) -> str:
        """The name of a site as the caller knows it."""
        return str(self.site_ids[site]) if self.site_ids is not None else str(site)

    def cost_idr(self, options: Sequence[int] | IntArray) -> int:
        """Price in whole rupiah of building these options: each site once, each camera once."""
        chosen = np.asarray(options, dtype=np.int64)
        sites = np.unique(self.option_site[chosen])
        return sum(map(int, self.site_cost_idr[sites])) + sum(
            map(int, self.option_cost_idr[chosen])
        )


def check_feasible(problem: CoverageProblem) -> None:
    """Raise Infeasible, with the numbers, where the required sites cannot all be built.

    Any other set of limits has at least one answer: the required sites alone.
    """
    both = np.intersect1d(problem.required_sites, problem.forbidden_sites)
    if len(both):
        names = ", ".join(problem.label(int(s)) for s in both[:5])
        raise Infeasible(
            f"{len(both)} of the sites are both required and forbidden: {names}",
            value=[problem.label(int(s)) for s in both],
            where="required and forbidden sites",
            remedy="take each of them off one of the two lists",
        )
    bare = np.setdiff1d(problem.required_sites, problem.option_site)
    if len(bare):
        names = ", ".join(problem.label(int(s)) for s in bare[:5])
        raise Infeasible(
            f"{len(bare)} required sites have no camera option to mount: {names}",
            value=[problem.label(int(s)) for s in bare],
            where="required sites",
            remedy="add a heading and model for them or release them",
        )
    count = len(problem.required_sites)
    if problem.max_sites is not None and count > problem.max_sites:
        raise Infeasible(
            f"{count} sites are required but at most {problem.max_sites} may be built",
            value=count,
            where="required sites",
            remedy=f"allow at least {count} sites or release {count - problem.max_sites}",
        )
    if problem.budget_idr is None:
        return
    cheapest = cheapest_options(problem)
    need = problem.cost_idr(cheapest[problem.required_sites])
    if need > problem.budget_idr:
        raise Infeasible(
            f"the {count} required sites cost at least Rp {need} but the budget is"
            f" Rp {problem.budget_idr}",
            value=need,
            where="required sites",
            remedy=f"raise the budget by Rp {need - problem.budget_idr} or release some of them",
        )


def cheapest_options(problem: CoverageProblem) -> IntArray:
    """For each site its cheapest camera option (ties by id), −1 where it has none."""
    order = np.lexsort((problem.option_rank, problem.option_cost_idr))[::-1]
    cheapest = np.full(problem.n_sites, -1, dtype=np.int64)
    cheapest[problem.option_site[order]] = order
    return cheapest


def _checked_matrix(covers: Any) -> Any:
    if not sparse.issparse(covers):
        raise InvalidInput(
            "covers must be a scipy sparse matrix of options × points",
            value=type(covers).__name__,
            where="covers",
        )
    matrix = sparse.csr_matrix(covers, dtype=bool)
    if not matrix.has_canonical_format:
        matrix.sum_duplicates()
    if matrix.nnz and not matrix.data.all():
        matrix.eliminate_zeros()
    return matrix


def _checked_weights(weights: Any, points: int) -> FloatArray:
    try:
        values = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput("a weight is missing or no number", where="weights") from error
    if values.shape != (points,):
        raise InvalidInput(
            "there must be one weight for each demand point",
            value=values.shape,
            where="weights",
            remedy=f"give {points} values",
        )
    for bad, what in (
        (~np.isfinite(values), "missing or not finite"),
        (values < 0, "negative"),
    ):
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise InvalidInput(
                f"{int(bad.sum())} weights are {what}; the first is {values[first]} of point {first}",
                value=float(values[first]),
                where="weights",
                remedy="give every demand point a weight of 0 or more",
            )
    if not np.isfinite(values.sum()):
        raise InvalidInput("the weights add up to more than a number can hold", where="weights")
    return values


def _checked_money(values: Any, name: str, count: int | None) -> IntArray:
    money = np.asarray(values)
    if money.size == 0:
        money = money.astype(np.int64)
    if (
        money.ndim != 1
        or money.dtype.kind not in "iu"
        or (count is not None and len(money) != count)
    ):
        raise InvalidInput(
            f"{name} must be whole rupiah, one for each",
            value=f"{money.dtype} {money.shape}",
            where=name,
        )
    if (money < 0).any() or (money.dtype.kind == "u" and (money > MAX_TOTAL_IDR).any()):
        raise InvalidInput(f"{name} holds a price out of range", value=int(money.min()), where=name)
    return money.astype(np.int64)


def _checked_cameras(values: Any, sites: int) -> IntArray:
    cameras = np.asarray(values)
    if cameras.shape != (sites,) or (sites and cameras.dtype.kind not in "iu"):
        raise InvalidInput(
            "site_cameras must be whole numbers, one for each site",
            value=f"{cameras.dtype} {cameras.shape}",
            where="site_cameras",
        )
    if sites and cameras.min() < 1:
        raise InvalidInput("site_cameras must be at least 1", value=int(cameras.min()))
    return cameras.astype(np.int64)


def _checked_indices(values: Any, name: str, count: int) -> IntArray:
    indices = np.asarray(values)
    if indices.size == 0:
        return np.empty(0, dtype=np.int64)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise InvalidInput(f"{name} must be site positions", value=str(indices.dtype), where=name)
    if indices.min() < 0 or indices.max() >= count:
        raise InvalidInput(
            f"{name} names a site that is not there",
            value=int(indices.max() if indices.max() >= count else indices.min()),
            where=name,
            remedy=f"sites are 0 to {count - 1}",
        )
    return indices.astype(np.int64)


def _checked_limit(value: Any, name: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise InvalidInput(f"{name} must be a whole number", value=value, where=name)
    if value < 0 or value > MAX_TOTAL_IDR:
        raise InvalidInput(f"{name} is out of range", value=int(value), where=name)
    return int(value)


def _ranks(ids: Sequence[Any] | None, count: int, name: str) -> IntArray:
    if ids is None:
        return np.arange(count, dtype=np.int64)
    if len(ids) != count:
        raise InvalidInput(f"{name} must have {count} entries", value=len(ids), where=name)
    try:
        order = sorted(range(count), key=ids.__getitem__)
    except TypeError as error:
        raise InvalidInput(f"{name} cannot be put in order", where=name) from error
    for before, after in pairwise(order):
        if ids[before] == ids[after]:
            raise InvalidInput(f"{name} repeats an id", value=ids[before], where=name)
    rank = np.empty(count, dtype=np.int64)
    rank[order] = np.arange(count)
    return rank
