"""The administration's own site: who may enter, and what it is called."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from layers.access.admin_rules import may_enter


class Administration(AdminSite):
    """Entered by the ordinary login page, with the rights of `layers.access`."""

    site_header = _("NCC Geo administration")
    site_title = _("NCC Geo")
    index_title = _("Layers and accounts")
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Registers models of ours; those of Django and of the job queue have no page here."""
        single = isinstance(model_or_iterable, type)
        models: list[Any] = [model_or_iterable] if single else list(model_or_iterable)
        ours = [model for model in models if model._meta.app_label == "layers"]
        super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and may_enter(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        index = reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(index)
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME, index))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        answer: HttpResponse = super().logout(request, extra_context)
        return HttpResponseRedirect("/") if answer.status_code == 200 else answer
