"""What a form says about a field that cannot be taken, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

#: Kind of fault (as pydantic names it) → what is wrong; `{…}` are values of the fault.
FAULTS: dict[str, Any] = {
    "missing": gettext_lazy("is missing"),
    "extra_forbidden": gettext_lazy("is a field that nobody knows"),
    "string_too_long": gettext_lazy("has more than {max_length} characters"),
    "string_too_short": gettext_lazy("has fewer than {min_length} characters"),
    "too_long": gettext_lazy("has more than {max_length} entries"),
    "too_short": gettext_lazy("has fewer than {min_length} entries"),
    "greater_than": gettext_lazy("must be above {gt}"),
    "greater_than_equal": gettext_lazy("must be at least {ge}"),
    "less_than": gettext_lazy("must be below {lt}"),
    "less_than_equal": gettext_lazy("must be at most {le}"),
    "finite_number": gettext_lazy("must be a finite number"),
    "int_parsing": gettext_lazy("must be a whole number"),
    "int_from_float": gettext_lazy("must be a whole number"),
    "int_parsing_size": gettext_lazy("must be a whole number"),
    "int_type": gettext_lazy("must be a whole number"),
    "float_parsing": gettext_lazy("must be a number"),
    "float_type": gettext_lazy("must be a number"),
    "bool_parsing": gettext_lazy("must be yes or no"),
    "bool_type": gettext_lazy("must be yes or no"),
    "string_type": gettext_lazy("must be text"),
    "string_unicode": gettext_lazy("holds signs that cannot be stored"),
    "list_type": gettext_lazy("must be a list"),
    "dict_type": gettext_lazy("must be an object"),
    "model_attributes_type": gettext_lazy("must be an object"),
    "model_type": gettext_lazy("must be an object"),
    "literal_error": gettext_lazy("must be one of {expected}"),
    "enum": gettext_lazy("must be one of {expected}"),
    "datetime_parsing": gettext_lazy("must be a date and time"),
    "datetime_from_date_parsing": gettext_lazy("must be a date and time"),
    "datetime_type": gettext_lazy("must be a date and time"),
    "datetime_object_invalid": gettext_lazy("must be a date and time"),
    "date_from_datetime_parsing": gettext_lazy("must be a date"),
    "date_parsing": gettext_lazy("must be a date"),
    "json_invalid": gettext_lazy("is not JSON"),
    "json_type": gettext_lazy("is not JSON"),
}
#: Fields of the desk's forms as their labels name them.
FIELDS: dict[str, Any] = {
    "accuracy_m": gettext_lazy("accuracy"),
    "action": gettext_lazy("action"),
    "address": gettext_lazy("address"),
    "agency": gettext_lazy("agency"),
    "alarm_level": gettext_lazy("alarm level"),
    "arrived_at": gettext_lazy("time of the call"),
    "at": gettext_lazy("time"),
    "caller_name": gettext_lazy("name of the caller"),
    "caller_number": gettext_lazy("number of the caller"),
    "channel": gettext_lazy("channel"),
    "codes": gettext_lazy("cameras"),
    "disposition": gettext_lazy("disposition"),
    "ends_at": gettext_lazy("until"),
    "file": gettext_lazy("file"),
    "geometry": gettext_lazy("drawing"),
    "into": gettext_lazy("number of the other incident"),
    "kind": gettext_lazy("kind"),
    "lat": gettext_lazy("latitude"),
    "lon": gettext_lazy("longitude"),
    "note": gettext_lazy("note"),
    "number": gettext_lazy("number"),
    "place_text": gettext_lazy("place"),
    "priority": gettext_lazy("priority"),
    "reason": gettext_lazy("reason"),
    "reported_at": gettext_lazy("time of the report"),
    "scheduled_for": gettext_lazy("scheduled for"),
    "starts_at": gettext_lazy("from"),
    "status": gettext_lazy("status"),
    "step": gettext_lazy("step"),
    "summary": gettext_lazy("summary"),
    "text": gettext_lazy("text"),
    "type": gettext_lazy("type"),
    "units": gettext_lazy("units"),
    "version": gettext_lazy("version"),
}


def fault_words(fault: Mapping[str, Any]) -> str:
    """One fault of a form in words: which field, and what is wrong with it."""
    text = str(FAULTS.get(str(fault.get("type", "")), _("is not understood")))
    for name, value in (fault.get("ctx") or {}).items():
        text = text.replace(f"{{{name}}}", str(value))
    place = [part for part in fault.get("loc", ())[1:] if part != "body"]
    names = [part for part in place if isinstance(part, str)]
    known = next((FIELDS[name] for name in reversed(names) if name in FIELDS), None)
    where = str(known) if known is not None else ".".join(str(part) for part in place)
    return f"{where}: {text}" if where else text
