"""Users, and grants of a role in an agency or area until a date, for a reason."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from layers.places.models import Agency, Area


class User(AbstractUser):
    """An account; what it may do follows from its grants alone."""

    language = models.CharField(_("language"), max_length=5, choices=[("id", "Bahasa Indonesia"), ("en", "English")], default="id")  # fmt: skip

    class Meta:
        db_table = "layers_user"
        verbose_name = _("user")
        verbose_name_plural = _("users")


class Role(models.TextChoices):
    """Roles of a command centre."""

    PLATFORM_ADMIN = "platform_admin", _("platform admin")
    AGENCY_ADMIN = "agency_admin", _("agency Admin")
    AGENCY_OPERATOR = "agency_operator", _("agency Operator")
    CALL_TAKER = "call_taker", _("call-taker")
    DISPATCHER = "dispatcher", _("dispatcher")
    SUPERVISOR = "supervisor", _("supervisor")
    FIELD_UNIT = "field_unit", _("field unit")
    POLICE_LIAISON = "police_liaison", _("police liaison")
    CCTV_OPERATOR = "cctv_operator", _("CCTV operator")
    PLANNER = "planner", _("planner")
    AUDITOR = "auditor", _("auditor")
    EXECUTIVE = "executive", _("executive")
    SERVICE_ACCOUNT = "service_account", _("service account")


class Grant(models.Model):
    """One role for one user, within an agency or an area, until it expires or is revoked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants", verbose_name=_("user"))  # fmt: skip
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="grants", verbose_name=_("agency"))  # fmt: skip
    area = models.ForeignKey(Area, on_delete=models.PROTECT, null=True, blank=True, related_name="grants", verbose_name=_("area"))  # fmt: skip
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("granted by"))  # fmt: skip
    granted_at = models.DateTimeField(_("granted"), auto_now_add=True)

    class Meta:
        db_table = "layers_grant"
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                condition=Q(role=Role.PLATFORM_ADMIN)
                | Q(agency__isnull=False)
                | Q(area__isnull=False),
                name="grant_has_scope",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="grant_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"
