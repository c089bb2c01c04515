"""The commands on a minimal system where nothing is installed but apt: root, a user with sudo, no network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platform.conftest import ROOT

pytestmark = pytest.mark.slow

#: `unshare` keeps processes and mounts of the test apart; all of them end with it.
ENTER = """
set -e
mount --make-rprivate /
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
for folder in $SHARED_FOLDERS; do mkdir -p "$1$folder"; mount --rbind "$folder" "$1$folder"; done
exec chroot "$1" env -i $KEPT_VARIABLES HOME=/root TERM=dumb \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$2"
"""
HOME = "/home/planner"
AS_PLANNER = f"setpriv --reuid planner --regid planner --init-groups env HOME={HOME}"
#: Seconds within which the first and the second start must answer, on a machine of their own.
FIRST_S, SECOND_S = 360, 15

Enter = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def minimal_system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minimal Debian 12, made by debootstrap from the mirror this machine uses."""
    if os.geteuid() != 0 or not shutil.which("debootstrap") or not shutil.which("unshare"):
        pytest.skip("needs root, debootstrap and unshare")
    if subprocess.run(["unshare", "-m", "-p", "-f", "true"], check=False).returncode:
        pytest.skip("this machine does not let a test mount anything")
    root = tmp_path_factory.mktemp("system") / "bookworm"
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", "bookworm", str(root)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"debootstrap cannot fetch Debian: {made.stdout[-200:]}")
    return root


def _configure(root: Path) -> None:
    """What connects the machine to its mirrors, as any administrator would set it."""
    for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/npmrc"):
        if Path(name).exists():
            shutil.copy(name, f"{root}{name}")
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for folder in ("sources.list.d", "apt.conf.d"):
        for file in Path("/etc/apt", folder).iterdir():
            if file.suffix in {".sources", ".list"} or file.name.startswith("99"):
                shutil.copy(file, root / "etc/apt" / folder)
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if bundle.exists():
        shutil.copy(bundle, root / "etc/machine-certificates.crt")


@pytest.fixture
def system(minimal_system: Path, tmp_path: Path) -> Iterator[tuple[Path, Enter]]:
    """A fresh copy of it with a clone of this project in /srv/ncc, and a way to run commands there."""
    root = tmp_path / "system"
    subprocess.run(["cp", "-a", str(minimal_system), str(root)], check=True)
    _configure(root)
    subprocess.run(["git", "clone", "-q", str(ROOT), str(root / "srv/ncc")], check=True)
    certificates = "/etc/machine-certificates.crt"
    kept = (
        f"PIP_CERT={certificates} NODE_EXTRA_CA_CERTS={certificates} SSL_CERT_FILE={certificates}"
    )

    def enter(
        script: str, *, network: bool = True, timeout_s: float = 3600
    ) -> subprocess.CompletedProcess[str]:
        namespaces = ["-m", "-p", "-f", *([] if network else ["-n"])]
        return subprocess.run(
            [
                "unshare",
                *namespaces,
                "--kill-child",
                "bash",
                "-c",
                ENTER,
                "enter",
                str(root),
                script,
            ],
            env={
                "PATH": os.environ["PATH"],
                "KEPT_VARIABLES": kept if (root / certificates[1:]).exists() else "",
                "SHARED_FOLDERS": os.environ.get("NCC_TEST_SHARED_FOLDERS", ""),
            },
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    yield root, enter
    shutil.rmtree(root, ignore_errors=True)


RUN_ONCE = """
cd {project}
({user} bin/run --port {port} >out 2>err; echo "exit $?" >>err) &
for _ in $(seq 1 {limit}0); do grep -qs '^ready ' out && break; grep -qs '^exit ' err && break; sleep 0.1; done
cat out
var/venv/bin/python -c "
import urllib.request
print('answered', urllib.request.urlopen('http://127.0.0.1:{port}/healthz', timeout=5).status)"
kill -TERM $(head -n 1 var/run.pid)
wait
tail -n 5 err
"""


@pytest.mark.parametrize("who", ["root", "planner"])
def test_first_and_second_start(system: tuple[Path, Enter], who: str) -> None:
    _, enter = system
    project, user = "/srv/ncc", ""
    if who == "planner":
        project, user = f"{HOME}/ncc", AS_PLANNER
        prepared = enter(
            "useradd -m planner && apt-get -qq update && apt-get -qq install -y sudo"
            " && echo 'planner ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/planner"
            f" && mv /srv/ncc {project} && chown -R planner {HOME}"
        )
        assert prepared.returncode == 0, prepared.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    crowd = max(1.0, os.getloadavg()[1] / (os.cpu_count() or 1))
    for limit in (round(FIRST_S * crowd), round(SECOND_S * crowd)):
        began = time.monotonic()
        answer = enter(RUN_ONCE.format(project=project, user=user, limit=limit, port=port))
        assert f"ready http://127.0.0.1:{port}\nanswered 200\n" in answer.stdout, answer.stdout
        assert "exit 0" in answer.stdout
        print(f"{who}: started, answered and stopped in {time.monotonic() - began:.1f} s")
    owner = enter(f"stat -c %U {project}/var/postgres").stdout.strip()
    assert owner == ("postgres" if who == "root" else "planner")


def test_refusals_without_network_and_without_sudo(system: tuple[Path, Enter]) -> None:
    _, enter = system
    alone = enter("cd /srv/ncc && bin/manage check", network=False)
    assert alone.returncode == 1
    assert "error: " in alone.stderr
    assert "check the network" in alone.stderr
    poor = enter(
        f"useradd -m planner; chown -R planner /srv/ncc; cd /srv/ncc && {AS_PLANNER} bin/manage check"
    )
    assert poor.returncode == 1
    assert "may not use sudo" in poor.stderr


def test_integration_run_installs_everything(system: tuple[Path, Enter]) -> None:
    _, enter = system
    answer = enter("cd /srv/ncc && .ci/run tests/platform/test_locks.py")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert " passed" in answer.stdout.splitlines()[-1]
    assert enter("cd /srv/ncc && command -v chromium msgfmt").returncode == 0
