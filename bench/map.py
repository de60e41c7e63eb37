"""How right the map is, and how long drawing takes: real clicks on a hard page at five widths, drawn on the pictures of
three, beside the methods of other products on the same clicks; projection and colour of 5,000 cells at 4x CPU throttle.

Run ``.venv/bin/python bench/map.py``. "Right" = inside the element that was clicked, among the clicks on elements that
the picture shows; errors are to the place inside the element, at the widths of the pictures.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import brotli

from infra.local.chromium import open_chromium
from tests.browser.collector_stub import Server, site_handler
from tests.browser.map_clicks import (
    CAPTURED,
    WINDOWS,
    by_scroll_size,
    by_viewport,
    capture,
    drawn,
    percentile,
    share,
    visible,
)
from tests.browser.test_map import Site

METHODS = {
    "the map": lambda clicks, truth: drawn(clicks, truth)[0],
    "x as share of the viewport, y absolute": by_viewport,
    "shares of the scroll size": by_scroll_size,
}
PAGES = {"as clicked": "", "changed since": "?changed", "right to left": "?rtl"}
DRAW = """async () => {
  const [{ project }, { heatOf }] = await Promise.all(['project', 'paint'].map((name) => import(`/${name}.js`)));
  const places = Array.from({ length: 500 }, (_, index) =>
    ({ box: [(index * 37) % 1200, index * 119, 240, 48], layer: 0, seen: true }));
  const cells = Array.from({ length: 5000 }, (_, index) => ({ element: index % 500, fixed: false, level_x: 5,
    level_y: 3, cell_x: (index * 7) % 32, cell_y: index % 8, count: 1 + index % 9 }));
  const time = (work) => {
    const took = [];
    for (let turn = 0; turn < 40; turn++) {
      const from = performance.now();
      work();
      took.push(performance.now() - from);
    }
    took.sort((a, b) => a - b);
    return [took[0], took[20], took[38]];
  };
  const { points } = project(cells, places, 1440, 60000);
  return {
    'project 5,000 cells on a page of 60,000 px': time(() => project(cells, places, 1440, 60000)),
    'and colour what a screen of 900 px shows': time(() => {
      const found = project(cells, places, 1440, 60000).points;
      heatOf(found, { left: 0, top: 30000, width: 1440, height: 900 }, 0.01);
    }),
    '5,000 cells all on one screen': time(() => {
      const near = points.map((point) => ({ ...point, y: point.y % 900 }));
      heatOf(near, { left: 0, top: 0, width: 1440, height: 900 }, 0.01);
    }),
  };
}"""


def accuracy(browser: Any) -> None:
    """Print how right each method is."""
    with ExitStack() as servers:
        site = Site(browser, servers)
        for name, query in PAGES.items():
            clicks = site.clicks("" if name == "changed since" else query)
            print(f"\n{name}: {len(clicks)} clicks at widths {', '.join(str(width) for width, *_ in WINDOWS)}")
            truths = {width: capture(browser, f"{site.url}/map.html{query}", clicks, width) for width in CAPTURED}
            for method, draw in METHODS.items():
                seen = [one for truth in truths.values() for one in visible(draw(clicks, truth), truth)]
                placed = [one for one in seen if one.point]
                own = [
                    one.error
                    for width, truth in truths.items()
                    for one in visible(draw(clicks, truth), truth)
                    if one.point and one.click.width == width
                ]
                print(
                    f"  {method:<40} placed {share([one.point is not None for one in seen]):6.1%}"
                    f"  right {share([one.right for one in placed]):6.1%}"
                    f"  error median {percentile(own, 0.5):6.1f} px, p95 {percentile(own, 0.95):8.1f} px"
                )
            for width, truth in truths.items():
                account = drawn(clicks, truth)[1]
                print(
                    f"  account at {width} px: placed {account.placed:.0f} + fallback {account.fallback:.0f} + hidden "
                    f"{account.hidden:.0f} + unplaced {account.unplaced:.0f} = {account.total:.0f} of {len(clicks)}"
                )


def drawing(browser: Any) -> None:
    """Print how long projection and colour take at 4x throttle."""
    library = ROOT / "clicktracker_js" / "src" / "lib"
    pages = ROOT / "clicktracker_js" / "test" / "pages"
    with Server(site_handler({}, {}, (library, pages))) as server:
        page = browser.new_page()
        page.goto(f"{server.url}/plain.html")
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
        print("\nat 4x CPU throttle, least, median and p95 of 40:")
        for what, (least, median, high) in page.evaluate(DRAW).items():
            print(f"  {what:<44} {least:6.1f} ms {median:6.1f} ms {high:6.1f} ms")
        page.close()


def main() -> None:
    built = (ROOT / "clicktracker_js" / "dist" / "clicktracker.overlay.js").read_bytes()
    print(f"overlay: {len(built):,} bytes, {len(brotli.compress(built, quality=11)):,} brotli")
    with open_chromium() as browser:
        drawing(browser)
        accuracy(browser)


if __name__ == "__main__":
    main()
