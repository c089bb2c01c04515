"""Every setting of the product: one environment variable each, typed, with its default and meaning."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class SettingError(SystemExit):
    """A setting cannot be used; the process stops with one line that names it."""

    def __init__(self, name: str, value: str, remedy: str) -> None:
        super().__init__(f"error: setting {name}={value!r} cannot be used; {remedy}")


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on", "ya"}:
        return True
    if lowered in {"0", "false", "no", "off", "tidak", ""}:
        return False
    raise ValueError("write 1 or 0")


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError("write a whole number above 0")
    return number


@dataclass(frozen=True)
class Setting:
    """One environment variable: how it is read, what it defaults to and what it is for."""

    name: str
    read: Callable[[str], Any]
    default: Any
    meaning: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("NCC_VAR", Path, ROOT / "var", "Folder of everything that changes: database, logs, media, caches."),
    Setting("DATABASE_URL", str, "", "PostGIS to use, as the role that owns the tables. Unset: a private cluster.", True),
    Setting("NCC_DATABASE_APP_URL", str, "", "The same database as the role that serves the pages and owns nothing.", True),
    Setting("NCC_SECRET_KEY", str, "", "Signs sessions and queued jobs. Made once by bin/run; at least 32 characters.", True),
    Setting("NCC_PROCESS", str, "command", "What this process is: web, worker or command. Set by the supervisor."),
    Setting("NCC_DEBUG", _boolean, False, "Error pages with details. Never in a control room."),
    Setting("NCC_ALLOWED_HOSTS", _words, ["localhost", "127.0.0.1", "[::1]"], "Host names the site answers to."),
    Setting("NCC_TRUSTED_ORIGINS", _words, [], "Origins such as https://peta.example allowed to post forms."),
    Setting("NCC_HTTPS", _boolean, False, "The site is reached by HTTPS only: secure cookies and HSTS."),
    Setting("NCC_WEB_WORKERS", _positive, 2, "Web server processes."),
    Setting("NCC_JOB_WORKERS", _positive, 1, "Worker processes for background jobs on this machine."),
    Setting("NCC_WORKER_INSTANCE", str, "", "Name of this machine's workers, one of its own each. Unset: made from host and folder."),
    Setting("NCC_DB_POOL_MAX", _positive, 8, "Database connections kept by each web process."),
    Setting("NCC_STATEMENT_TIMEOUT_MS", _positive, 30_000, "Longest database statement of a page."),
    Setting("NCC_LOCK_TIMEOUT_MS", _positive, 5_000, "Longest wait for a lock, migrations included."),
    Setting("NCC_NODE_MODULES", Path, ROOT / "node_modules", "Front-end packages installed from npm at set-up."),
    Setting("NCC_TIME_ZONE", str, "Asia/Jakarta", "Time zone of the control room. Storage is UTC."),
    Setting("NCC_LANGUAGE", str, "id", "Language of a visitor who chose none: id or en."),
    Setting("NCC_TILE_URL", str, "", "Outside tile server, https://…/{z}/{x}/{y}.png, offered beside our own basemap."),
    Setting("NCC_TILE_ATTRIBUTION", str, "", "Attribution of the outside tile server."),
    Setting("NCC_IMPORT_MAX_MB", _positive, 512, "Largest file an import reads."),
    Setting("NCC_IMPORT_MAX_UNPACKED_MB", _positive, 256, "Largest unpacked size of a zip or XLSX."),
    Setting("NCC_STOREY_HEIGHT_M", float, 3.0, "Height of a level where a building gives levels only."),
    Setting("NCC_DEFAULT_LEVELS", _positive, 1, "Levels of a building about which nothing is known."),
    Setting("NCC_TARGET_HEIGHT_M", float, 1.7, "Height of the person a camera looks for."),
    Setting("NCC_POSITION_MAX_AGE_S", _positive, 300, "A unit's position older than this is stale."),
    Setting("NCC_ROUTER_LIMIT_MS", _positive, 700, "Longest wait for travel times by road before straight distance answers."),
    Setting("NCC_POSITION_MAX_KPH", _positive, 250, "A unit is not believed to be faster than this; fixes that say so are quarantined."),
    Setting("NCC_SIMULATE", _boolean, False, "Demo units drive along the roads of the demo city while bin/run is up."),
    Setting("NCC_HAZARD_FEEDS", _words, [], "Addresses of warnings that are asked in turn: BMKG JSON, CAP, or RSS of CAP."),
    Setting("NCC_HAZARD_POLL_S", _positive, 60, "A feed of warnings is asked this often."),
    Setting("NCC_FETCH_PRIVATE_HOSTS", _words, [], "host:port of private networks that may be fetched from all the same."),
    Setting("NCC_OPTICS_EDITION", str, "IEC 62676-4:2014", "Edition of the pixel density table in use."),
    Setting("NCC_RELAY_URL", str, "", "Video relay that turns camera streams into HLS. Optional."),
    Setting("NCC_LOG_LEVEL", str, "INFO", "Least severe log line that is kept."),
)  # fmt: skip


def read_settings(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Values of all settings by name; stops the process with one clear line on a bad one."""
    source = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = source.get(setting.name, "")
        if not text:
            values[setting.name] = setting.default
            continue
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            shown = "…" if setting.secret else text
            raise SettingError(setting.name, shown, f"{error}. {setting.meaning}") from error
    return values
