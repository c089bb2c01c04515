"""Accounts, their grants, and the agencies they act for."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from layers.access.admin_rules import may_write
from layers.access.models import Grant, User
from layers.admin.base import LayerAdmin
from layers.audit.actor import recorded
from layers.places.models import Agency


class GrantInline(admin.TabularInline):
    """Grants of an account."""

    model = Grant
    fk_name = "user"
    extra = 0
    fields = ("role", "agency", "area", "expires_at", "revoked_at", "reason")
    autocomplete_fields = ("area",)


@admin.register(User)
class AccountAdmin(LayerAdmin, UserAdmin):
    """Accounts and their grants."""

    list_display = ("username", "first_name", "last_name", "is_active", "last_login")
    list_filter = ("is_active", "grants__role")
    inlines = (GrantInline,)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "language")}),
        (_("Account"), {"fields": ("is_active", "is_superuser", "last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may_write(request.user, "user", obj)

    def user_change_password(self, *args: Any, **kwargs: Any) -> Any:
        with recorded():
            return super().user_change_password(*args, **kwargs)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for grant in formset.save(commit=False):
            if grant.pk is None:
                grant.granted_by = request.user
            grant.save()
        for gone in formset.deleted_objects:
            gone.delete()


@admin.register(Grant)
class GrantAdmin(LayerAdmin):
    """Who may do what, where, until when and why."""

    list_display = ("user", "role", "agency", "area", "expires_at", "revoked_at")
    list_filter = ("role", "agency")
    search_fields = ("user__username", "reason")
    exclude = ("granted_by",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.granted_by = request.user
        super().save_model(request, obj, form, change)


@admin.register(Agency)
class AgencyAdmin(LayerAdmin):
    """Agencies and how far they have joined."""

    list_display = ("name", "code", "kind", "onboarding", "government")
    list_filter = ("kind", "onboarding")
    search_fields = ("name", "code")
