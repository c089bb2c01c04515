"""Our own files as the server sends them: whole, in part, and not again when unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

ADDRESS = "/static/layers/css/console.css"


@pytest.mark.django_db
def test_a_file_is_sent_whole_in_part_and_not_again(client: Client, project_root: Path) -> None:
    content = (project_root / "static/layers/css/console.css").read_bytes()
    whole = client.get(ADDRESS)
    assert (whole.status_code, whole.content) == (200, content)
    assert whole["Content-Type"].startswith("text/css")
    part = client.get(ADDRESS, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])
    again = client.get(ADDRESS, headers={"If-None-Match": whole.get("ETag", ""), "If-Modified-Since": whole["Last-Modified"]})  # fmt: skip
    assert (again.status_code, again.content) == (304, b"")
    assert not whole.streaming


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["../manage.py", "..%2fmanage.py", "layers/%2e%2e/%2e%2e/manage.py"]
)
def test_nothing_outside_is_served(client: Client, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404
