"""Camera models, sites and the cameras on them, wifi hotspots, stations."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from layers.places.models import Agency, Sourced


class OpticsStandard(models.Model):
    """One level of an edition of the pixel density table; editable, named in every result."""

    edition = models.CharField(_("edition"), max_length=40)
    level = models.CharField(_("level"), max_length=20)
    px_per_m = models.FloatField(_("pixels per metre"))
    rank = models.PositiveSmallIntegerField(_("order"))

    class Meta:
        db_table = "layers_opticsstandard"
        verbose_name = _("image quality level")
        verbose_name_plural = _("image quality levels")
        ordering = ("edition", "rank")
        constraints = [
            models.UniqueConstraint(fields=["edition", "level"], name="optics_level_once"),
            models.CheckConstraint(condition=Q(px_per_m__gt=0), name="optics_density_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.level}"


class CameraKind(models.TextChoices):
    """How a camera looks around."""

    FIXED = "fixed", _("fixed")
    PTZ = "ptz", _("PTZ (dome)")
    MULTI = "multi", _("multi-sensor")


class CameraModel(models.Model):
    """A camera as the price list has it: sensor, picture, lens range, price."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(
        _("kind"), max_length=8, choices=CameraKind.choices, default=CameraKind.FIXED
    )
    image_width_px = models.PositiveIntegerField(_("image width (px)"))
    image_height_px = models.PositiveIntegerField(_("image height (px)"))
    sensor_width_mm = models.FloatField(_("sensor width (mm)"))
    sensor_height_mm = models.FloatField(_("sensor height (mm)"))
    focal_min_mm = models.FloatField(_("shortest focal length (mm)"))
    focal_max_mm = models.FloatField(_("longest focal length (mm)"))
    price_idr = models.BigIntegerField(_("price (Rp)"), default=0)
    yearly_cost_idr = models.BigIntegerField(_("yearly cost (Rp)"), default=0)
    attributes = models.JSONField(_("other columns"), default=dict, blank=True)

    class Meta:
        db_table = "layers_cameramodel"
        verbose_name = _("camera model")
        verbose_name_plural = _("camera models")
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    image_width_px__gt=0,
                    image_height_px__gt=0,
                    sensor_width_mm__gt=0,
                    sensor_height_mm__gt=0,
                ),
                name="cameramodel_sizes_positive",
            ),
            models.CheckConstraint(
                condition=Q(focal_min_mm__gt=0, focal_max_mm__gte=models.F("focal_min_mm")),
                name="cameramodel_focal_range",
            ),
            models.CheckConstraint(
                condition=Q(price_idr__gte=0, yearly_cost_idr__gte=0),
                name="cameramodel_costs_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AssetStatus(models.TextChoices):
    """Life of an asset. Planned never counts as coverage, failed shows as a gap."""

    PLANNED = "planned", _("planned")
    ACTIVE = "active", _("active")
    FAILED = "failed", _("failed")
    MAINTENANCE = "maintenance", _("under maintenance")
    RETIRED = "retired", _("retired")


class Site(Sourced):
    """A pole, wall or roof that carries cameras; cost is per site and per camera."""

    code = models.CharField(_("code"), max_length=120, unique=True)
    name = models.CharField(_("name"), max_length=200)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("agency")
    )
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    status = models.CharField(
        _("status"), max_length=12, choices=AssetStatus.choices, default=AssetStatus.ACTIVE
    )
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_site"
        verbose_name = _("camera site")
        verbose_name_plural = _("camera sites")
        constraints = [models.CheckConstraint(condition=~Q(code=""), name="site_code_given")]

    def __str__(self) -> str:
        return self.name


