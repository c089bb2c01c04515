"""Gives every API address the policy its operations state, so that default deny knows it."""

from __future__ import annotations

import inspect
from typing import Any

from django.urls import URLPattern
from ninja import NinjaAPI

from layers.access.gate import POLICY_ATTRIBUTE, everybody, policy_of


def guarded_urls(api: NinjaAPI) -> tuple[list[Any], str, str]:
    """The addresses of an API, each marked with the abilities its operations are open to.

    An address whose operation states nothing stays unmarked, and therefore closed. Operations
    under one address (GET, POST) each keep to their own policy, see `require_policy`.
    """
    patterns, app_name, namespace = api.urls
    for pattern in patterns:
        if not isinstance(pattern, URLPattern):
            continue
        closed_over = (
            inspect.getclosurevars(pattern.callback).nonlocals
            if inspect.isfunction(pattern.callback)
            else {}
        )
        operations = getattr(closed_over.get("self"), "operations", None)
        if operations is None:  # the OpenAPI document and the root: they speak of addresses alone
            everybody(pattern.callback)
            continue
        policies = [policy_of(inspect.unwrap(operation.view_func)) for operation in operations]
        if all(policies):
            setattr(
                pattern.callback, POLICY_ATTRIBUTE, frozenset().union(*(p for p in policies if p))
            )
    return patterns, app_name, namespace
