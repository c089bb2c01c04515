"""The one Django app: wires rooms together once models are loaded."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LayersConfig(AppConfig):
    """Registers checks, grants and the signals that rooms hand each other."""

    name = "layers"
    verbose_name = _("City layers")

    def ready(self) -> None:
        from layers import checks  # noqa: F401
