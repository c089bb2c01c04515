"""The limit around the engine: hangs and breaks are refused at once, and pass by themselves."""

from __future__ import annotations

import importlib
import pkgutil
import threading
import time

import pytest

from layers.errors import Unavailable, Unroutable
from layers.network import watch
from layers.network.watch import EngineWatch
from tests.threads import until


def hang(gate: threading.Event) -> str:
    gate.wait(30)
    return "late"


def test_results_and_named_errors_come_through_and_do_not_pause() -> None:
    guard = EngineWatch()

    def nowhere() -> None:
        raise Unroutable("no road")

    assert guard.call(lambda: 7, limit_s=5) == 7
    with pytest.raises(Unroutable):
        guard.call(nowhere, limit_s=5)
    assert guard.working
    assert guard.call(lambda: 8, limit_s=5) == 8


def test_a_hang_is_refused_within_its_limit_then_at_once_and_passes_when_it_ends() -> None:
    guard, gate = EngineWatch(), threading.Event()
    with pytest.raises(Unavailable, match=r"within 0\.05 s"):
        guard.call(lambda: hang(gate), limit_s=0.05)
    assert guard.stuck == 1
    entered = []
    with pytest.raises(Unavailable, match="does not answer"):
        guard.call(lambda: entered.append(1), limit_s=5)
    assert entered == []
    gate.set()
    until(lambda: not guard.stuck)
    assert guard.stuck == 0
    assert guard.call(lambda: 9, limit_s=5) == 9


def test_after_the_pause_it_is_tried_again_though_one_call_still_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "PAUSE_S", 0.0)
    guard, gate = EngineWatch(), threading.Event()
    with pytest.raises(Unavailable):
        guard.call(lambda: hang(gate), limit_s=0.02)
    assert guard.call(lambda: 1, limit_s=5) == 1
    gate.set()


def test_calls_that_hang_for_good_make_the_process_ask_to_be_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "PAUSE_S", 0.0)
    monkeypatch.setattr(watch, "STUCK_S", -1.0)
    asked: list[float] = []
    guard, gate = EngineWatch(replace=lambda: asked.append(time.monotonic())), threading.Event()
    for _ in range(watch.MOST_STUCK):
        with pytest.raises(Unavailable):
            guard.call(lambda: hang(gate), limit_s=0.02)
    assert asked == []
    with pytest.raises(Unavailable, match="does not answer"):
        guard.call(lambda: 1, limit_s=5)
    assert len(asked) == 1
    gate.set()


def test_a_break_is_said_by_its_kind_and_pauses() -> None:
    guard = EngineWatch()

    def broken() -> None:
        raise IndexError("index 7 is out of bounds")

    with pytest.raises(Unavailable, match="IndexError") as caught:
        guard.call(broken, limit_s=5)
    assert isinstance(caught.value.__cause__, IndexError)
    assert not guard.working


def test_calls_are_served_by_the_same_thread_and_a_hung_one_is_left_alone() -> None:
    guard, gate = EngineWatch(), threading.Event()
    first = guard.call(threading.get_ident, limit_s=5)
    until(lambda: bool(guard._free))
    assert guard.call(threading.get_ident, limit_s=5) == first
    until(lambda: bool(guard._free))
    with pytest.raises(Unavailable):
        guard.call(lambda: hang(gate), limit_s=0.02)
    guard._paused_until = 0.0
    assert guard.call(threading.get_ident, limit_s=5) != first
    gate.set()
    until(lambda: len(guard._free) == 2)
    assert guard.stuck == 0


def test_many_at_once_all_come_back_and_few_threads_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "MOST_FREE", 3)
    guard, gate = EngineWatch(), threading.Barrier(10)
    found: list[int] = []

    def work(number: int) -> int:
        gate.wait(10)
        return number

    callers = [
        threading.Thread(target=lambda n=n: found.append(guard.call(lambda: work(n), limit_s=20)))
        for n in range(10)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(20)
    assert sorted(found) == list(range(10))
    until(lambda: len(guard._free) == 3)


def test_every_kernel_of_the_engine_lets_other_threads_run() -> None:
    # A kernel that holds the interpreter's lock would hang the limit together with itself.
    from layers.network import engine

    kernels = {}
    for module in pkgutil.iter_modules(engine.__path__):
        found = vars(importlib.import_module(f"{engine.__name__}.{module.name}"))
        kernels |= {n: k for n, k in found.items() if hasattr(k, "targetoptions")}
    assert len(kernels) > 10
    assert [name for name, kernel in kernels.items() if not kernel.targetoptions.get("nogil")] == []
