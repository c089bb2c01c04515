"""Log filter: credentials inside addresses never reach a log line."""

from __future__ import annotations

import logging
import re

_CREDENTIALS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]*@", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """The text with `user:password@` cut out of every address in it."""
    return _CREDENTIALS.sub(r"\g<scheme>…@", text)


class SecretFilter(logging.Filter):
    """Rewrites each record's text with `without_credentials`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = without_credentials(record.getMessage())
        record.args = None
        return True
