"""Cell values to typed ones: numbers in either comma, yes and no, times, enumerations in two languages."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_datetime

Reader = Callable[[Any], Any]

_YES = {"1", "true", "t", "yes", "y", "ya", "on", "benar", "ada", "publik", "public"}
_NO = {"0", "false", "f", "no", "n", "tidak", "off", "salah", "tdk", "private", "privat"}
#: Control characters, line and paragraph separators (Unicode Cc, Zl, Zp).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ESCAPED = re.compile(r"^'+[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$", re.IGNORECASE)
_UNIT = re.compile(
    r"\s*(m|meter|metres?|km/h|kmh|kph|mbps|mbit/s|deg|derajat|°)\.?$", re.IGNORECASE
)


def normalised(text: Any) -> str:
    """Lower case letters and digits alone: how headers and enumeration words are compared."""
    plain = unicodedata.normalize("NFKD", str(text)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def is_blank(value: Any) -> bool:
    """Nothing stated: None, not-a-number, empty or only blanks."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return isinstance(value, str) and (
        not value.strip() or value.strip().lower() in {"null", "nan", "n/a", "-"}
    )


def clean_text(value: Any) -> str:
    """One line of text: blanks joined, control characters gone, the escape of formulae undone."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        text = str(value)
    except ValueError:  # a whole number of thousands of digits
        text = ""
    if _ESCAPED.match(text):
        text = text[1:]
    text = _CONTROL.sub(" ", text)
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates cannot be stored
    return " ".join(text.replace("\ufeff", "").split())


def holds_line_break(value: Any) -> bool:
    """True for text with a line break or another control character in it."""
    return isinstance(value, str) and _CONTROL.search(value) is not None


def text_reader(max_length: int) -> Reader:
    """Reader of one line of text of at most `max_length` characters."""

    def read(value: Any) -> str:
        if isinstance(value, dict | list):
            raise ValueError("a list or object where text is expected")
        text = clean_text(value)
        if len(text) > max_length:
            raise ValueError(f"longer than {max_length} characters")
        return text

    return read


def number(value: Any) -> float:
    """A finite number; `7,5` is read as 7.5, `1.234,5` as 1234.5, a unit such as `m` is dropped."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    if isinstance(value, int | float):
        result = _as_float(value)
    else:
        text = _UNIT.sub("", clean_text(value)).replace("\u2212", "-")
        if "," in text:
            text = (
                text.replace(".", "")
                if text.rfind(".") < text.rfind(",")
                else text.replace(",", "")
            )
            if text.count(",") > 1:
                raise ValueError("not a number")
            text = text.replace(",", ".")
        if not _NUMBER.match(text):
            raise ValueError("not a number")
        result = _as_float(text)
    if not math.isfinite(result):
        raise ValueError("not a finite number")
    return result


_ANGLE = re.compile(
    r"""^(?P<front>[NSEWUTB]|L[SU]|B[TB])?\s*(?P<sign>[+-]?)(?P<degrees>\d+(?:[.,]\d+)?)\s*(?:°|º|d|deg|\s|:)?\s*
    (?:(?P<minutes>\d+(?:[.,]\d+)?)\s*(?:'|′|’|m|:)?\s*)?
    (?:(?P<seconds>\d+(?:[.,]\d+)?)\s*(?:"|″|”|''|sec)?\s*)?
    (?P<back>[NSEWUTB]|L[SU]|B[TB])?$""",
    re.IGNORECASE | re.VERBOSE,
)
_SOUTH_OR_WEST = {"S", "LS", "W", "B", "BB"}


def coordinate(value: Any) -> float:
    """A coordinate: a number, or degrees, minutes and seconds such as `7° 58' 54,1" LS`, `112.63 BT`."""
    try:
        return number(value)
    except ValueError:
        match = _ANGLE.match(clean_text(value)) if isinstance(value, str) else None
        if match is None:
            raise
    parts = [
        float((match[name] or "0").replace(",", ".")) for name in ("degrees", "minutes", "seconds")
    ]
    if parts[1] >= 60 or parts[2] >= 60:
        raise ValueError("not an angle")
    hemisphere = (match["back"] or match["front"] or "").upper()
    negative = match["sign"] == "-" or hemisphere in _SOUTH_OR_WEST
    angle = parts[0] + parts[1] / 60 + parts[2] / 3600
    return -angle if negative else angle


