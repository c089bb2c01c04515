"""Agencies, areas, cities, and the base map: buildings, land cover, named places, addresses."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Origin(models.TextChoices):
    """Where a record came from."""

    OSM = "osm", _("OpenStreetMap extract")
    FILE = "file", _("imported file")
    PERSON = "person", _("entered by a person")
    DEMO = "demo", _("demonstration data")


class Sourced(models.Model):
    """Provenance of a record, and what a later import of the same source compares with.

    `import_hash` is the digest of the imported fields as they were written; a record whose fields
    no longer give that digest was edited since, and `--replace` leaves it alone.
    """

    origin = models.CharField(
        _("origin"), max_length=10, choices=Origin.choices, default=Origin.PERSON
    )
    source_key = models.CharField(_("key in the source"), max_length=120, blank=True, default="")
    import_hash = models.CharField(max_length=32, blank=True, default="", editable=False)
    attributes = models.JSONField(_("other columns"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        abstract = True


class Agency(models.Model):
    """An agency (OPD) or external body that owns assets, units or both."""

    class Kind(models.TextChoices):
        CITY = "city", _("city agency (OPD)")
        EXTERNAL = "external", _("external agency")

    class Onboarding(models.TextChoices):
        INVITED = "invited", _("invited")
        PREPARING = "preparing", _("preparing its data")
        DELIVERING = "delivering", _("delivering data")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=160)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.CITY)
    onboarding = models.CharField(
        _("onboarding"), max_length=12, choices=Onboarding.choices, default=Onboarding.INVITED
    )
    government = models.CharField(
        _("government"), max_length=13, blank=True, default="",
        help_text=_("Kemendagri code of the government the agency belongs to, for instance 35.73"),
    )  # fmt: skip
    phone = models.CharField(_("phone"), max_length=40, blank=True, default="")
    attributes = models.JSONField(_("other columns"), default=dict, blank=True)

    class Meta:
        db_table = "layers_agency"
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Area(Sourced):
    """An administrative area with its Kemendagri code and population."""

    class Level(models.TextChoices):
        PROVINCE = "provinsi", _("province")
        CITY = "kota", _("city")
        DISTRICT = "kecamatan", _("district (kecamatan)")
        WARD = "kelurahan", _("ward (kelurahan)")
        OTHER = "other", _("other area")

    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=160)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )  # fmt: skip
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    geom = models.MultiPolygonField(pgettext_lazy("area", "outline"), srid=4326, spatial_index=True)

    class Meta:
        db_table = "layers_area"
        verbose_name = _("area")
        verbose_name_plural = _("areas")
        ordering = ("code",)
        constraints = [
            models.CheckConstraint(condition=~Q(code=""), name="area_code_given"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="area_not_its_own_parent"),
        ]
        indexes = [models.Index(fields=["level", "code"], name="area_level_code")]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"


class City(models.Model):
    """A city on this installation: its area, working CRS and time zone."""

    area = models.OneToOneField(
        Area, on_delete=models.CASCADE, related_name="city", verbose_name=_("area")
    )
    working_srid = models.PositiveIntegerField(
        _("working CRS (EPSG)"), null=True, blank=True,
        help_text=_("Projected CRS in metres. Empty: the UTM zone of the city's centre."),
    )  # fmt: skip
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Jakarta")

    class Meta:
        db_table = "layers_city"
        verbose_name = _("city")
        verbose_name_plural = _("cities")

    def __str__(self) -> str:
        return self.area.name


class Building(Sourced):
    """A building footprint with its height; `height_m` empty means the setting's default applies."""

    osm_id = models.BigIntegerField(_("OSM id"), null=True, blank=True)
    osm_kind = models.CharField(max_length=1, blank=True, default="", editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=60, blank=True, default="")
    height_m = models.FloatField(_("height (m)"), null=True, blank=True)
    min_height_m = models.FloatField(_("height of its underside (m)"), null=True, blank=True)
    levels = models.FloatField(_("levels"), null=True, blank=True)
    minz = models.PositiveSmallIntegerField(default=14, editable=False)
    geom = models.MultiPolygonField(_("footprint"), srid=4326)

    class Meta:
        db_table = "layers_building"
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        constraints = [
            models.CheckConstraint(
                condition=Q(height_m__isnull=True) | Q(height_m__gt=0, height_m__lte=1000),
                name="building_height_plausible",
            ),
            models.CheckConstraint(
                condition=Q(levels__isnull=True) | Q(levels__gte=0, levels__lte=250),
                name="building_levels_plausible",
            ),
            models.UniqueConstraint(
                fields=["osm_kind", "osm_id"],
                condition=Q(osm_id__isnull=False),
                name="building_osm_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self._meta.verbose_name} {self.pk}"


class LandCover(Sourced):
    """Water, greenery and other ground drawn under the streets."""

    class Kind(models.TextChoices):
        WATER = "water", _("water")
        WATERWAY = "waterway", _("river or stream")
        PARK = "park", _("park")
        GREEN = "green", _("greenery")
        FARMLAND = "farmland", _("farmland")
        INDUSTRIAL = "industrial", _("industrial ground")
        RAIL = "rail", _("railway")

    osm_id = models.BigIntegerField(null=True, blank=True)
    osm_kind = models.CharField(max_length=1, blank=True, default="", editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200, blank=True, default="")
    minz = models.PositiveSmallIntegerField(default=12, editable=False)
    geom = models.GeometryField(_("shape"), srid=4326)

    class Meta:
        db_table = "layers_landcover"
        verbose_name = _("land cover")
        verbose_name_plural = _("land cover")

    def __str__(self) -> str:
        return self.name or self.get_kind_display()


class Place(Sourced):
    """A named place: hospital, school, market, village, landmark."""

    osm_id = models.BigIntegerField(null=True, blank=True)
    osm_kind = models.CharField(max_length=1, blank=True, default="", editable=False)
    kind = models.CharField(_("kind"), max_length=60, db_index=True)
    name = models.CharField(_("name"), max_length=200)
    address = models.CharField(_("address"), max_length=300, blank=True, default="")
    rank = models.PositiveSmallIntegerField(
        default=50, help_text=_("Smaller is shown at smaller scales")
    )
    minz = models.PositiveSmallIntegerField(default=14, editable=False)
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_place"
        verbose_name = _("place")
        verbose_name_plural = _("places")

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """A house number on a street, for the search box."""

    osm_id = models.BigIntegerField(null=True, blank=True)
    osm_kind = models.CharField(max_length=1, blank=True, default="", editable=False)
    street = models.CharField(_("street"), max_length=200, db_index=True)
    housenumber = models.CharField(_("house number"), max_length=30)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True, default="")
    geom = models.PointField(_("place"), srid=4326)

    class Meta:
        db_table = "layers_address"
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return f"{self.street} {self.housenumber}"


class LayerBase(models.Model):
    """Moves of a layer already counted and folded away."""

    layer = models.CharField(max_length=40, primary_key=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "layers_layerbase"

    def __str__(self) -> str:
        return f"{self.layer} {self.version}"


class LayerMove(models.Model):
    """One transaction that changed a layer. Only ever inserted, so two writers never wait for it."""

    layer = models.CharField(max_length=40)
    transaction = models.BigIntegerField()

    class Meta:
        db_table = "layers_layermove"
        constraints = [
            models.UniqueConstraint(
                fields=["layer", "transaction"], name="layermove_once_a_transaction"
            )
        ]

    def __str__(self) -> str:
        return f"{self.layer} {self.transaction}"


class LayerVersion(models.Model):
    """Version of a layer as committed: folded moves plus moves not yet folded (a view)."""

    layer = models.CharField(max_length=40, primary_key=True)
    version = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "layers_layerversion"

    def __str__(self) -> str:
        return f"{self.layer} {self.version}"
