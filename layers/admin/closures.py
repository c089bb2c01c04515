"""Road closures in the administration: edited with the care of the console, one version after the other."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from layers.admin.base import LayerAdmin
from layers.audit.changes import change_last
from layers.network.models import RoadClosure
from layers.network.services import closure_delete, closure_save


class ClosureForm(forms.ModelForm):
    """A closure, and the version that was on the page."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "seen" in self.fields:
            self.fields["seen"].initial = self.instance.version

    def clean(self) -> dict[str, Any] | None:
        """Refuse a page that is older than the row: it might close a road that was opened since."""
        cleaned = super().clean()
        seen = self.cleaned_data.get("seen")
        if self.instance.pk and seen is not None:
            now = RoadClosure.objects.select_for_update().filter(pk=self.instance.pk).first()
            if now is not None and now.version != seen:
                last = change_last(now)
                who = (last.by if last else "") or _("somebody else")
                raise forms.ValidationError(
                    _("the closure was changed meanwhile by {who}").format(who=who)
                    + "; "
                    + _("look at it as it is now, and decide again")
                )
        return cleaned


@admin.register(RoadClosure)
class RoadClosureAdmin(LayerAdmin):
    """Stretches closed for a time."""

    form = ClosureForm
    list_display = ("reason", "kind", "starts_at", "ends_at", "lifted_at")
    list_filter = ("kind",)
    search_fields = ("reason",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        closure_save(obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        closure_delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for closure in queryset:
            closure_delete(closure)
