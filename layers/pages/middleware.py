"""Per-request habits: content policy, default deny, the actor for the history, errors as answers."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from layers.access.gate import BY_KEY, asks_its_own_site, policy_of
from layers.access.policies import rights_of
from layers.access.visitors import visitor_of
from layers.audit.actor import Actor, acting_as
from layers.errors import NccError, http_status

logger = logging.getLogger(__name__)
type_of_response = Callable[[HttpRequest], HttpResponse]


def content_policy(nonce: str) -> str:
    """The Content-Security-Policy header: our own origin, scripts and styles by nonce, no inline."""
    images = "'self' data: blob:"
    if settings.NCC_TILE_URL:
        parts = urlsplit(settings.NCC_TILE_URL)
        images += f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}"
    relay = ""
    if settings.NCC_RELAY_URL:
        parts = urlsplit(settings.NCC_RELAY_URL)
        relay = f" {parts.scheme}://{parts.netloc}"
    return (
        "default-src 'none'; "
        f"script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        f"img-src {images}; font-src 'self'; connect-src 'self'{relay}; media-src 'self' blob:{relay}; "
        "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    )


class ContentPolicyMiddleware:
    """Gives each request a nonce and each answer the policy that names it."""

    def __init__(self, get_response: type_of_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(18)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy",
            content_policy(request.csp_nonce),  # type: ignore[attr-defined]
        )
        response.headers.setdefault(
            "Permissions-Policy", "geolocation=(self), camera=(), microphone=()"
        )
        return response


def wants_json(request: HttpRequest) -> bool:
    """Whether the caller is a program rather than a page."""
    return request.path.startswith(("/api/", "/tiles/", "/events/", "/ogc/", "/open311/")) or (
        "application/json" in request.headers.get("Accept", "")
    )


def visitor_language(request: HttpRequest) -> str:
    """The account's language, else the one chosen by the switch, else the control room's own.

    What the browser asks for is not followed: a console is Indonesian on every machine.
    """
    chosen = (
        getattr(request.user, "language", ""),
        request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""),
    )
    offered = dict(settings.LANGUAGES)
    return next((language for language in chosen if language in offered), settings.LANGUAGE_CODE)


class VisitorMiddleware(AuthenticationMiddleware):
    """Django's own, with session, account and grants read at once."""

    def process_request(self, request: HttpRequest) -> None:
        """Set `request.user`, which is read when it is first looked at."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: visitor_of(request))  # type: ignore[assignment]


DATABASE_LOST = (OperationalError, InterfaceError)


def _visitor_lost(request: HttpRequest) -> bool:
    """Whether nobody can say who asks, because the database does not answer. The visitor is then
    nobody; a process that is asked whether it lives (/healthz) answers all the same."""
    try:
        # Looked up here, once for the request: every further try would wait for the pool again.
        _known = request.user.is_authenticated
    except DATABASE_LOST:
        request.user = AnonymousUser()
        return request.path != "/healthz"
    return False


class LanguageMiddleware:
    """Answers each visitor in their language, and says so where the database cannot tell who it is."""

    def __init__(self, get_response: type_of_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        lost = _visitor_lost(request)
        language = visitor_language(request)
        with translation.override(language):
            response = database_lost(request) if lost else self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class DefaultDenyMiddleware:
    """Closes every view that does not state who may call it, and those the visitor may not call."""

    def __init__(self, get_response: type_of_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        module = getattr(view, "__module__", "") or ""
        match = request.resolver_match
        if asks_its_own_site(app_name=match.app_name if match else "", module=module):
            return None
        policy = policy_of(view)
        if policy is not None and (BY_KEY in policy or rights_of(request.user).abilities & policy):
            return None
        if policy is None:
            logger.error(
                "view %s.%s states no policy and stays closed",
                module,
                getattr(view, "__name__", view),
            )
        if not request.user.is_authenticated and policy is not None:
            if wants_json(request):
                return JsonResponse(
                    {"error": "login_required", "message": _("Log in first.")}, status=401
                )
            return redirect_to_login(request.get_full_path())
        if wants_json(request):
            return JsonResponse(
                {"error": "forbidden", "message": _("Your account may not do this.")}, status=403
            )
        raise PermissionDenied


class ActorMiddleware:
    """Names the logged-in user as the actor of every change made by the request."""

    def __init__(self, get_response: type_of_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        with acting_as(Actor(user_id=user.pk, name=user.get_username(), source="web")):
            return self.get_response(request)


def database_lost(request: HttpRequest) -> HttpResponse:
    """503 where the database does not answer: it may be away before anybody knows who asks."""
    logger.exception("database unavailable")
    message = _(
        "The database does not answer. Nothing you entered was lost on this page; try again in a minute."
    )
    if wants_json(request):
        answer: HttpResponse = JsonResponse(
            {"error": "unavailable", "message": message}, status=503
        )
    else:
        answer = render(request, "layers/error.html", {"status": 503, "message": message}, status=503)  # fmt: skip
    answer["Retry-After"] = "5"
    return answer


class ErrorMiddleware:
    """Turns named errors and a lost database into clear answers."""

    def __init__(self, get_response: type_of_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NccError):
            status, code, message = http_status(error), error.code, str(error)
        elif isinstance(error, DATABASE_LOST):
            return database_lost(request)
        else:
            return None
        if wants_json(request):
            return JsonResponse({"error": code, "message": message}, status=status)
        return render(
            request, "layers/error.html", {"status": status, "message": message}, status=status
        )
