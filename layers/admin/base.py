"""What every administration page shares: rights, recording, quick lists, the history of one object."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.utils import unquote
from django.contrib.gis.admin import GISModelAdmin
from django.contrib.gis.db.models import GeometryField
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import ForeignKey, Model, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from layers.access.admin_rules import AGENCY_MODELS, admin_rows, may_delete, may_read, may_write
from layers.access.policies import Can, restrict, rights_of
from layers.admin.geometry import MapWidget, check_geometry
from layers.audit.actor import recorded
from layers.audit.models import Change
from layers.places.models import Agency

#: Rows up to which a list says exactly how many there are.
EXACT_COUNT = 10_000
#: Models chosen by searching rather than from a list, because there are many of them.
SEARCHED = frozenset(
    {"site", "camera", "area", "incident", "unit", "user", "station", "plan", "call"}
)


class QuickPaginator(Paginator):
    """Pages of a list whose length is counted up to a limit, and above it taken from statistics."""

    @cached_property
    def count(self) -> int:
        """Rows of the list; an estimate above `EXACT_COUNT`."""
        rows: Any = self.object_list
        if not hasattr(rows, "query"):
            return len(rows)
        counted = rows.order_by()[: EXACT_COUNT + 1].count()
        if counted <= EXACT_COUNT:
            return counted
        if rows.query.where:
            return EXACT_COUNT
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT greatest(reltuples, %s)::bigint FROM pg_class WHERE oid = %s::regclass",
                [counted, rows.model._meta.db_table],
            )
            return cursor.fetchone()[0]


class LayerAdmin(GISModelAdmin):
    """Rights by `layers.access`, every change recorded with its author."""

    gis_widget = MapWidget  # type: ignore[assignment]
    paginator = QuickPaginator
    list_per_page = 50
    show_full_result_count = False
    object_history_template = "layers/admin/history.html"
    #: Columns found by their number when digits alone are searched for.
    number_search: tuple[str, ...] = ()
    #: Labels of fields whose model gives none.
    labels: dict[str, Any] = {}

    def _name(self) -> str:
        return self.model._meta.model_name or ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_read(request.user, self._name())

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_read(request.user, self._name())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_write(request.user, self._name())

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_write(request.user, self._name(), obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_delete(request.user, self._name(), obj)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = admin_rows(request.user, super().get_queryset(request))
        match = request.resolver_match
        if match is not None and (match.url_name or "").endswith("_changelist"):
            # Lists show no shapes; a kota's outline alone is half a megabyte.
            shapes = [f.name for f in self.opts.concrete_fields if isinstance(f, GeometryField)]
            rows = rows.defer(*shapes)
        return rows

    def get_ordering(self, request: HttpRequest) -> Any:
        """Pages of a list need an order; the newest first where nothing else was said."""
        return super().get_ordering(request) or tuple(self.opts.ordering or ()) or ("-pk",)

    def get_list_select_related(self, request: HttpRequest) -> Any:
        """The foreign keys among the columns, so that a list is one query and not one a row."""
        names = []
        for column in self.get_list_display(request):
            try:
                field = self.opts.get_field(str(column))
            except FieldDoesNotExist:
                continue
            if field.many_to_one:
                names.append(field.name)
        return tuple(names)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What people fill in first; other columns of the source, and where it came from, last."""
        last = ("attributes", *self.get_readonly_fields(request, obj))
        fields = [name for name in super().get_fields(request, obj) if name not in last]
        held = {field.name for field in self.opts.concrete_fields}
        return [*fields, *(name for name in last if name != "attributes" or name in held)]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        digits = search_term.strip()
        if self.number_search and digits.isascii() and digits.isdigit() and len(digits) <= 18:
            found = Q()
            for name in self.number_search:
                found |= Q(**{name: digits})
            return queryset.filter(found), False
        return super().get_search_results(request, queryset, search_term)

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        """Foreign keys to models with many rows are searched, where the account may search them."""
        return tuple(
            field.name
            for field in self.opts.concrete_fields
            if isinstance(field, ForeignKey) and self._is_searched(field, request)
        )

    def _is_searched(self, field: Any, request: HttpRequest) -> bool:
        if field.related_model._meta.model_name not in SEARCHED:
            return False
        try:
            other = self.admin_site.get_model_admin(field.related_model)
        except NotRegistered:
            return False
        return other.has_view_permission(request)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in self.labels:
            kwargs["label"] = capfirst(self.labels[db_field.name])
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, GeometryField):
            field.validators.append(check_geometry)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An agency's own people choose their own agencies, and assets that they may see."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        rights = rights_of(request.user)
        if field is None or rights.can(Can.ADMINISTER):
            return field
        related = db_field.related_model
        if db_field.name == "agency" and self._name() in AGENCY_MODELS:
            field.queryset = Agency.objects.filter(pk__in=sorted(rights.agencies))
            field.required = True
        elif related._meta.model_name in AGENCY_MODELS:
            field.queryset = restrict(request.user, related._default_manager.all())
        return field

    def changeform_view(self, *args: Any, **kwargs: Any) -> Any:
        with recorded():
            return super().changeform_view(*args, **kwargs)

    def delete_view(self, *args: Any, **kwargs: Any) -> Any:
        with recorded():
            return super().delete_view(*args, **kwargs)

    def changelist_view(self, *args: Any, **kwargs: Any) -> Any:
        with recorded():
            return super().changelist_view(*args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was changed in one object, by whom and through what; nobody can edit it."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        rows = Change.objects.filter(table_name=self.opts.db_table, row_id=str(row.pk))
        page = Paginator(rows.order_by("-id"), 50).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Change history: %s") % row,
            "subtitle": None,
            "opts": self.opts,
            "object": row,
            "module_name": str(self.opts.verbose_name_plural),
            "page": page,
            "changes": [(change, self._lines(change)) for change in page],
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.object_history_template, context)

    def _lines(self, change: Change) -> list[tuple[str, str, str]]:
        """(field, before, after) of an update; shapes are named, not written out."""
        if change.action != Change.Action.UPDATE:
            return []
        lines = []
        for column, after in sorted((change.after or {}).items()):
            field: Any = next((f for f in self.opts.concrete_fields if f.column == column), None)
            label = str(getattr(field, "verbose_name", column))
            if isinstance(field, GeometryField):
                lines.append((label, "", _("moved or redrawn")))
                continue
            before = (change.before or {}).get(column)
            lines.append((label, _shown(field, before), _shown(field, after)))
        return lines


def _shown(field: Any, value: Any) -> str:
    """A recorded value as a reader knows it: the label of a choice, nothing for none."""
    if value is None or value == "":
        return "—"
    choices = dict(getattr(field, "flatchoices", None) or [])
    return str(choices.get(value, value) if isinstance(value, str | int) else value)
