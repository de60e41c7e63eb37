"""How right the map is, and how long drawing takes: real clicks on a hard page at five widths, drawn on the pictures of
three, beside the methods of other products on the same clicks; projection and colour of 5,000 cells at 4x CPU throttle,
alone and by the overlay on a live page of 60,000 px, where it is also counted what scrolling paints again.

Run ``.venv/bin/python bench/map.py``, or with ``overlay`` for the live page alone. "Right" = inside the element that
was clicked, among the clicks on elements that the picture shows; errors are to the place inside the element, at the
widths of the pictures.
"""

from __future__ import annotations

import json
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
from tests.browser.test_map import HOME, OPEN_ROOTS, SAID, Site, message, mode, open_from

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

REDRAW = """() => {
  const select = document.querySelector('html > div[data-logdig-ignore]').shadowRoot.querySelector('select');
  const took = [];
  for (let turn = 0; turn < 20; turn++) {
    const from = performance.now();
    select.dispatchEvent(new Event('change'));
    took.push(performance.now() - from);
  }
  took.sort((a, b) => a - b);
  return [took[0], took[10], took[18]];
}"""
"""What the overlay does when the page has changed: measure 500 elements, project 5,000 cells, colour the screen."""
COUNT = """const put = CanvasRenderingContext2D.prototype.putImageData;
window.coloured = new Map();
CanvasRenderingContext2D.prototype.putImageData = function (...values) {
  coloured.set(this.canvas, 1 + (coloured.get(this.canvas) ?? 0));
  return put.apply(this, values);
};"""
STEPS, STEP_PX = 40, 100


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


def overlay(browser: Any) -> None:
    """Print how long the overlay takes to draw a live page anew, and what is painted while it is scrolled."""
    with ExitStack() as servers:
        site = Site(browser, servers)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_init_script(OPEN_ROOTS)
        context.add_init_script(COUNT)
        opener, page = open_from(context, HOME, f"{site.url}/map.html", f"logdig-map {HOME}")
        opener.wait_for_function("heard.length > 0")
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
        height = page.evaluate("document.documentElement.scrollHeight")
        print(f"\nthe overlay at 4x CPU throttle on a page of {height:,} px")
        print(f"  {STEPS} steps of {STEP_PX} px without it: {_scrolled(browser, page)}")
        for name, header in (("clicks on the page", 0), ("and on its sticky header", 20)):
            cells = [[n % 500, False, 5, 3, (n * 7) % 32, n % 8, 1 + n % 9] for n in range(5000 - header)]
            cells += [[500, False, 3, 3, n % 8, n // 8, 5] for n in range(header)]
            pairs = [(f'a[href="/song/{4 * n}"]', None) for n in range(500)] + [("header .toggle", None)]
            sent = message(pairs, mode(name, "clicks", cells=cells, per=0.01))
            page.evaluate("scrollTo(0, 0)")
            opener.evaluate("([sent, to]) => page.postMessage(sent, to)", [sent, site.url])
            page.wait_for_function(f"({SAID})().includes('{name}') && ({SAID})().includes('placed')")
            least, median, high = page.evaluate(REDRAW)
            print(f"  {name}: drawn anew {least:.1f} ms, median {median:.1f} ms, p95 {high:.1f} ms of 20")
            page.evaluate("coloured.clear()")
            print(f"    {STEPS} steps of {STEP_PX} px: {_scrolled(browser, page)}")
            times = page.evaluate("[...coloured.values()]")
            again = sum(number > 1 for number in times)
            print(f"    canvases coloured while scrolling: {len(times)}, of these more than once: {again}")
        context.close()


def _scrolled(browser: Any, page: Any) -> str:
    """Scroll by the wheel, and say what the page's main thread painted and its longest task."""
    browser.start_tracing(page=page, categories=["devtools.timeline"])
    page.mouse.move(700, 500)
    for _ in range(STEPS):
        page.mouse.wheel(0, STEP_PX)
        page.wait_for_timeout(30)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    paints = [one for one in events if one["name"] == "Paint" and one.get("ph") in ("X", "B")]
    tasks = [one["dur"] / 1000 for one in events if one["name"] == "FunctionCall" and "dur" in one]
    return f"{len(paints)} paints, longest script {max(tasks, default=0):.1f} ms"


def main() -> None:
    built = (ROOT / "clicktracker_js" / "dist" / "clicktracker.overlay.js").read_bytes()
    print(f"overlay: {len(built):,} bytes, {len(brotli.compress(built, quality=11)):,} brotli")
    with open_chromium() as browser:
        if "overlay" in sys.argv[1:]:
            overlay(browser)
            return
        drawing(browser)
        overlay(browser)
        accuracy(browser)


if __name__ == "__main__":
    main()
