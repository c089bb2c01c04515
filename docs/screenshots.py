"""Makes the pictures of docs/images from a running demonstration city; how to run it is in docs/screenshots.md."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent / "images"
DESKTOP = (1440, 900)
PHONE = (390, 844)
MOST_BYTES = 400_000
MOST_BYTES_IN_ALL = 5_000_000
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
#: The middle of the demonstration city, as addresses of the map have it: latitude/longitude.
CENTRE = "-7.97930/112.63040"
#: Where Jalan Ijen meets Jalan Semeru.
CROSSING = "-7.97231/112.62215"
TIMEOUT_MS = 90_000


@dataclass(frozen=True)
class Picture:
    """One picture: who is logged in, where the browser goes, what is done before the shot."""

    name: str
    role: str
    path: str
    theme: str
    size: tuple[int, int]
    act: Callable[[Any], None]


def settle(page: Any) -> None:
    """Wait until the tiles in view are drawn and nothing moves any more."""
    page.wait_for_function(
        "() => document.querySelectorAll('.leaflet-tile-loaded').length > 3"
        " && !document.querySelector('.leaflet-tile:not(.leaflet-tile-loaded)')",
        timeout=TIMEOUT_MS,
    )
    page.wait_for_timeout(1_500)


def show_map(page: Any) -> None:
    """The map as it opens."""
    settle(page)


def open_camera(page: Any) -> None:
    """Search a camera and open it."""
    settle(page)
    find(page, "CCTV-0001")
    page.locator("#search-results [role=option]").first.click()
    page.wait_for_selector("#details:not([hidden]) dd", timeout=TIMEOUT_MS)
    settle(page)


def find(page: Any, text: str) -> None:
    """Type into the search box and wait for results."""
    page.locator("#search input").fill(text)
    page.wait_for_selector("#search-results [role=option]", timeout=TIMEOUT_MS)


def search_intersection(page: Any) -> None:
    """Search for where two streets meet."""
    settle(page)
    find(page, "Ijen x Semeru")
    page.wait_for_timeout(500)


def worst_gap(page: Any) -> None:
    """The figures of the last analysis, and the worst gap on the map."""
    page.wait_for_selector("html[data-ready=coverage]", timeout=TIMEOUT_MS)
    page.wait_for_selector("[data-gap-list] button", timeout=TIMEOUT_MS)
    page.locator("[data-gap-list] button").first.click()
    settle(page)


def coverage_overview(page: Any) -> None:
    """The coverage console as it opens."""
    page.wait_for_selector("html[data-ready=coverage]", timeout=TIMEOUT_MS)
    page.wait_for_timeout(1_500)
    settle(page)


def try_camera(page: Any) -> None:
    """A camera that does not exist, put in the middle of the map."""
    page.wait_for_selector("html[data-ready=coverage]", timeout=TIMEOUT_MS)
    settle(page)
    page.locator("input[name=click-mode][value=trial]").check(force=True)
    page.wait_for_selector("[data-trial] dd", timeout=TIMEOUT_MS)
    settle(page)


def open_incident(page: Any) -> None:
    """An urgent incident that nobody was sent to yet, with whom to send and why."""
    page.wait_for_selector("html[data-ready=dispatch]", timeout=TIMEOUT_MS)
    settle(page)
    page.locator("[data-queue] [data-row]").nth(1).click()
    page.wait_for_selector(
        "#incident:not([hidden]) h2, #incident:not([hidden]) h3", timeout=TIMEOUT_MS
    )
    page.wait_for_timeout(6_000)
    settle(page)


def open_plan(page: Any) -> None:
    """The newest plan, its sites numbered on the map."""
    page.wait_for_selector("html[data-ready=planning]", timeout=TIMEOUT_MS)
    page.locator("[data-plan-list] button").first.click()
    page.wait_for_timeout(3_000)
    settle(page)


def read_report(page: Any) -> None:
    """The figures of the last 30 days, by kelurahan."""
    page.wait_for_selector("html[data-ready=reports] .report-card", timeout=TIMEOUT_MS)
    settle(page)


def crew_page(page: Any) -> None:
    """The page of a crew as it opens."""
    page.wait_for_selector("html[data-ready=unit]", timeout=TIMEOUT_MS)
    page.wait_for_timeout(2_000)


def citizen_page(page: Any) -> None:
    """The form a citizen reports with."""
    page.wait_for_selector("html[data-ready=report]", timeout=TIMEOUT_MS)
    page.wait_for_timeout(2_000)


def nothing(page: Any) -> None:
    """The page as it opens."""
    page.wait_for_timeout(500)


def open_first_row(page: Any) -> None:
    """The form of the first row of a list in the administration, with its map in view."""
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_load_state("load")
    page.locator(".leaflet-container").first.scroll_into_view_if_needed()
    settle(page)


PICTURES = (
    Picture("map-light", "", f"/#14/{CENTRE}", "light", DESKTOP, show_map),
    Picture("map-dark", "supervisor", f"/#16/{CENTRE}", "dark", DESKTOP, open_camera),
    Picture("map-phone-light", "", f"/#15/{CENTRE}", "light", PHONE, show_map),
    Picture("search-light", "", f"/#14/{CENTRE}", "light", DESKTOP, search_intersection),
    Picture("coverage-dark", "planner", "/coverage/", "dark", DESKTOP, coverage_overview),
    Picture("coverage-light", "planner", "/coverage/?tab=gaps", "light", DESKTOP, worst_gap),
    Picture("coverage-camera-light", "planner", f"/coverage/?tab=point#18/{CROSSING}", "light", DESKTOP, try_camera),
    Picture("coverage-phone-dark", "planner", "/coverage/?tab=gaps", "dark", PHONE, worst_gap),
    Picture("planning-light", "planner", "/planning/", "light", DESKTOP, open_plan),
    Picture("planning-police-dark", "police_liaison", "/planning/", "dark", DESKTOP, open_plan),
    Picture("dispatch-dark", "dispatcher", "/dispatch/", "dark", DESKTOP, open_incident),
    Picture("dispatch-light", "dispatcher", "/dispatch/", "light", DESKTOP, open_incident),
    Picture("dispatch-phone-dark", "dispatcher", "/dispatch/", "dark", PHONE, open_incident),
    Picture("unit-phone-dark", "field_unit", "/unit/", "dark", PHONE, crew_page),
    Picture("reports-light", "supervisor", "/reports/", "light", DESKTOP, read_report),
    Picture("report-phone-light", "", "/report/", "light", PHONE, citizen_page),
    Picture("login-light", "", "/login/", "light", PHONE, nothing),
    Picture("admin-light", "platform_admin", "/admin/", "light", DESKTOP, nothing),
    Picture("admin-camera-light", "platform_admin", "/admin/layers/camera/", "light", DESKTOP, open_first_row),
)  # fmt: skip


def read_accounts(path: Path) -> dict[str, tuple[str, str]]:
    """User name and password by role, from the file that loading the demonstration city leaves."""
    accounts: dict[str, tuple[str, str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if len(words) == 3:
            accounts.setdefault(words[2], (words[0], words[1]))
    return accounts


def log_in(page: Any, base: str, account: tuple[str, str]) -> None:
    """Log in through the form."""
    page.goto(f"{base}/login/", timeout=TIMEOUT_MS)
    page.fill("input[name=username]", account[0])
    page.fill("input[name=password]", account[1])
    page.locator("main button").click()
    page.wait_for_url(lambda url: "/login" not in url, timeout=TIMEOUT_MS)


@contextmanager
def visitor(browser: Any, base: str, picture: Picture, account: tuple[str, str] | None) -> Iterator[Any]:  # fmt: skip
    """A page of a fresh visitor, logged in where the picture needs it."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=picture.theme,
        locale="id-ID",
        timezone_id="Asia/Jakarta",
        reduced_motion="reduce",
        has_touch=picture.size == PHONE,
    )
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    try:
        if account is not None:
            log_in(page, base, account)
            page.goto("about:blank")
        page.goto(f"{base}{picture.path}", timeout=TIMEOUT_MS)
        yield page
    finally:
        context.close()


