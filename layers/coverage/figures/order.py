"""What a run is asked to do: everything that its figures depend on, beside the city itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from layers.coverage.city import ASSUMPTIONS, levels_of
from layers.coverage.models import CoverageRun
from layers.coverage.profiles import Profile, profile_from, profile_named
from layers.errors import InvalidInput, NotFound
from layers.places.models import Area
from layers.places.versions import layer_versions

#: The one level of a wifi run: within a hotspot's reach.
WITHIN = "within"
#: Layers whose change may change a figure.
INPUTS = (
    "areas", "buildings", "camera_models", "cctv", "incidents", "optics", "places", "roads", "wifi",
)  # fmt: skip


@dataclass(frozen=True)
class RunOrder:
    """One run's parameters. `levels` go from the least pixels per metre to the most."""

    subject: str
    area: Area | None
    level: str
    edition: str
    levels: dict[str, float]
    profile: Profile
    as_of: datetime

    @property
    def wifi(self) -> bool:
        """Whether the run asks for wifi reach."""
        return self.subject == CoverageRun.Subject.WIFI

    def as_parameters(self) -> dict[str, Any]:
        """What is stored with the run, for `order_of_run` to read."""
        return {
            "subject": self.subject,
            "profile": self.profile.as_dict(),
            "as_of": self.as_of.isoformat(),
            "area": self.area.code if self.area else None,
            "edition": self.edition,
            "level": self.level,
            "levels": self.levels,
            "assumptions": [] if self.wifi else list(ASSUMPTIONS),
            "inputs": input_versions(),
        }


def input_versions() -> dict[str, int]:
    """Versions of the layers a run reads; where they are the same, so are its figures."""
    versions = layer_versions()
    return {name: versions.get(name, 0) for name in INPUTS}


def area_with_code(code: str | None) -> Area | None:
    """The area of a code; None for the whole installation; `NotFound` where there is none."""
    if not code:
        return None
    area = Area.objects.filter(code=code).first()
    if area is None:
        raise NotFound(
            _("no area {code}").format(code=repr(code)),
            value=code,
            remedy=_("import areas first, or choose a code from the list of areas"),
        )
    return area


def run_order(
    *,
    subject: str = CoverageRun.Subject.CAMERAS,
    area_code: str | None = None,
    level: str = "detect",
    profile_name: str | None = None,
    edition: str | None = None,
    as_of: datetime | None = None,
) -> RunOrder:
    """A checked order; `NotFound` for an unknown area, profile or edition, `InvalidInput` for a level."""
    if subject not in CoverageRun.Subject.values:
        raise InvalidInput(
            f"no analysis of {subject!r}",
            value=subject,
            remedy=f"choose one of {', '.join(CoverageRun.Subject.values)}",
        )
    edition_name, levels = levels_of(edition)
    if subject == CoverageRun.Subject.WIFI:
        edition_name, levels, level = "", {WITHIN: 0.0}, WITHIN
    elif level not in levels:
        raise InvalidInput(
            f"no level {level!r} in {edition_name}",
            value=level,
            remedy=f"choose one of {', '.join(levels)}",
        )
    area = area_with_code(area_code)
    profile = profile_named(profile_name)
    return RunOrder(subject, area, level, edition_name, levels, profile, as_of or timezone.now())


def order_of_run(run: CoverageRun) -> RunOrder:
    """The order a run was made by, out of its stored parameters alone."""
    stored = run.parameters
    levels = sorted(stored["levels"].items(), key=lambda item: item[1])
    moment = parse_datetime(stored["as_of"])
    if moment is None:
        raise InvalidInput(f"run {run.pk} has no moment it speaks of", value=stored["as_of"])
    return RunOrder(
        subject=stored.get("subject", CoverageRun.Subject.CAMERAS),
        area=area_with_code(stored.get("area")),
        level=stored.get("level", run.level),
        edition=stored["edition"],
        levels=dict(levels),
        profile=profile_from(stored["profile"]),
        as_of=moment,
    )
