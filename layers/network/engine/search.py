"""Shortest times on the turn-expanded graph: one compiled Dijkstra for both directions of search.

Dijkstra (1959, 10.1007/BF01386390) with a circle of buckets for a queue (Dial 1969,
10.1145/363269.363610), each bucket worked until it is empty as in Δ-stepping (Meyer & Sanders 2003,
10.1016/S0196-6774(03)00076-2): the times are exact, whatever the width of a bucket.
Towards a point (reverse) the label of a state is the time from the head of its edge to the point;
away from a point (forward) it is the time from the point to the tail of its edge. Both obey
label[n] = label[e] + time[e] + turn(e, n), over the previous or the next states respectively.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

INF = np.inf
#: Buckets in the circle (a power of two), and the least width of one, seconds.
BUCKETS = 4096
MIN_BUCKET_S = 0.5
#: Where no unit is attached to an edge, or nothing more in a chain.
NONE = -1


@njit(cache=True, nogil=True)
def _keep_best(best_s, best_unit, size, unit, eta_s):  # type: ignore[no-untyped-def]
    """Put a unit's better time in its place among the best; returns how many are held."""
    at = size
    for i in range(size):
        if best_unit[i] == unit:
            at = i
            break
    if at == size:
        if size == len(best_s):
            if eta_s >= best_s[size - 1]:
                return size
            at = size - 1
        else:
            size += 1
    while at > 0 and best_s[at - 1] > eta_s:
        best_s[at], best_unit[at] = best_s[at - 1], best_unit[at - 1]
        at -= 1
    best_s[at], best_unit[at] = eta_s, unit
    return size


@njit(cache=True, nogil=True)
def dijkstra(  # type: ignore[no-untyped-def]
    offset, adjacent, state_edge, time_s, closed, u_turn_s, bucket_s,
    seed_state, seed_s, limit_s,
    first_seat, seat_next, seat_unit, seat_rest_s, unit_s, unit_seat, count,
    label, came, in_bucket, after, before, head, touched,
):  # fmt: skip
    """Label states in order of time; returns how many states were touched.

    Seeds are states with the seconds already spent when they are left. Seats are where units stand:
    `first_seat[edge]` heads a chain by `seat_next`; a seat adds `seat_rest_s` to its state's label.
    `unit_s` and `unit_seat` receive each unit's least time and its seat. Stops when `count` units
    have times that no label yet to come can beat; labels above `limit_s` are not given. A closed
    edge receives a label and passes nothing on. No step may take longer than the circle of
    buckets, len(head) · `bucket_s`, goes round.
    """
    around = len(head) - 1
    touched_n = 0
    waiting = 0
    best_s = np.empty(max(count, 1), dtype=np.float64)
    best_unit = np.empty(max(count, 1), dtype=np.int32)
    held = 0
    for unit in range(len(unit_s)):
        if unit_s[unit] < INF and count > 0:
            held = _keep_best(best_s, best_unit, held, unit, unit_s[unit])
    for seed in range(len(seed_state)):
        state = seed_state[seed]
        edge = state_edge[state]
        for i in range(offset[state], offset[state + 1]):
            other = adjacent[i]
            other_edge = state_edge[other]
            if not time_s[other_edge] < INF:
                continue
            value = seed_s[seed]
            if other_edge ^ 1 == edge:
                value += u_turn_s
            if value < label[other] and value <= limit_s:
                if label[other] == INF:
                    touched[touched_n] = other
                    touched_n += 1
                label[other] = value
                came[other] = -2 - seed
                bucket = int(value / bucket_s) & around
                old_bucket = in_bucket[other]
                if old_bucket >= 0:
                    previous, following = before[other], after[other]
                    if previous >= 0:
                        after[previous] = following
                    else:
                        head[old_bucket] = following
                    if following >= 0:
                        before[following] = previous
                    waiting -= 1
                following = head[bucket]
                in_bucket[other], before[other], after[other] = bucket, NONE, following
                if following >= 0:
                    before[following] = other
                head[bucket] = other
                waiting += 1
    turn = 0
    while waiting > 0:
        if count > 0 and held == count and turn * bucket_s > best_s[count - 1]:
            break
        now = turn & around
        while head[now] >= 0:
            state = head[now]
            following = after[state]
            head[now] = following
            if following >= 0:
                before[following] = NONE
            in_bucket[state] = NONE
            waiting -= 1
            edge = state_edge[state]
            now_s = label[state]
            if state == edge:
                seat = first_seat[edge]
                while seat != NONE:
                    eta_s = now_s + seat_rest_s[seat]
                    unit = seat_unit[seat]
                    if eta_s < unit_s[unit]:
                        unit_s[unit] = eta_s
                        unit_seat[unit] = seat
                        if count > 0:
                            held = _keep_best(best_s, best_unit, held, unit, eta_s)
                    seat = seat_next[seat]
            through_s = now_s + time_s[edge]
            if closed[edge] != 0 or through_s > limit_s:
                continue
            for i in range(offset[state], offset[state + 1]):
                other = adjacent[i]
                other_edge = state_edge[other]
                value = through_s
                if other_edge ^ 1 == edge:
                    value += u_turn_s
                old = label[other]
                if value < old and value <= limit_s and time_s[other_edge] < INF:
                    if old == INF:
                        touched[touched_n] = other
                        touched_n += 1
                    label[other] = value
                    came[other] = state
                    bucket = int(value / bucket_s) & around
                    # Moving from bucket to bucket is written out: a call would cost more than all.
                    old_bucket = in_bucket[other]
                    if old_bucket >= 0:
                        previous, following = before[other], after[other]
                        if previous >= 0:
                            after[previous] = following
                        else:
                            head[old_bucket] = following
                        if following >= 0:
                            before[following] = previous
                        waiting -= 1
                    following = head[bucket]
                    in_bucket[other], before[other], after[other] = bucket, NONE, following
                    if following >= 0:
                        before[following] = other
                    head[bucket] = other
                    waiting += 1
        turn += 1
    return touched_n


