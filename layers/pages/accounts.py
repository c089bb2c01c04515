"""Logging in and out, and choosing a language."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.i18n import set_language as django_set_language

from layers.access.gate import everybody
from layers.access.services import user_language_set


@method_decorator(never_cache, name="dispatch")
class LoginView(auth_views.LoginView):
    """The login page."""

    template_name = "layers/login.html"
    redirect_authenticated_user = True


login = everybody(LoginView.as_view())
logout = everybody(auth_views.LogoutView.as_view())


@everybody
def set_language(request: HttpRequest) -> HttpResponseBase:
    """The language switch: kept in a cookie for a visitor, in the account for someone logged in."""
    language = request.POST.get("language", "")
    if request.method == "POST" and language in dict(settings.LANGUAGES):
        user_language_set(request.user, language=language)
    return django_set_language(request)
