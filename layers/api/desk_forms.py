"""What the operations of the desk take in: every field with its limits, so that nothing else gets in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Field, Path, Schema
from pydantic import AfterValidator, ConfigDict, StringConstraints

#: Ids that the database can hold.
RowId = Annotated[int, Path(ge=1, le=2**62)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Priority = Annotated[int, Field(ge=1, le=5)]
Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]


def _plain(text: str) -> str:
    if "\x00" in text or any(0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        raise ValueError("signs that cannot be stored")
    return text


def _moment(at: datetime) -> datetime:
    """A time between 2000 and 2100 in UTC; without an offset it is the control room's."""
    if not 2000 <= at.year < 2100:
        raise ValueError("the year is out of range")
    return (timezone.make_aware(at) if timezone.is_naive(at) else at).astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_moment)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(_plain)]  # fmt: skip
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_plain)]  # fmt: skip
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_plain)]  # fmt: skip
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_plain)]  # fmt: skip
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(_plain)]  # fmt: skip
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=160), AfterValidator(_plain)]  # fmt: skip
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_plain)]  # fmt: skip

Channel = Literal["112", "110", "113", "119", "app", "radio", "walk_in"]
CallKind = Literal["normal", "information", "ghost", "prank", "dropped", "duplicate"]
Place = Literal["address", "landmark", "intersection", "coordinates", "click", "device"]
StateAction = Literal["accept", "hold", "resume", "under_control", "cancel", "close", "reopen"]
StepName = Literal["dispatched", "acknowledged", "en_route", "staged", "on_scene", "transport", "at_facility", "clear", "cancel"]  # fmt: skip


class Form(Schema):
    """A body; fields nobody knows are refused, so that a slip of the pen is not lost in silence."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        return self.model_dump(exclude_unset=True)


class CallIn(Form):
    """A call that came in."""

    channel: Channel
    kind: CallKind = "normal"
    arrived_at: Moment | None = None
    take: bool = True
    caller_name: Name = ""
    caller_number: Phone = ""
    note: Text = ""
    lon: Lon | None = None
    lat: Lat | None = None
    accuracy_m: Metres | None = None
    location_source: Place | None = None
    place_text: Line = ""


class TakeIn(Form):
    """Taking a call; who has seen an older version may still try."""

    version: Version | None = None


class CallEditIn(Form):
    """Changes to a call."""

    version: Version
    channel: Channel | None = None
    kind: CallKind | None = None
    caller_name: Name | None = None
    caller_number: Phone | None = None
    note: Text | None = None
    lon: Lon | None = None
    lat: Lat | None = None
    accuracy_m: Metres | None = None
    location_source: Place | None = None
    place_text: Line | None = None
    ended: bool | None = None


class _IncidentFields(Form):
    type: Code
    priority: Priority | None = None
    alarm_level: Priority = 1
    address: Line = ""
    summary: Sentence = ""
    lon: Lon | None = None
    lat: Lat | None = None
    accuracy_m: Metres | None = None
    location_source: Place | None = None
    agency: Code | None = None
    scheduled_for: Moment | None = None


class CallIncidentIn(_IncidentFields):
    """The incident a call reports."""


class IncidentIn(_IncidentFields):
    """An incident without a call; `place_text` is looked up where no coordinates are given."""

    place_text: Line = ""
    reported_at: Moment | None = None


class IncidentEditIn(Form):
    """Changes to an incident."""

    version: Version
    type: Code | None = None
    priority: Priority | None = None
    alarm_level: Priority | None = None
    address: Line | None = None
    summary: Sentence | None = None
    lon: Lon | None = None
    lat: Lat | None = None
    accuracy_m: Metres | None = None
    location_source: Place | None = None
    agency: Code | None = None
    scheduled_for: Moment | None = None


class LinkIn(Form):
    """The incident a call joins."""

    number: Code


class StateIn(Form):
    """A person's action on an incident."""

    version: Version | None = None
    action: StateAction
    disposition: Literal["handled", "unfounded", "false_alarm", "nothing_found", "cancelled", "duplicate", "transferred"] | None = None  # fmt: skip
    reason: Word = ""
    clear_units: bool = False


class MergeIn(Form):
    """The incident that goes on."""

    version: Version | None = None
    into: Code
    reason: Word = ""


class NoteIn(Form):
    """A note."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), AfterValidator(_plain)]  # fmt: skip


class CamerasIn(Form):
    """The cameras of an incident, all of them."""

    codes: Annotated[list[Code], Field(max_length=50)]


class DispatchIn(Form):
    """Units to send."""

    units: Annotated[list[Code], Field(min_length=1, max_length=50)]
    version: Version | None = None
    multi: bool = False
    partial: bool = False
    reason: Word = ""
    eta_s: Annotated[dict[Code, Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]], Field(max_length=50)] = {}  # fmt: skip


class StepIn(Form):
    """A step of an assignment."""

    step: StepName
    at: Moment | None = None
    reason: Word = ""
    override: bool = False


class CorrectIn(Form):
    """A corrected time; `field` is the step whose time it is."""

    field: StepName
    at: Moment
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_plain)]  # fmt: skip


class UnitStatusIn(Form):
    """A status set by hand."""

    status: Code
    version: Version | None = None
    reason: Word = ""
    override: bool = False
    post: Code | Literal[""] = ""
