"""Directions in camera names: `Jl. Kawi Arah Timur (BRI Kawi)` states one, `Jl. A Yani Utara` does not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from layers.importers.judging.values import COMPASS_DEG

_WORDS = (
    r"timur\s*laut|barat\s*daya|barat\s*laut|tenggara|utara|timur|selatan|barat|"
    r"north\s*-?east|south\s*-?east|south\s*-?west|north\s*-?west|north|east|south|west"
)
_STATED = re.compile(
    rf"\b(?:arah|menghadap|hadap|ke\s+arah|facing|towards?|view(?:ing)?)\s*[:\-]?\s*(?:ke\s+)?({_WORDS})\b",
    re.IGNORECASE,
)
_BEFORE_BRACKET = re.compile(rf"\b({_WORDS})\s*\([^()]*\)\s*\.?\s*$", re.IGNORECASE)
_ALONE_IN_BRACKETS = re.compile(rf"\(\s*({_WORDS})\s*\)|\s[-–]\s*({_WORDS})\s*$", re.IGNORECASE)
_LANDMARK = re.compile(
    r"\b(?:arah|menghadap|facing|towards?)\b\s*[:\-]?\s*(.*?)\s*\)?\s*$", re.IGNORECASE
)


@dataclass(frozen=True)
class NameDirection:
    """What a name says: a heading in degrees from true north, or a landmark, or neither."""

    heading_deg: float | None = None
    landmark: str = ""
    trailing_compass_word: bool = False


def direction_in_name(name: str) -> NameDirection:
    """The direction a camera's name states.

    `Arah <compass word>` wherever it stands, a compass word in brackets or before a bracketed
    place (`Timur (BRI Kawi)`) and `- <compass word>` at the end count. A compass word that merely
    ends the name is taken for part of the street's name and gives no heading; `Arah Museum` names
    a landmark, whose bearing is not known here.
    """
    match = _STATED.search(name) or _BEFORE_BRACKET.search(name) or _ALONE_IN_BRACKETS.search(name)
    if match:
        word = next(group for group in match.groups() if group)
        return NameDirection(heading_deg=COMPASS_DEG[re.sub(r"[\s-]", "", word.lower())])
    landmark = _LANDMARK.search(name)
    if landmark and landmark[1]:
        return NameDirection(landmark=landmark[1].strip(" ()."))
    return NameDirection(
        trailing_compass_word=bool(re.search(rf"\b({_WORDS})\s*\.?$", name.strip(), re.IGNORECASE))
    )