def _as_float(value: int | float | str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError("not a finite number") from error


def number_reader(
    low: float = -math.inf, high: float = math.inf, *, above: bool = False, whole: bool = False
) -> Reader:
    """Reader of a number in [low, high], or (low, high] where `above`."""

    def read(value: Any) -> float | int:
        result = number(value)
        if result < low or result > high or (above and result <= low):
            bounds = f"{'above' if above else 'from'} {low:g} to {high:g}" if high < math.inf else (
                f"{'above' if above else 'at least'} {low:g}"
            )  # fmt: skip
            raise ValueError(f"out of range, {bounds} is expected")
        if whole:
            if not result.is_integer():
                raise ValueError("not a whole number")
            return int(result)
        return result

    return read


def heading_deg(value: Any) -> float:
    """A bearing in [0, 360): 360 is north; compass words are read too."""
    word = normalised(value)
    if word in COMPASS_DEG:
        return COMPASS_DEG[word]
    result = number(value)
    if not 0 <= result <= 360:
        raise ValueError("out of range, 0 to 360 degrees is expected")
    return result % 360.0


#: The eight directions in Indonesian and English, degrees from true north.
COMPASS_DEG = {
    **dict.fromkeys(("utara", "north", "n"), 0.0),
    **dict.fromkeys(("timurlaut", "northeast", "ne"), 45.0),
    **dict.fromkeys(("timur", "east", "e"), 90.0),
    **dict.fromkeys(("tenggara", "southeast", "se"), 135.0),
    **dict.fromkeys(("selatan", "south", "s"), 180.0),
    **dict.fromkeys(("baratdaya", "southwest", "sw"), 225.0),
    **dict.fromkeys(("barat", "west", "w"), 270.0),
    **dict.fromkeys(("baratlaut", "northwest", "nw"), 315.0),
}


def flag(value: Any) -> bool:
    """Yes or no in either language."""
    if isinstance(value, bool):
        return value
    word = normalised(int(value) if isinstance(value, float) and value.is_integer() else value)
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("neither yes nor no")


def choice_reader(values: Mapping[str, str]) -> Reader:
    """Reader of an enumeration: `values` maps normalised words to stored values."""
    known = sorted(set(values.values()))

    def read(value: Any) -> str:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        word = normalised(value)
        if word not in values:
            raise ValueError(f"not one of {', '.join(known)}")
        return values[word]

    return read


def words_of(choices: Any, synonyms: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, str]:
    """Normalised words of a Django enumeration and its synonyms, for `choice_reader`."""
    words = {normalised(value): value for value in choices.values}
    for value, others in (synonyms or {}).items():
        words.update({normalised(other): value for other in others})
    return words


def word_list(value: Any) -> list[str]:
    """Words separated by comma, semicolon or bar, or a JSON list; order kept, repeats dropped."""
    if isinstance(value, list | tuple):
        parts = [clean_text(item) for item in value]
    else:
        text = clean_text(value)
        if (text.startswith("[") and text.endswith("]")) or (
            text.startswith("{") and text.endswith("}")
        ):
            text = text[1:-1]
        parts = [part.strip().strip("\"'") for part in re.split(r"[,;|]", text)]
    return list(dict.fromkeys(part for part in parts if part))


class Moment(datetime):
    """A point in time that remembers whether the source gave a time of day."""

    date_only: bool = False


_DAY_FIRST = re.compile(r"^(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})(?:[ T,]+(.*))?$")
_PLAIN_DATE = re.compile(r"^(\d{4})[/\-](\d{1,2})[/\-](\d{1,2})(?:[ T]+(.*))?$")
_CLOCK = re.compile(
    r"^(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:\.(\d+))?)?\s*(am|pm)?\s*(?:WIB)?$", re.I
)


def time_reader(zone: str) -> Reader:
    """Reader of a point in time; one without offset is local time in `zone`. Result in UTC.

    ISO 8601, `2012-07-01`, `31/12/2024 08:30` (day first; month first where only that is a date),
    seconds or milliseconds since 1970. The result's `date_only` says that no time of day was given.
    """
    local = ZoneInfo(zone)

    def read(value: Any) -> Moment:
        try:
            return _read_time(value, local)
        except OverflowError as error:
            raise ValueError("not a point in time") from error

    return read


def _read_time(value: Any, local: ZoneInfo) -> Moment:
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = _as_float(value) / (1000.0 if abs(value) > 1e11 else 1.0)
        if not 0 < seconds < 4_102_444_800:
            raise ValueError("not a point in time")
        return _moment(datetime.fromtimestamp(seconds, tz=UTC), date_only=False)
    text = clean_text(value)
    try:
        full = parse_datetime(text)
    except ValueError as error:
        raise ValueError("not a point in time") from error
    if full is None:
        full, date_only = _loose_time(text)
    else:
        date_only = bool(_PLAIN_DATE.match(text)) and not _PLAIN_DATE.match(text)[4]  # type: ignore[index]
    if full.tzinfo is None:
        full = full.replace(tzinfo=local)
    return _moment(full.astimezone(UTC), date_only=date_only)


def _loose_time(text: str) -> tuple[datetime, bool]:
    dated = _PLAIN_DATE.match(text)
    if dated:
        year, month, day, rest = int(dated[1]), int(dated[2]), int(dated[3]), dated[4]
    else:
        dated = _DAY_FIRST.match(text)
        if not dated:
            raise ValueError("not a point in time")
        day, month, year, rest = int(dated[1]), int(dated[2]), int(dated[3]), dated[4]
        if month > 12 >= day:
            day, month = month, day
    clock = clock_time(rest) if rest else None
    try:
        return datetime.combine(datetime(year, month, day).date(), clock or time()), clock is None
    except ValueError as error:
        raise ValueError("not a date") from error


def clock_time(value: Any) -> time:
    """A time of day such as `08:30`, `8.30 PM` or `08:30:15`."""
    match = _CLOCK.match(clean_text(value))
    if not match:
        raise ValueError("not a time of day")
    hour = int(match[1]) % 12 + 12 * (match[5].lower() == "pm") if match[5] else int(match[1])
    try:
        return time(hour, int(match[2]), int(match[3] or 0))
    except ValueError as error:
        raise ValueError("not a time of day") from error


def _moment(value: datetime, *, date_only: bool) -> Moment:
    moment = Moment.fromtimestamp(value.timestamp(), tz=UTC)
    moment.date_only = date_only
    return moment
