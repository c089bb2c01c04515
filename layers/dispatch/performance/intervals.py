"""The intervals of a response: from which stamp to which, and the targets they are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from layers.assets.models import StationKind

Text = str | Promise


class Subject(StrEnum):
    """What an interval is measured once for."""

    CALL = "call"
    INCIDENT = "incident"
    ASSIGNMENT = "assignment"


class Excluded(StrEnum):
    """Why a call, incident or assignment has no value in an interval; none is left out in silence."""

    NO_START = "no_start"
    NO_END = "no_end"
    OUT_OF_ORDER = "out_of_order"
    CANCELLED = "cancelled"
    MERGED = "merged"
    SCHEDULED = "scheduled"


EXCLUDED_TITLES: dict[str, Text] = {
    Excluded.NO_START: _("the first stamp is missing"),
    Excluded.NO_END: _("the second stamp is missing"),
    Excluded.OUT_OF_ORDER: _("stamps out of order"),
    Excluded.CANCELLED: _("cancelled before it came to that"),
    Excluded.MERGED: _("merged into another incident"),
    Excluded.SCHEDULED: _("planned ahead, not an emergency"),
}


@dataclass(frozen=True)
class Target:
    """A share of cases that should take at most so many seconds (`≤`), and who says so."""

    key: str
    within_s: float
    share: float | None
    source: Text
    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()

    def applies(self, *, kind: str, channel: str) -> bool:
        """Whether a case of this kind of unit and channel is held against the target."""
        return (not self.kinds or kind in self.kinds) and (
            not self.channels or channel in self.channels
        )


@dataclass(frozen=True)
class Interval:
    """One interval: its name, what it runs from and to, and its targets."""

    key: str
    title: Text
    of: Subject
    starts: Text
    ends: Text
    targets: tuple[Target, ...] = ()
    #: Incident groups it is measured for; empty: all.
    groups: frozenset[str] = frozenset()


_FIRE = frozenset({StationKind.FIRE.value})
_POLICE = frozenset({StationKind.POLICE.value})

INTERVALS: tuple[Interval, ...] = (
    Interval(
        "answering", _("Answering"), Subject.CALL, _("call arrives"), _("call is answered"),
        (
            Target("nfpa_1225", 10.0, 0.90, _("NFPA 1225: 90 % within 10 s")),
            Target("110", 10.0, None, _("Police 110: answered within 10 s"), channels=frozenset({"110"})),
        ),
    ),
    Interval(
        "processing", _("Processing"), Subject.INCIDENT, _("call is answered"), _("first unit is dispatched"),
        (Target("nfpa_1225", 60.0, 0.90, _("NFPA 1225: 90 % within 60 s")),),
    ),
    Interval(
        "turnout", _("Turnout"), Subject.ASSIGNMENT, _("unit is dispatched"), _("unit is en route"),
        (Target("nfpa_1710", 80.0, 0.90, _("NFPA 1710: 90 % within 80 s"), kinds=_FIRE),),
    ),
    Interval(
        "travel", _("Travel"), Subject.ASSIGNMENT, _("unit is en route"), _("unit is on scene"),
        (Target("nfpa_1710", 240.0, 0.90, _("NFPA 1710: 90 % within 240 s"), kinds=_FIRE),),
    ),
    Interval(
        "unit_response", _("Unit response"), Subject.ASSIGNMENT, _("unit is dispatched"), _("unit is on scene"),
    ),
    Interval(
        "total_response", _("Total response"), Subject.INCIDENT, _("first call arrives"), _("first unit is on scene"),
        (Target("110", 600.0, None, _("Police 110: there within 10 min"), kinds=_POLICE),),
    ),
    Interval(
        "waktu_tanggap", _("Waktu tanggap (fire)"), Subject.INCIDENT, _("incident is reported"),
        _("first unit is on scene and handling starts"),
        (Target("pu_20_2009", 900.0, None, _("Permen PU 20/2009, Permendagri 114/2018: within 15 min")),),
        groups=frozenset({"fire"}),
    ),
)  # fmt: skip

BY_KEY = {interval.key: interval for interval in INTERVALS}


def seconds_between(start: datetime | None, end: datetime | None) -> tuple[float | None, str]:
    """Seconds from start to end, or None and the reason; an end before its start is out of order."""
    if start is None:
        return None, Excluded.NO_START
    if end is None:
        return None, Excluded.NO_END
    seconds = (end - start).total_seconds()
    return (seconds, "") if seconds >= 0 else (None, Excluded.OUT_OF_ORDER)


def in_order(stamps: Sequence[datetime | None]) -> bool:
    """Whether the stamps that are there never go back; equal stamps are in order."""
    there = [stamp for stamp in stamps if stamp is not None]
    return all(earlier <= later for earlier, later in pairwise(there))