def palette_of(image: Image.Image, size: int) -> list[int]:
    """`size` colours of a picture, flat: half the commonest, half those farthest from what is taken.

    The first keep texts and grounds exact, the others keep the few pixels of a symbol in its colour
    (farthest-point traversal, Gonzalez 1985, doi:10.1016/0304-3975(85)90224-5).
    """
    counted = sorted(image.getcolors(image.width * image.height) or [], reverse=True)
    taken = [colour for _count, colour in counted[: size // 2]]
    rest = np.array([colour for count, colour in counted[size // 2 :] if count > 5], dtype=np.int64)
    if len(rest):
        away = ((rest[:, None] - np.array(taken)[None]) ** 2).sum(axis=2).min(axis=1)
        while len(taken) < size and away.max() > 0:
            pick = rest[away.argmax()]
            taken.append(tuple(int(channel) for channel in pick))
            away = np.minimum(away, ((rest - pick) ** 2).sum(axis=1))
    return [channel for colour in taken for channel in colour]


def compress(png: bytes) -> bytes:
    """The same picture with a palette, of fewer colours where it is still too large."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for size in (256, 160, 96, 64):
        palette = Image.new("P", (1, 1))
        flat = palette_of(image, size)
        palette.putpalette(flat + flat[-3:] * (256 - len(flat) // 3))
        out = io.BytesIO()
        image.quantize(palette=palette, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue()


def main() -> int:
    """Take all pictures, or those whose names were given; 1 when one failed or is too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="address of the site, such as http://127.0.0.1:8000")
    parser.add_argument("accounts", type=Path, help="var/demo-accounts.txt of that site")
    parser.add_argument("names", nargs="*", help="pictures to take; all without one")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    options = parser.parse_args()
    chromium = os.environ.get("NCC_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        parser.error("no Chromium: install it, or name it in NCC_CHROMIUM")
    unknown = set(options.names) - {picture.name for picture in PICTURES}
    if unknown:
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    accounts = read_accounts(options.accounts)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        for picture in PICTURES:
            if options.names and picture.name not in options.names:
                continue
            account = accounts[picture.role] if picture.role else None
            try:
                with visitor(browser, options.base.rstrip("/"), picture, account) as page:
                    picture.act(page)
                    png = compress(page.screenshot())
            except Exception as error:  # the other pictures are still worth taking
                print(f"{picture.name}: {error}", file=sys.stderr)
                failed += 1
                continue
            (options.out / f"{picture.name}.png").write_bytes(png)
            failed += len(png) > MOST_BYTES
            print(f"{picture.name}.png {len(png):,} bytes")
        browser.close()
    together = sum(path.stat().st_size for path in options.out.glob("*.png"))
    print(f"{together:,} bytes in all")
    return 1 if failed or together > MOST_BYTES_IN_ALL else 0


if __name__ == "__main__":
    sys.exit(main())
