"""Which parts of the network hang together, for a vehicle and for the eye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.network.engine.graph import Graph
from layers.network.engine.search import Tables, reachable

#: Starting edges tried before the largest part found is taken for the main one.
MAX_TRIES = 40


@dataclass(frozen=True)
class Components:
    """Parts of the network, directions ignored; `largest_share` is of the total length."""

    count: int
    largest_share: float
    length_m: float


@njit(cache=True, nogil=True)
def _roots(node_a, node_b, nodes):  # type: ignore[no-untyped-def]
    parent = np.arange(nodes)
    for link in range(len(node_a)):
        a, b = node_a[link], node_b[link]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[max(a, b)] = min(a, b)
    for node in range(nodes):
        root = node
        while parent[root] != root:
            root = parent[root]
        parent[node] = root
    return parent


def components(graph: Graph) -> Components:
    """Connected parts of the network by shared junctions (union-find, Tarjan 1975)."""
    roots = _roots(graph.node_a, graph.node_b, len(graph.node_lonlat))
    of_link = roots[graph.node_a]
    length = np.bincount(of_link, weights=graph.length_m)
    total = float(graph.length_m.sum())
    return Components(len(np.unique(of_link)), float(length.max()) / total, total)


def main_network(forth: Tables, back: Tables) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks (L,) of the links that the main network reaches, and of those that reach it.

    The main network is the largest strongly connected set of states that random starts (fixed seed)
    find; a start that finds more than half of all usable states ends the search.
    """
    usable = np.flatnonzero(np.isfinite(forth.time_s)).astype(np.int32)
    links = len(forth.time_s) // 2
    arrive = np.zeros(links, dtype=np.bool_)
    depart = np.zeros(links, dtype=np.bool_)
    if not len(usable):
        return arrive, depart
    best = -1
    seen = np.zeros(len(forth.state_edge), dtype=np.bool_)
    for start in np.random.default_rng(0).permutation(usable)[:MAX_TRIES]:
        if seen[start]:
            continue
        after = reachable(forth.offset, forth.adjacent, forth.state_edge, forth.time_s, start)
        before = reachable(back.offset, back.adjacent, back.state_edge, back.time_s, start)
        both = after & before
        seen |= both
        size = int(both.sum())
        if size > best:
            best = size
            arrive, depart = _links_of(after, forth, links), _links_of(before, forth, links)
        if 2 * size > len(usable):
            break
    return arrive, depart


def _links_of(states: NDArray[np.bool_], tables: Tables, links: int) -> NDArray[np.bool_]:
    mask = np.zeros(links, dtype=np.bool_)
    mask[tables.state_edge[states] >> 1] = True
    return mask