@njit(cache=True, nogil=True)
def _seat_chains(edge, first_seat, seat_next):  # type: ignore[no-untyped-def]
    for seat in range(len(edge)):
        seat_next[seat] = first_seat[edge[seat]]
        first_seat[edge[seat]] = seat


@njit(cache=True, nogil=True)
def _reset(label, came, in_bucket, head, touched, touched_n):  # type: ignore[no-untyped-def]
    for i in range(touched_n):
        state = touched[i]
        label[state] = INF
        came[state] = NONE
        if in_bucket[state] >= 0:
            head[in_bucket[state]] = NONE
            in_bucket[state] = NONE


@njit(cache=True, nogil=True)
def _chain(came, state, out):  # type: ignore[no-untyped-def]
    """States from `state` on to a seed; returns how many, the last value of `came` stays outside."""
    count = 0
    while state >= 0:
        out[count] = state
        count += 1
        state = came[state]
    return count, -2 - state


@njit(cache=True, nogil=True)
def reachable(offset, adjacent, state_edge, time_s, start):  # type: ignore[no-untyped-def]
    """Mask over states of what can be reached from a state along usable edges, itself included."""
    seen = np.zeros(len(state_edge), dtype=np.bool_)
    stack = np.empty(len(state_edge), dtype=np.int32)
    stack[0] = start
    seen[start] = True
    size = 1
    while size > 0:
        size -= 1
        state = stack[size]
        for i in range(offset[state], offset[state + 1]):
            other = adjacent[i]
            if not seen[other] and time_s[state_edge[other]] < INF:
                seen[other] = True
                stack[size] = other
                size += 1
    return seen


