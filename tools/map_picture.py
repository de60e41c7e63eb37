"""Write docs/images/map.png, which the README opens with: the click map of a running dashboard.

Run ``logdig demo`` and, while it shows its dashboard, ``python -m tools.map_picture http://127.0.0.1:PORT``.
"""

from __future__ import annotations

import io
from urllib.parse import quote

import click

from infra.local.chromium import open_chromium
from infra.paths import ROOT

PATH = ROOT / "docs" / "images" / "map.png"
WINDOW = {"width": 1440, "height": 1040}
DRAWN = "main:not([aria-busy]):not(:has(section[aria-busy])):not(:has(.wait)) .map-stage canvas"
WAIT_MS = 1500


@click.command()
@click.argument("dashboard", metavar="URL")
@click.option("--page", default="/", show_default=True, help="Page whose map is shown.")
def main(dashboard: str, page: str) -> None:
    """Open the click map of the dashboard at URL and write its picture."""
    from PIL import Image

    with open_chromium() as browser:
        opened = browser.new_page(viewport=WINDOW, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
        opened.goto(f"{dashboard.rstrip('/')}/map?page={quote(page, safe='')}")
        opened.wait_for_selector(DRAWN, timeout=60_000)
        # Tiles and parts come as they are scrolled to.
        opened.wait_for_timeout(WAIT_MS)
        shot = opened.screenshot()
    PATH.parent.mkdir(exist_ok=True)
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    image.save(PATH, optimize=True)
    click.echo(f"{PATH.relative_to(ROOT)}: {PATH.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main()
