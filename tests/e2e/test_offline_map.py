"""The offline map of a plan in a browser without a network: it draws, asks nobody, and names stay text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override

from layers.coverage.plans.models import Plan
from layers.maps.offline import plan_offline_map
from layers.places.models import Area
from tests.coverage.plans.conftest import *  # noqa: F403

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
SCRIPT = "</script><script>document.title='owned'</script>"
IMAGE = "<img src=x onerror=\"document.title='owned'\">"
TEMPLATE = "${document.title='owned'} {{7*7}} `x`"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_file_draws_the_plan_without_a_request(
    draft: Plan, chromium: Any, tmp_path: Path, theme: str
) -> None:
    Plan.objects.filter(pk=draft.pk).update(name=SCRIPT)
    Area.objects.filter(level="kelurahan").update(name=TEMPLATE)
    draft.sites.filter(order=1).update(street=IMAGE)
    draft.refresh_from_db()
    with override("id"):
        page_text = plan_offline_map(draft)
    assert "http://" not in page_text.replace("http://www.w3.org/", "")
    path = tmp_path / "plan.html"
    path.write_text(page_text, encoding="utf-8")
    context = chromium.new_context(color_scheme=theme, viewport={"width": 1200, "height": 800})
    asked: list[str] = []
    errors: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.set_offline(True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(path.as_uri())
    page.wait_for_selector(".badge")
    assert page.locator("#map .badge").count() == 3
    assert page.locator("h1").inner_text() == SCRIPT
    row = page.locator("#side li button").first
    assert IMAGE in row.inner_text()
    row.click()
    assert IMAGE in page.locator("#side h2").inner_text()
    assert "Tambahan" in page.locator("#side").inner_text()
    assert page.locator("img, script[src], link").count() == 0
    assert "owned" not in page.title() or page.title() == SCRIPT
    assert [url for url in asked if not url.startswith("file:")] == []
    assert len(asked) == 1
    assert errors == []
    context.close()
