"""Requests that may come twice: the first one with a key is carried out, the others get its answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from layers.audit.actor import recorded
from layers.errors import InvalidInput
from layers.incidents.records import Receipt
from layers.jobs.periodic import periodic

#: A key is remembered this long (days).
KEEP_DAYS = 3
KEY_MAX = 80


def once(
    key: str | None, *, user: Any, action: str, body: Any, work: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """The result of `work`, carried out once for a user's key, and whether it was done just now.

    The key is written in the same transaction as the change, so a failed or rolled-back request
    leaves none. Of two that come at once the second waits for the first to commit and then gets
    its result. `work` returns what names the result (numbers, ids), nothing secret. The same key
    with another body is refused with `InvalidInput`. Without a key the work is simply done.
    """
    if not key:
        with recorded():
            return work(), True
    if len(key) > KEY_MAX or not key.isprintable():
        raise InvalidInput(
            _("the idempotency key is too long"), where="Idempotency-Key", remedy=_("send at most {most} characters").format(most=KEY_MAX)
        )  # fmt: skip
    text = json.dumps([action, body], sort_keys=True, cls=DjangoJSONEncoder)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    with recorded():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO layers_receipt (key, user_id, action, digest, result, at)"
                " VALUES (%s, %s, %s, %s, '{}', now()) ON CONFLICT (user_id, key) DO NOTHING",
                [key, user.pk, action, digest],
            )
            fresh = cursor.rowcount == 1
        receipt = Receipt.objects.get(user=user, key=key)
        if not fresh:
            if receipt.digest != digest:
                raise InvalidInput(
                    _("this idempotency key was used for another request"),
                    value=key,
                    where="Idempotency-Key",
                    remedy=_("make a new key for each form"),
                )
            return receipt.result, False
        receipt.result = work()
        receipt.save(update_fields=["result"])
        return receipt.result, True


@periodic(3600, name="incidents.receipts_prune")
def receipts_prune() -> None:
    """Forget keys older than a few days."""
    Receipt.objects.filter(at__lt=timezone.now() - timedelta(days=KEEP_DAYS)).delete()
