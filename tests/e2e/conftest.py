"""A browser without a network, and a page that reports everything it should not have done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from layers.catalog.versions import forget_versions
from layers.tiles.clusters import forget_built

# Playwright's synchronous interface runs an event loop in the thread of the test.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One Chromium for the session; skips where there is none."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("NCC_CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no Chromium: run bin/test, or set NCC_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a page did wrong: script errors, policy violations, outside requests, failed answers."""

    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        """Nothing was noticed."""
        assert not self.outside, self.outside
        assert not self.errors, self.errors
        assert not self.failed, self.failed


@pytest.fixture(autouse=True)
def _fresh_tiles(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.NCC_TILE_CACHE_DIR = tmp_path / "tiles"
    forget_versions()
    forget_built()
    yield
    forget_versions()
    forget_built()


@pytest.fixture
def open_page(chromium: Any, live_server: Any, client: Any) -> Iterator[Callable[..., Any]]:
    """`open_page("/", user=…, phone=True, theme="light")` gives (page, watch) once the page is ready.

    Requests that leave the server's address are refused and noted. The event stream is answered
    by 204, which tells the browser not to come back: the test server has no event loop.
    """
    contexts = []
    home = urlsplit(live_server.url).netloc

    def make(
        address: str = "/",
        *,
        user: Any = None,
        phone: bool = False,
        theme: str = "dark",
        language: str = "id",
        ready: str = "html[data-ready]",
        **options: Any,
    ) -> tuple[Any, Watch]:
        watch = Watch()
        shape = (
            {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
            if phone
            else {"viewport": {"width": 1440, "height": 900}}
        )
        context = chromium.new_context(
            color_scheme=theme, locale="id-ID" if language == "id" else "en-GB", **shape, **options
        )
        contexts.append(context)
        cookies = [{"name": "django_language", "value": language, "url": live_server.url}]
        if user is not None:
            client.force_login(user)
            cookies.append(
                {
                    "name": "sessionid",
                    "value": client.cookies["sessionid"].value,
                    "url": live_server.url,
                }
            )
        context.add_cookies(cookies)

        def route(handled: Any) -> None:
            asked = urlsplit(handled.request.url)
            if asked.netloc != home:
                watch.outside.append(handled.request.url)
                handled.abort()
            elif asked.path == "/events/":
                handled.fulfill(status=204)
            else:
                handled.continue_()

        context.route("**/*", route)
        page = context.new_page()
        page.on("pageerror", lambda error: watch.errors.append(str(error)))
        page.on(
            "console",
            lambda message: watch.errors.append(message.text) if message.type == "error" else None,
        )
        page.on(
            "response",
            lambda answer: (
                watch.failed.append(f"{answer.status} {answer.url}")
                if answer.status >= 400
                else None
            ),
        )
        page.goto(live_server.url + address)
        page.wait_for_selector(ready, timeout=20_000, state="attached")
        return page, watch

    yield make
    for context in contexts:
        context.close()
