"""Durable jobs, the pieces they are worked in, periodic tasks and the heartbeats of workers."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from layers.jobs.config import MAX_ATTEMPTS


class JobState(models.TextChoices):
    """Where a job stands."""

    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", pgettext_lazy("job", "failed")
    CANCELLED = "cancelled", _("cancelled")


#: States a job never leaves.
FINAL_STATES = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
ACTIVE_STATES = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """A piece of work that outlives the process doing it.

    `attempts` is how often the most often started piece was started without finishing;
    `total` and `done` count the job's own units.
    """

    kind = models.CharField(_("kind"), max_length=60)
    params = models.JSONField(_("parameters"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    state = models.CharField(
        _("state"), max_length=10, choices=JobState.choices, default=JobState.QUEUED
    )
    total = models.PositiveIntegerField(_("total"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    message = models.CharField(_("message"), max_length=300, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("most attempts"), default=MAX_ATTEMPTS)
    idempotency_key = models.CharField(
        _("key"), max_length=200, null=True, blank=True,
        help_text=_("Only one active job carries a key: asking again returns the same job."),
    )  # fmt: skip
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True,
        related_name="jobs", verbose_name=_("requested by"),
    )  # fmt: skip
    cancel_requested = models.BooleanField(_("cancel requested"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    enqueued_at = models.DateTimeField(_("last queued"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last heartbeat"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    result = models.JSONField(_("result"), null=True, blank=True, encoder=DjangoJSONEncoder)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        db_table = "layers_job"
        ordering = ["-id"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"],
                condition=Q(state__in=["queued", "running"]),
                name="job_active_key_unique",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _label in JobState.choices]),
                name="job_state_known",
            ),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="job_done_within_total"),
            models.CheckConstraint(
                condition=(
                    Q(state__in=["queued", "running"], finished_at__isnull=True)
                    | Q(state__in=["done", "failed", "cancelled"], finished_at__isnull=False)
                ),
                name="job_finished_has_time",
            ),
            models.CheckConstraint(
                condition=Q(max_attempts__gte=1), name="job_max_attempts_positive"
            ),
        ]
        indexes = [
            models.Index(
                fields=["heartbeat_at"],
                name="job_active_heartbeat",
                condition=Q(state__in=["queued", "running"]),
            ),
            models.Index(fields=["kind", "-id"], name="job_kind_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class ChunkRole(models.TextChoices):
    """What a piece is for: planning the work, the work itself, or bringing it together."""

    PLAN = "plan", _("planning")
    WORK = "work", _("work")
    FINISH = "finish", _("finishing")


class JobChunk(models.Model):
    """One checkpointed piece of a job; a session advisory lock on it says that somebody works on it.

    The lock dies with the worker's connection, so a killed worker's piece is free at once.
    `claim` is the fence: a worker that lost its connection cannot store over its successor.
    """

    job = models.ForeignKey(
        Job, on_delete=models.CASCADE, related_name="chunks", verbose_name=_("job")
    )
    role = models.CharField(
        pgettext_lazy("job", "role"),
        max_length=6,
        choices=ChunkRole.choices,
        default=ChunkRole.WORK,
    )
    index = models.PositiveIntegerField(pgettext_lazy("job", "index"), default=0)
    units = models.PositiveIntegerField(pgettext_lazy("job", "units"), default=1)
    payload = models.JSONField(_("input"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    result = models.JSONField(_("result"), null=True, blank=True, encoder=DjangoJSONEncoder)
    done = models.BooleanField(_("done"), default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    claim = models.UUIDField(_("claim"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=120, blank=True, default="")
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        db_table = "layers_job_chunk"
        ordering = ["job_id", "index"]
        verbose_name = _("piece of a job")
        verbose_name_plural = _("pieces of jobs")
        constraints = [
            models.UniqueConstraint(fields=["job", "role", "index"], name="job_chunk_unique"),
        ]
        indexes = [
            models.Index(fields=["job", "index"], name="job_chunk_open", condition=Q(done=False)),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.role} {self.index}"


class PeriodicTask(models.Model):
    """When a periodic task runs next; whoever moves `next_at` runs it, on whatever machine."""

    name = models.CharField(_("name"), max_length=80, primary_key=True)
    next_at = models.DateTimeField(_("next run"))
    last_at = models.DateTimeField(_("last run"), null=True, blank=True)
    lag_s = models.FloatField(_("late by (s)"), default=0)
    error = models.TextField(_("error"), blank=True, default="")

    class Meta:
        db_table = "layers_periodic_task"
        verbose_name = _("periodic task")
        verbose_name_plural = _("periodic tasks")

    def __str__(self) -> str:
        return self.name


class WorkerBeat(models.Model):
    """The last sign of life of the workers of one machine."""

    instance = models.CharField(_("worker"), max_length=120, primary_key=True)
    beat_at = models.DateTimeField(_("last heartbeat"))
    started_at = models.DateTimeField(_("started"))
    pid = models.PositiveIntegerField(_("process"), default=0)
    busy_with = models.CharField(_("busy with"), max_length=120, blank=True, default="")

    class Meta:
        db_table = "layers_worker_beat"
        verbose_name = _("worker heartbeat")
        verbose_name_plural = _("worker heartbeats")

    def __str__(self) -> str:
        return self.instance
