"""Requests for cameras, plans of new sites, and the append-only steps of both."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from layers.assets.models import Camera, CameraModel, Site
from layers.places.models import Agency, Area


class Plan(models.Model):
    """A proposal of new camera sites: what was asked, what was found, how good it is proven to be.

    `objective`, `bound`, `gap` and the costs are the optimiser's answer and stay as proven; what the
    sites are worth after the review is the sum over the sites that still stand (`PlanSite.live`).
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SENT = "sent", _("sent to the police")
        STUDY = "study", _("under study")
        BUDGETED = "budgeted", _("budgeted")
        APPROVED = "approved", _("approved")
        INSTALLED = "installed", _("installed")
        REJECTED = "rejected", _("rejected")

    name = models.CharField(_("name"), max_length=160, blank=True, default="")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    level = models.CharField(_("level"), max_length=20)
    area = models.ForeignKey(
        Area, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("area")
    )
    government = models.CharField(
        _("government"), max_length=13, blank=True, default="",
        help_text=_("Kemendagri code of the government whose plan it is, for instance 35.73"),
    )  # fmt: skip
    parameters = models.JSONField(_("parameters"), default=dict)
    status = models.CharField(_("solver's status"), max_length=20, blank=True, default="")
    objective = models.FloatField(_("demand gained"), default=0)
    bound = models.FloatField(_("proven upper bound"), default=0)
    gap = models.FloatField(_("gap"), default=0)
    demand = models.FloatField(_("demand"), default=0)
    covered_before = models.FloatField(_("covered before"), default=0)
    cost_idr = models.BigIntegerField(_("cost (Rp)"), default=0)
    yearly_cost_idr = models.BigIntegerField(_("yearly cost (Rp)"), default=0)
    certificate = models.JSONField(_("certificate"), null=True, blank=True)
    seconds = models.FloatField(default=0)
    version = models.PositiveIntegerField(_("version"), default=1)
    sent_at = models.DateTimeField(_("sent to the police at"), null=True, blank=True)
    released_at = models.DateTimeField(_("released to the public"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip

    class Meta:
        db_table = "layers_plan"
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=Q(cost_idr__gte=0), name="plan_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "sent", "study", "budgeted", "approved", "installed", "rejected"]),
                name="plan_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "rejected"]) | Q(sent_at__isnull=False),
                name="plan_went_to_the_police",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(state__in=["approved", "installed", "rejected"]),
                name="plan_released_when_decided",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="plan_version_positive"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name or f"{self._meta.verbose_name} {self.pk}"


class RequestState(models.TextChoices):
    """Where a request stands, as the one who asked follows it."""

    NEW = "new", pgettext_lazy("request", "new")
    PLANNED = "planned", pgettext_lazy("request", "in a plan")
    APPROVED = "approved", _("approved")
    INSTALLED = "installed", _("installed")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


class SiteRequest(models.Model):
    """Somebody asks for a camera at a place, with a reason; followed until it stands or is declined."""

    class Source(models.TextChoices):
        POLICE = "police", _("police")
        AGENCY = "agency", _("agency")
        WARD = "ward", _("ward (kelurahan)")
        COUNCIL = "council", _("council member")
        MUSRENBANG = "musrenbang", _("Musrenbang")

    source = models.CharField(_("comes from"), max_length=12, choices=Source.choices)
    requester = models.CharField(_("who asks"), max_length=160)
    reason = models.TextField(_("reason"), max_length=2000)
    state = models.CharField(
        _("state"), max_length=10, choices=RequestState.choices, default=RequestState.NEW
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("agency")
    )
    government = models.CharField(_("government"), max_length=13, blank=True, default="")
    area = models.ForeignKey(
        Area, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("area")
    )
    street = models.CharField(_("street"), max_length=200, blank=True, default="")
    gain = models.FloatField(_("what it would add (demand)"), null=True, blank=True)
    gain_level = models.CharField(_("level"), max_length=20, blank=True, default="")
    gain_at = models.DateTimeField(_("computed"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_siterequest"
        verbose_name = _("request for a camera")
        verbose_name_plural = _("requests for cameras")
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="siterequest_has_reason"),
            models.CheckConstraint(condition=~Q(requester=""), name="siterequest_has_requester"),
            models.CheckConstraint(
                condition=Q(state__in=["new", "planned", "approved", "installed", "declined", "withdrawn"]),
                name="siterequest_state_known",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.requester} {self.pk}"


class Review(models.TextChoices):
    """What the review of a proposed site came to."""

    PENDING = "pending", _("not reviewed yet")
    ENDORSED = "endorsed", _("endorsed")
    MOVED = "moved", _("moved and endorsed")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("taken out")


#: Reviews with which a site still belongs to its plan.
STANDING = (Review.PENDING, Review.ENDORSED, Review.MOVED)


class PlanSite(models.Model):
    """One proposed site of a plan, with its review and, once built, the site that stands there."""

    class Source(models.TextChoices):
        OPTIMISER = "optimiser", _("optimiser")
        REQUEST = "request", _("request")
        PLANNER = "planner", _("planner's point")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="sites")
    order = models.PositiveIntegerField(_("order"))
    gain = models.FloatField(_("demand gained"))
    cost_idr = models.BigIntegerField(_("cost (Rp)"))
    area = models.ForeignKey(
        Area, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("area")
    )
    street = models.CharField(_("street"), max_length=200, blank=True, default="")
    source = models.CharField(
        _("proposed by"), max_length=10, choices=Source.choices, default=Source.OPTIMISER
    )
    request = models.ForeignKey(
        SiteRequest, on_delete=models.SET_NULL, null=True, blank=True, related_name="plan_sites", verbose_name=_("request")
    )  # fmt: skip
    review = models.CharField(
        _("review"), max_length=10, choices=Review.choices, default=Review.PENDING
    )
    review_reason = models.TextField(_("reason"), max_length=2000, blank=True, default="")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    proposed_gain = models.FloatField(_("gain as proposed"), null=True, blank=True)
    proposed_geom = models.PointField(_("place as proposed"), srid=4326, null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    built_site = models.OneToOneField(
        Site, on_delete=models.PROTECT, null=True, blank=True, related_name="plan_site", verbose_name=_("site in the inventory")
    )  # fmt: skip
    confirmed_at = models.DateTimeField(_("confirmed in service"), null=True, blank=True)
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_plansite"
        verbose_name = _("proposed site")
        verbose_name_plural = _("proposed sites")
        ordering = ("order",)
        constraints = [
            models.UniqueConstraint(fields=["plan", "order"], name="plansite_order_once"),
            models.CheckConstraint(
                condition=Q(review__in=["pending", "endorsed", "moved", "refused", "withdrawn"]),
                name="plansite_review_known",
            ),
            models.CheckConstraint(
                condition=~Q(review__in=["moved", "refused", "withdrawn"]) | ~Q(review_reason=""),
                name="plansite_review_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(review="pending") | Q(reviewed_at__isnull=False),
                name="plansite_review_has_time",
            ),
            models.CheckConstraint(
                condition=Q(built_site__isnull=True) | Q(review__in=["endorsed", "moved"]),
                name="plansite_built_when_endorsed",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(built_site__isnull=False),
                name="plansite_confirmed_when_built",
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(review__in=["pending", "endorsed", "moved"]),
                name="plansite_request_in_one_plan",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.order}"

    @property
    def standing(self) -> bool:
        """Whether the site still belongs to the plan."""
        return self.review in STANDING


class PlanCamera(models.Model):
    """One proposed camera on a proposed site."""

    site = models.ForeignKey(PlanSite, on_delete=models.CASCADE, related_name="cameras")
    model = models.ForeignKey(CameraModel, on_delete=models.PROTECT, null=True, blank=True)
    heading_deg = models.FloatField(_("heading (°)"))
    fov_deg = models.FloatField(_("field of view (°)"))
    mount_height_m = models.FloatField(_("mounting height (m)"))
    built_camera = models.OneToOneField(
        Camera, on_delete=models.PROTECT, null=True, blank=True, related_name="plan_camera", verbose_name=_("camera in the inventory")
    )  # fmt: skip

    class Meta:
        db_table = "layers_plancamera"
        verbose_name = _("proposed camera")
        verbose_name_plural = _("proposed cameras")
        constraints = [
            models.CheckConstraint(
                condition=Q(heading_deg__gte=0, heading_deg__lt=360), name="plancamera_heading"
            ),
            models.CheckConstraint(
                condition=Q(fov_deg__gt=0, fov_deg__lte=360), name="plancamera_fov"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site_id} {self.heading_deg:.0f}°"


class StepKind(models.TextChoices):
    """What happened in the life of a plan or a request."""

    CREATED = "created", _("created")
    STATE = "state", _("new state")
    ENDORSED = "endorsed", _("endorsed")
    MOVED = "moved", _("moved")
    REFUSED = "refused", _("refused")
    REOPENED = "reopened", _("review reopened")
    TAKEN_OUT = "taken_out", _("taken out")
    ADDED = "added", _("added")
    COMMENT = "comment", _("comment")
    BUILT = "built", _("entered in the inventory")
    CONFIRMED = "confirmed", _("confirmed in service")
    TURNED = "turned", _("turned as planned")
    RELEASED = "released", _("released to the public")
    RENAMED = "renamed", _("renamed")


class PlanStep(models.Model):
    """One step in the life of a plan, one of its sites, or a request: by whom, when, why. Append-only."""

    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="steps", verbose_name=_("plan")
    )  # fmt: skip
    site = models.ForeignKey(
        PlanSite, on_delete=models.PROTECT, null=True, blank=True, related_name="steps", verbose_name=_("proposed site")
    )  # fmt: skip
    request = models.ForeignKey(
        SiteRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="steps", verbose_name=_("request")
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=10, choices=StepKind.choices)
    state_before = models.CharField(_("state before"), max_length=10, blank=True, default="")
    state_after = models.CharField(_("state after"), max_length=10, blank=True, default="")
    text = models.TextField(_("reason"), max_length=2000, blank=True, default="")
    details = models.JSONField(_("details"), default=dict, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by"))  # fmt: skip
    author_name = models.CharField(_("author"), max_length=160)
    at = models.DateTimeField(_("at"), db_default=Now())
    geom = models.PointField(_("place"), srid=4326, null=True, blank=True)

    class Meta:
        db_table = "layers_planstep"
        verbose_name = _("step of a plan")
        verbose_name_plural = _("steps of plans")
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(plan__isnull=False) | Q(request__isnull=False),
                name="planstep_of_something",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["state", "moved", "refused", "comment", "taken_out", "released"]) | ~Q(text=""),
                name="planstep_has_reason",
            ),
            models.CheckConstraint(condition=~Q(author_name=""), name="planstep_has_author"),
        ]  # fmt: skip
        indexes = [models.Index(fields=["plan", "id"], name="planstep_of_plan")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
