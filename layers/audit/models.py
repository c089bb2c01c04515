"""The history table that triggers fill; no code of ours writes to it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Change(models.Model):
    """One change of one row, written by a trigger: bulk statements and raw SQL included."""

    class Action(models.TextChoices):
        INSERT = "I", _("created")
        UPDATE = "U", _("changed")
        DELETE = "D", _("deleted")
        TRUNCATE = "T", _("emptied")

    at = models.DateTimeField(_("at"))
    transaction = models.BigIntegerField(_("transaction"))
    actor_id = models.BigIntegerField(_("user id"), null=True)
    actor = models.CharField(_("by"), max_length=150)
    source = models.CharField(_("through"), max_length=40)
    table_name = models.CharField(_("table"), max_length=63)
    row_id = models.CharField(_("row"), max_length=64)
    action = models.CharField(_("action"), max_length=1, choices=Action.choices)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)

    class Meta:
        db_table = "layers_change"
        verbose_name = _("change")
        verbose_name_plural = _("history of changes")
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["table_name", "row_id", "id"], name="change_row"),
            models.Index(fields=["at"], name="change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.table_name} {self.row_id}"


class Look(models.Model):
    """That somebody opened data kept back from lists, such as who called; append-only."""

    at = models.DateTimeField(_("at"), db_default=Now())
    user_id = models.BigIntegerField(_("user id"), null=True)
    actor = models.CharField(_("by"), max_length=150)
    source = models.CharField(_("through"), max_length=40)
    table_name = models.CharField(_("table"), max_length=63)
    row_id = models.CharField(_("row"), max_length=64)
    what = models.CharField(_("what"), max_length=80)

    class Meta:
        db_table = "layers_look"
        verbose_name = _("look")
        verbose_name_plural = _("looks at protected data")
        ordering = ("-id",)
        indexes = [models.Index(fields=["table_name", "row_id", "id"], name="look_row")]

    def __str__(self) -> str:
        return f"{self.actor} {self.table_name} {self.row_id}"
