"""Logging in and out, and choosing a language."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.i18n import set_language as django_set_language

from layers.access.gate import everybody


@method_decorator(never_cache, name="dispatch")
class LoginView(auth_views.LoginView):
    """The login page."""

    template_name = "layers/login.html"
    redirect_authenticated_user = True


login = everybody(LoginView.as_view())
logout = everybody(auth_views.LogoutView.as_view())
set_language = everybody(django_set_language)
