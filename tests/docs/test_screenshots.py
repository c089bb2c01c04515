"""What the script of pictures does without a browser: accounts, and palettes that keep colours."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from docs.screenshots import compress, read_accounts


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8), "RGB").save(out, "PNG")
    return out.getvalue()


def test_accounts_are_read_by_role(tmp_path: Path) -> None:
    path = tmp_path / "accounts.txt"
    path.write_text(
        "demonstration accounts (user, password, role):\n"
        "  admin       admin-aB_3      platform_admin\n"
        "  perencana   perencana-xY-9  planner\n"
    )
    assert read_accounts(path) == {
        "platform_admin": ("admin", "admin-aB_3"),
        "planner": ("perencana", "perencana-xY-9"),
    }


def test_a_small_symbol_keeps_its_colour_among_a_thousand_greens() -> None:
    pixels = np.zeros((200, 200, 3), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(0, 10, (200, 200, 3))
    pixels[...] = noise + np.array([40, 120, 60])
    pixels[10:20, 10:20] = (220, 40, 30)
    seen = np.asarray(Image.open(io.BytesIO(compress(png(pixels)))).convert("RGB"), dtype=int)
    assert (seen[10:20, 10:20] == (220, 40, 30)).all()
    assert np.abs(seen - pixels.astype(int)).max() <= 10
