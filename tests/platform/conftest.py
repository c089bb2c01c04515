"""An instance of its own in a temporary folder, driven through the scripts in bin/ alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Instance:
    """A folder for NCC_VAR and the environment in which the scripts see it."""

    var: Path
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The caller's variables without its database, with this instance's folder."""
        dropped = {"DATABASE_URL", "NCC_DATABASE_APP_URL", "NCC_SECRET_KEY", "NCC_PROCESS"}
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return {
            **kept,
            "NCC_VAR": str(self.var),
            "NCC_VENV": sys.prefix,
            "NCC_SKIP_INSTALL": "1",
            **self.extra,
        }

    def call(self, *command: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Runs `bin/<command>` and returns what it printed; a hang is a failure."""
        return subprocess.run(
            [str(ROOT / "bin" / command[0]), *command[1:]],
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def postmaster_pid(self) -> int:
        """Process of the private cluster, as its pid file names it."""
        return int((self.var / "postgres" / "postmaster.pid").read_text().split()[0])


@contextmanager
def temporary_instance(folder: str = "var") -> Iterator[Instance]:
    """An instance in a folder of its own, stopped at the end.

    Not below pytest's folder: every new session of pytest closes that to other users, and the
    database runs as one.
    """
    with tempfile.TemporaryDirectory(prefix="ncc-test-") as parent:
        made = Instance(Path(parent) / folder)
        try:
            yield made
        finally:
            made.call("manage", "stop")


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """An instance that the tests of a module share."""
    with temporary_instance() as made:
        yield made


@pytest.fixture
def fresh() -> Iterator[Instance]:
    """An instance where nothing has been set up yet."""
    with temporary_instance() as made:
        yield made