class Camera(Sourced):
    """One camera on a site: where it looks, from what height, with which lens."""

    class HeadingSource(models.TextChoices):
        UNKNOWN = "unknown", _("unknown")
        ASSUMED = "assumed", _("assumed from the name")
        STATED = "stated", _("stated by the source")
        CONFIRMED = "confirmed", _("confirmed by a person")

    code = models.CharField(_("code"), max_length=120, unique=True)
    name = models.CharField(_("name"), max_length=200)
    site = models.ForeignKey(
        Site, on_delete=models.PROTECT, related_name="cameras", verbose_name=_("site")
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("agency")
    )
    model = models.ForeignKey(
        CameraModel, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("model")
    )
    kind = models.CharField(
        _("kind"), max_length=8, choices=CameraKind.choices, default=CameraKind.FIXED
    )
    status = models.CharField(
        _("status"), max_length=12, choices=AssetStatus.choices, default=AssetStatus.ACTIVE
    )
    heading_deg = models.FloatField(_("heading (° from true north)"), null=True, blank=True)
    heading_source = models.CharField(
        _("heading known from"),
        max_length=10,
        choices=HeadingSource.choices,
        default=HeadingSource.UNKNOWN,
    )
    fov_deg = models.FloatField(_("horizontal field of view (°)"), null=True, blank=True)
    mount_height_m = models.FloatField(_("mounting height (m)"), null=True, blank=True)
    tilt_deg = models.FloatField(_("tilt below horizontal (°)"), null=True, blank=True)
    max_range_m = models.FloatField(_("range (m)"), null=True, blank=True)
    stream_id = models.CharField(_("stream id"), max_length=120, null=True, blank=True, unique=True)
    stream_url = models.CharField(_("stream address"), max_length=500, blank=True, default="")
    is_public = models.BooleanField(_("public"), default=False)
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_camera"
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")
        constraints = [
            models.CheckConstraint(condition=~Q(code=""), name="camera_code_given"),
            models.CheckConstraint(
                condition=Q(heading_deg__isnull=True) | Q(heading_deg__gte=0, heading_deg__lt=360),
                name="camera_heading_in_circle",
            ),
            models.CheckConstraint(
                condition=Q(fov_deg__isnull=True) | Q(fov_deg__gt=0, fov_deg__lte=360),
                name="camera_fov_in_circle",
            ),
            models.CheckConstraint(
                condition=Q(mount_height_m__isnull=True)
                | Q(mount_height_m__gt=0, mount_height_m__lte=500),
                name="camera_height_plausible",
            ),
            models.CheckConstraint(
                condition=Q(tilt_deg__isnull=True) | Q(tilt_deg__gte=-90, tilt_deg__lte=90),
                name="camera_tilt_in_quarter",
            ),
            models.CheckConstraint(
                condition=Q(max_range_m__isnull=True) | Q(max_range_m__gt=0, max_range_m__lte=5000),
                name="camera_range_plausible",
            ),
            models.CheckConstraint(
                condition=Q(heading_deg__isnull=False) | Q(heading_source="unknown"),
                name="camera_heading_source_needs_heading",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WifiHotspot(Sourced):
    """A free wifi hotspot at a public place."""

    code = models.CharField(_("code"), max_length=120, unique=True)
    name = models.CharField(_("name"), max_length=200)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("agency")
    )
    status = models.CharField(
        _("status"), max_length=12, choices=AssetStatus.choices, default=AssetStatus.ACTIVE
    )
    ssid = models.CharField(_("SSID"), max_length=64, blank=True, default="")
    reach_m = models.FloatField(_("reach (m)"), null=True, blank=True)
    bandwidth_mbps = models.FloatField(_("bandwidth (Mbit/s)"), null=True, blank=True)
    provider = models.CharField(_("provider"), max_length=120, blank=True, default="")
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_wifihotspot"
        verbose_name = _("wifi hotspot")
        verbose_name_plural = _("wifi hotspots")
        constraints = [
            models.CheckConstraint(
                condition=Q(reach_m__isnull=True) | Q(reach_m__gt=0, reach_m__lte=5000),
                name="wifi_reach_plausible",
            )
        ]

    def __str__(self) -> str:
        return self.name


class StationKind(models.TextChoices):
    """Whose station it is; units have the same kinds."""

    FIRE = "fire", _("fire")
    POLICE = "police", _("police")
    AMBULANCE = "ambulance", _("ambulance")
    RESCUE = "rescue", _("rescue")


class Station(Sourced):
    """A post that units start from: fire, police, ambulance, rescue."""

    code = models.CharField(_("code"), max_length=120, unique=True)
    name = models.CharField(_("name"), max_length=200)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("agency")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=StationKind.choices)
    status = models.CharField(
        _("status"), max_length=12, choices=AssetStatus.choices, default=AssetStatus.ACTIVE
    )
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    phone = models.CharField(_("phone"), max_length=40, blank=True, default="")
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_station"
        verbose_name = _("station")
        verbose_name_plural = _("stations")

    def __str__(self) -> str:
        return self.name
