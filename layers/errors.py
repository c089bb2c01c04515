"""Named errors: each carries what was wrong, the value, where it was and how to mend it."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _


class NccError(Exception):
    """Base of every error the product raises on purpose.

    `str(error)` is one line fit for an operator: what, where, and the remedy.
    """

    code = "error"

    def __init__(
        self,
        message: str,
        *,
        value: Any = None,
        where: str = "",
        remedy: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.value = value
        self.where = where
        self.remedy = remedy
        #: More for programs, told beside the message; never anything secret.
        self.details = details or {}

    def __str__(self) -> str:
        # Errors are raised by plain scripts too, where nothing is there to translate with.
        words = _("(in {where})") if self.where and apps.ready else "(in {where})"
        place = words.format(where=self.where) if self.where else ""
        return self.told(place)

    def told(self, place: str = "") -> str:
        """The line without the place, for answers that tell the place apart."""
        text = f"{self.message} {place}".strip()
        if self.remedy:
            text += f"; {self.remedy}"
        return " ".join(text.split())


class InvalidInput(NccError):
    """The caller's input cannot be used as given."""

    code = "invalid_input"


class HostileInput(InvalidInput):
    """A file or value built to exhaust, escape or reach out; refused before it is read in full."""

    code = "hostile_input"


class NotFound(NccError):
    """The named thing does not exist, or the caller may not know that it does."""

    code = "not_found"

    def told(self, place: str = "") -> str:
        """The line, with what may have become of the thing where nothing else is advised."""
        line = super().told(place)
        if self.remedy or not apps.ready:
            return line
        return _("{what}; it was removed meanwhile, or is not open to you").format(what=line)


class Unauthenticated(NccError):
    """Nobody known is calling: a key is missing, wrong or revoked."""

    code = "unauthenticated"


class Forbidden(NccError):
    """The caller is known and may not do this."""

    code = "forbidden"


class Conflict(NccError):
    """Somebody else changed or holds the thing; `value` names the holder."""

    code = "conflict"


class TooMany(NccError):
    """The caller asks more often than it may; later the same is welcome."""

    code = "too_many"


class Unroutable(NccError):
    """No road leads there, or the network has no usable edge near the point."""

    code = "unroutable"


class Infeasible(NccError):
    """The constraints contradict each other; the message says which, with numbers."""

    code = "infeasible"


class Unavailable(NccError):
    """A part that is needed is not running or not built yet."""

    code = "unavailable"


#: The one table from error to HTTP status.
HTTP_STATUS: dict[type[NccError], int] = {
    InvalidInput: 422,
    HostileInput: 422,
    NotFound: 404,
    Unauthenticated: 401,
    Forbidden: 403,
    Conflict: 409,
    TooMany: 429,
    Unroutable: 422,
    Infeasible: 422,
    Unavailable: 503,
    NccError: 500,
}


def http_status(error: NccError) -> int:
    """HTTP status of an error: that of its nearest listed class."""
    for kind in type(error).__mro__:
        if kind in HTTP_STATUS:
            return HTTP_STATUS[kind]
    return 500
