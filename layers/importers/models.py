"""One row for each import: what was read, how it was mapped, what came of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportRun(models.Model):
    """An import that was committed, with its full report."""

    layer = models.CharField(_("layer"), max_length=30)
    file_name = models.CharField(_("file"), max_length=255)
    file_sha256 = models.CharField(max_length=64)
    key_field = models.CharField(_("key"), max_length=80, blank=True, default="")
    mapping = models.JSONField(_("columns"), default=dict)
    report = models.JSONField(_("report"), default=dict)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    seconds = models.FloatField(_("seconds"), default=0)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip

    class Meta:
        db_table = "layers_importrun"
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.layer} {self.file_name}"
