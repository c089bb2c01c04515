"""The API object: errors as JSON, policies per operation, no outside assets."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError

from layers.access.gate import allow
from layers.access.policies import Can, rights_of
from layers.api.validation import fault_words
from layers.errors import Conflict, Forbidden, InvalidInput, NccError, http_status

logger = logging.getLogger(__name__)

api = NinjaAPI(
    title="NCC Geo",
    version="1",
    description="Layers, search, coverage and dispatch of a city command centre.",
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)


@api.exception_handler(NccError)
def _named_error(request: HttpRequest, error: NccError) -> HttpResponse:
    return api.create_response(
        request,
        {**error.details, "error": error.code, "message": error.told(), "where": error.where},
        status=http_status(error),
    )


@api.exception_handler(ValidationError)
def _bad_request(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0] if error.errors else {}
    where = ".".join(str(part) for part in first.get("loc", ())[1:])
    answer = {"error": InvalidInput.code, "message": fault_words(first), "where": where}
    return api.create_response(request, answer, status=422)


@api.exception_handler(IntegrityError)
def _refused_by_the_database(request: HttpRequest, error: IntegrityError) -> HttpResponse:
    """A constraint held where two writers met: the second is told, and nothing is half done."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    logger.warning("a constraint refused a write: %s", name)
    refusal = Conflict(
        _("somebody else changed this at the same moment"), value=name, remedy=_("look at the current values and try again")
    )  # fmt: skip
    return api.create_response(
        request,
        {"error": refusal.code, "message": str(refusal), "constraint": name},
        status=http_status(refusal),
    )


def _csrf_failure(request: HttpRequest) -> str | None:
    check = CsrfViewMiddleware(lambda _: HttpResponse())
    check.process_request(request)
    answer = check.process_view(request, lambda: HttpResponse(), (), {})
    return None if answer is None else _("the form's token is missing or old")


def open_to(*abilities: Can) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Open an operation to visitors with any of the abilities; changes need the page's CSRF token."""

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not rights_of(request.user).abilities & frozenset(abilities):
                raise Forbidden(
                    _("your account may not do this"),
                    remedy=_("ask your agency's Admin for a role that can"),
                )
            if request.method not in {"GET", "HEAD", "OPTIONS"}:
                failure = _csrf_failure(request)
                if failure:
                    raise Forbidden(failure, remedy=_("load the page again"))
            return view(request, *args, **kwargs)

        # Names in the annotations mean what they mean where the view was written.
        guarded.__signature__ = inspect.signature(view, eval_str=True)  # type: ignore[attr-defined]
        allow(*abilities)(view)
        allow(*abilities)(guarded)
        return guarded

    return mark


def new_router(tag: str) -> Router:
    """A router whose operations are listed under one tag."""
    return Router(tags=[tag])
