"""The history of every table, for auditors; nobody writes here."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from layers.admin.base import LayerAdmin
from layers.audit.models import Change, Look
from layers.audit.triggers import TRACKED, TRACKED_AFTER_LOADING


def _table_titles() -> dict[str, str]:
    """Table → what its rows are called."""
    return {
        model._meta.db_table: str(model._meta.verbose_name_plural)
        for model in apps.get_app_config("layers").get_models()
    }


class TableFilter(admin.SimpleListFilter):
    """Tables that keep a history, known without reading the history."""

    title = _("table")
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        titles = _table_titles()
        tables = [*TRACKED, *TRACKED_AFTER_LOADING]
        return sorted(((table, titles.get(table, table)) for table in tables), key=lambda t: t[1])

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(table_name=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(LayerAdmin):
    """Every change of every tracked table."""

    list_display = ("at", "actor", "source", "action", "table_title", "row_id")
    list_filter = ("action", TableFilter)
    search_fields = ("actor",)
    number_search = ("row_id",)

    @admin.display(description=_("table"), ordering="table_name")
    def table_title(self, change: Change) -> str:
        """What the rows of the table are called."""
        return _table_titles().get(change.table_name, change.table_name)


@admin.register(Look)
class LookAdmin(LayerAdmin):
    """Who opened what lists keep back."""

    list_display = ("at", "actor", "source", "table_name", "row_id", "what")
    search_fields = ("actor",)
    number_search = ("row_id",)