class Workspace:
    """Scratch arrays of one search over S states; belongs to one thread while in use."""

    def __init__(self, states: int) -> None:
        self.label = np.full(states, INF)
        self.came = np.full(states, NONE, dtype=np.int32)
        self.in_bucket = np.full(states, NONE, dtype=np.int32)
        self.after = np.empty(states, dtype=np.int32)
        self.before = np.empty(states, dtype=np.int32)
        self.head = np.full(BUCKETS, NONE, dtype=np.int32)
        self.touched = np.empty(states, dtype=np.int32)
        self.first_seat = np.full(states, NONE, dtype=np.int32)
        self.touched_n = 0

    def labels(self) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """States that received a label, and the labels in seconds (final where settled)."""
        states = self.touched[: self.touched_n].copy()
        return states, self.label[states]

    def chain(self, state: int) -> tuple[NDArray[np.int32], int]:
        """States from `state` to the seed that its label came from, and which seed that was."""
        # Touched states are the only ones a chain can hold, so this is room enough.
        out = np.empty(self.touched_n, dtype=np.int32)
        count, seed = _chain(self.came, state, out)
        return out[:count], int(seed)

    def reset(self) -> None:
        """Make ready for the next search, at the cost of what the last one touched."""
        _reset(self.label, self.came, self.in_bucket, self.head, self.touched, self.touched_n)
        self.touched_n = 0


class WorkspacePool:
    """Workspaces for any number of threads; keeps those that come back."""

    def __init__(self, states: int) -> None:
        self._states = states
        self._free: deque[Workspace] = deque()

    def take(self) -> Workspace:
        """A clean workspace."""
        try:
            return self._free.pop()
        except IndexError:
            return Workspace(self._states)

    def give_back(self, workspace: Workspace) -> None:
        """Clean a workspace and keep it for the next search."""
        workspace.reset()
        self._free.append(workspace)


@dataclass(frozen=True)
class Seats:
    """Where units stand: seat i lets unit `unit[i]` start on `edge[i]` with `rest_s[i]` left on it."""

    edge: NDArray[np.int32]
    unit: NDArray[np.int32]
    rest_s: NDArray[np.float64]


NO_SEATS = Seats(
    np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float64)
)


@dataclass(frozen=True)
class Tables:
    """One direction of transitions with the costs of one vehicle: what a search runs on."""

    offset: NDArray[np.int64]
    adjacent: NDArray[np.int32]
    state_edge: NDArray[np.int32]
    time_s: NDArray[np.float64]
    u_turn_s: float

    @cached_property
    def bucket_s(self) -> float:
        """Width of a bucket: no step of the search goes round the whole circle of them."""
        usable = self.time_s[np.isfinite(self.time_s)]
        longest_s = float(usable.max(initial=0.0)) + self.u_turn_s
        return max(longest_s / (BUCKETS - 4), MIN_BUCKET_S)


def run(
    workspace: Workspace,
    tables: Tables,
    closed: NDArray[np.uint8],
    seed_state: NDArray[np.int32],
    seed_s: NDArray[np.float64],
    *,
    unit_s: NDArray[np.float64],
    seats: Seats = NO_SEATS,
    count: int = 0,
    limit_s: float = INF,
) -> NDArray[np.int32]:
    """One search; lowers `unit_s` (U,) in place and returns the seat used by each unit (-1: none).

    `unit_s` holds what is known beforehand (inf, or the time of a unit on the point's own edge).
    With `count` > 0 it stops as soon as that many soonest units are certain.
    """
    seat_next = np.full(len(seats.edge), NONE, dtype=np.int32)
    first = workspace.first_seat
    _seat_chains(seats.edge, first, seat_next)
    unit_seat = np.full(len(unit_s), NONE, dtype=np.int32)
    try:
        workspace.touched_n = dijkstra(
            tables.offset, tables.adjacent, tables.state_edge, tables.time_s, closed,
            tables.u_turn_s, tables.bucket_s, seed_state, seed_s, limit_s,
            first, seat_next, seats.unit, seats.rest_s, unit_s, unit_seat, min(count, len(unit_s)),
            workspace.label, workspace.came, workspace.in_bucket, workspace.after,
            workspace.before, workspace.head, workspace.touched,
        )  # fmt: skip
    finally:
        first[seats.edge] = NONE
    return unit_seat
