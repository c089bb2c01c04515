"""Times that people state: never ahead, never absurdly old."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from layers.errors import InvalidInput

#: Clocks of desks may differ by this much (s).
CLOCK_SLACK_S = 60.0


def time_checked(at: datetime | None, *, now: datetime, oldest: timedelta = timedelta(days=7)) -> datetime | None:  # fmt: skip
    """A stated time that is neither ahead nor older than `oldest`."""
    if at is None:
        return None
    if at > now + timedelta(seconds=CLOCK_SLACK_S):
        raise InvalidInput(_("the time lies ahead"), value=at.isoformat(), where="at", remedy=_("correct the clock, or leave the time empty for now"))  # fmt: skip
    if at < now - oldest:
        raise InvalidInput(_("the time is more than {days} days ago").format(days=oldest.days), value=at.isoformat(), where="at", remedy=_("check the date"))  # fmt: skip
    return at
