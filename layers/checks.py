"""System checks: what must hold before the site answers, each with its remedy."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import URLPattern, URLResolver, get_resolver

from layers.access.gate import asks_its_own_site, policy_of


def open_views() -> list[str]:
    """Names of views that state no policy (they answer 403 until they do)."""
    found: list[str] = []

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                if not asks_its_own_site(app_name=pattern.app_name or ""):
                    walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                view = pattern.callback
                if asks_its_own_site(module=getattr(view, "__module__", "")):
                    continue
                if policy_of(view) is None:
                    found.append(prefix + str(pattern.pattern))

    walk(get_resolver().url_patterns, "/")
    return found


@register()
def views_state_policy(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Every address says who may call it."""
    return [
        Error(
            f"the address {address} states no policy",
            hint="mark its view with layers.access.gate.allow(...) or everybody",
            id="layers.E001",
        )
        for address in open_views()
    ]


@register()
def spatial_libraries_found(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """GDAL and GEOS load, and GDAL is new enough."""
    from django.contrib.gis.gdal import gdal_version
    from django.contrib.gis.geos import geos_version

    version = gdal_version()
    text = version.decode() if isinstance(version, bytes) else str(version)
    major, minor = (int(part) for part in text.split(".")[:2])
    if (major, minor) < (3, 9):
        return [
            Error(
                f"GDAL {text} is too old, 3.9 or newer is needed",
                hint="unset GDAL_LIBRARY_PATH so that the library inside pyogrio's wheel is used",
                id="layers.E002",
            )
        ]
    geos_version()
    return []


@register()
def front_end_installed(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """The npm packages that pages load are in place."""
    missing = [
        name
        for name, folder in settings.VENDOR_FOLDERS.items()
        if not (settings.NCC_NODE_MODULES / folder).is_dir()
    ]
    if missing and settings.NCC_PROCESS == "web":
        return [
            Warning(
                f"front-end packages missing: {', '.join(missing)}",
                hint="run bin/run or bin/test once with a network, or set NCC_NODE_MODULES",
                id="layers.W001",
            )
        ]
    return []
