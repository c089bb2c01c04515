"""Doing things at the same moment, each on a database connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from django.apps import apps
from django.db import connections


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all at once; the result of each in order, or the exception it raised."""
    barrier = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(index: int, work: Callable[[], Any]) -> None:
        try:
            barrier.wait(60)
            results[index] = work()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "a thread hangs"
    return results


def until(condition: Callable[[], bool], *, limit_s: float = 5.0) -> None:
    """Wait until a condition holds; fails the test when it does not in time."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < limit_s, "it did not come about in time"
        time.sleep(0.005)


def load_reference() -> None:
    """The rows that migrations bring; tests that commit begin without them."""
    import_module("layers.migrations.0002_reference").load(apps, None)
