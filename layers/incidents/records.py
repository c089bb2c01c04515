"""What hangs on an incident: notes, attachments, cameras, its timeline, its timers; numbers and receipts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from layers.assets.models import Camera
from layers.incidents.models import Incident

#: Longest note (characters).
NOTE_MAX = 4000


class IncidentNote(models.Model):
    """Something a dispatcher wrote down; append-only."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="notes", verbose_name=_("incident"))  # fmt: skip
    at = models.DateTimeField(_("at"), default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    text = models.TextField(_("text"), max_length=NOTE_MAX)

    class Meta:
        db_table = "layers_incidentnote"
        verbose_name = _("incident note")
        verbose_name_plural = _("incident notes")
        ordering = ("at", "id")
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="incidentnote_text_given")
        ]

    def __str__(self) -> str:
        return f"{self.incident} {self.at:%Y-%m-%d %H:%M:%S}"


class IncidentAttachment(models.Model):
    """A file of an incident; its bytes lie in the folder of the installation under `stored_as`."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="attachments", verbose_name=_("incident"))  # fmt: skip
    name = models.CharField(_("name"), max_length=160)
    content_type = models.CharField(_("kind of file"), max_length=80)
    bytes = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    stored_as = models.CharField(_("stored as"), max_length=80, unique=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip

    class Meta:
        db_table = "layers_incidentattachment"
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ("at", "id")

    def __str__(self) -> str:
        return self.name


class IncidentCamera(models.Model):
    """A camera that somebody tied to an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="cameras", verbose_name=_("incident"))  # fmt: skip
    camera = models.ForeignKey(Camera, on_delete=models.CASCADE, related_name="+", verbose_name=_("camera"))  # fmt: skip
    at = models.DateTimeField(_("at"), default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip

    class Meta:
        db_table = "layers_incidentcamera"
        verbose_name = _("linked camera")
        verbose_name_plural = _("linked cameras")
        constraints = [
            models.UniqueConstraint(fields=["incident", "camera"], name="incidentcamera_once")
        ]

    def __str__(self) -> str:
        return f"{self.incident} {self.camera_id}"


class IncidentLog(models.Model):
    """One line of an incident's timeline; append-only, without anything a caller said."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="log", verbose_name=_("incident"))  # fmt: skip
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    what = models.SlugField(_("what"), max_length=40)
    detail = models.JSONField(_("data"), default=dict, blank=True)

    class Meta:
        db_table = "layers_incidentlog"
        verbose_name = _("timeline entry")
        verbose_name_plural = _("incident timelines")
        ordering = ("at", "id")
        indexes = [models.Index(fields=["incident", "at"], name="incidentlog_incident_at")]

    def __str__(self) -> str:
        return f"{self.incident} {self.what}"


class IncidentTimer(models.Model):
    """A limit that an open incident passed, told once; `lag_s` says how late it was told."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="timers", verbose_name=_("incident"))  # fmt: skip
    kind = models.CharField(_("kind"), max_length=20)
    due_at = models.DateTimeField(pgettext_lazy("timer", "due"))
    fired_at = models.DateTimeField(_("told"), default=timezone.now)
    lag_s = models.FloatField(_("late by (s)"), default=0)

    class Meta:
        db_table = "layers_incidenttimer"
        verbose_name = _("timer")
        verbose_name_plural = _("timers")
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "due_at"], name="incidenttimer_fires_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.incident} {self.kind}"


class NumberSeries(models.Model):
    """Last number given out in a series; drawn in the transaction that uses it, so none is lost."""

    name = models.CharField(max_length=40, primary_key=True)
    last = models.BigIntegerField(default=0)

    class Meta:
        db_table = "layers_numberseries"

    def __str__(self) -> str:
        return f"{self.name} {self.last}"


class Receipt(models.Model):
    """That a request with this key was carried out, and what came of it; a repeat gets the same answer."""

    key = models.CharField(max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    result = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "layers_receipt"
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="receipt_key_once")]
        indexes = [models.Index(fields=["at"], name="receipt_at")]

    def __str__(self) -> str:
        return f"{self.action} {self.key}"
