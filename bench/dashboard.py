"""How fast the dashboard is for who looks at it: first paint, a filter, and how much JavaScript its pages are.

Run ``.venv/bin/python bench/dashboard.py``, or with ``--part 10`` a tenth of the rows. Rows of bench/questions.py: 84
days, 6 million sessions, 20 million page views. Chromium with its processor slowed to a quarter.
"""

from __future__ import annotations

import argparse
import logging
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright
from questions import DAYS, FIRST, ParquetTables, make
from werkzeug.serving import make_server

from dashboard.app import create_dashboard, find_pages
from infra.local.machine import find_chromium
from logdig.config.settings import AppSettings, Settings
from logdig.marts.kept import KeptColumns
from tests.fakes.store import FakeStore

NOW = datetime.combine(FIRST + timedelta(days=DAYS - 1), datetime.min.time(), UTC) + timedelta(hours=12)
SLOWER = 4
DRAWN = "main:not([aria-busy]):not(:has(section[aria-busy])):not(:has(.wait))"
STATIC = ROOT / "dashboard" / "static"
CHANGE = "([name, value]) => import('/static/lib/address.js').then((one) => one.change({ [name]: value }))"
CLICKS = (("device", "mobile"), ("source", "google"), ("channel", "Referral"), ("country", "C3"), ("browser", "Safari"))


def script_bytes() -> tuple[int, dict[str, int]]:
    """All JavaScript after Brotli, and each file of the pages."""
    node = (
        "const z = require('zlib'), f = require('fs');"
        "for (const p of process.argv.slice(1)) console.log(z.brotliCompressSync(f.readFileSync(p)).length)"
    )
    files = sorted(path for path in STATIC.rglob("*.js"))
    done = subprocess.run(["node", "-e", node, *map(str, files)], capture_output=True, text=True, check=True)
    sizes = dict(zip((str(path.relative_to(STATIC)) for path in files), map(int, done.stdout.split()), strict=True))
    return sum(sizes.values()), sizes


def settled(page: Page) -> float:
    """Milliseconds until everything is drawn."""
    started = time.perf_counter()
    page.wait_for_selector(DRAWN, timeout=300_000)
    return (time.perf_counter() - started) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=int, default=1, help="take rows divided by this")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "logdig-bench-questions")
    options = parser.parse_args()
    folder = options.folder / str(options.part)
    folder.mkdir(parents=True, exist_ok=True)
    make(folder, options.part)
    whole, sizes = script_bytes()
    pages = ", ".join(f"{name} {size:,}" for name, size in sizes.items() if name.startswith("pages/"))
    print(f"JavaScript, brotli: {whole:,} bytes; {pages}")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    settings = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),))
    app = create_dashboard(settings, ParquetTables(folder, KeptColumns()), FakeStore(), clock=lambda: NOW)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for shown in find_pages():
            measure(browser, f"http://127.0.0.1:{server.port}", shown.name)
        browser.close()
    print(f"memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    server.shutdown()


def measure(browser: object, url: str, name: str) -> None:
    """Print the first paint, the time until all is drawn, and that of each of CLICKS."""
    page = browser.new_page()  # type: ignore[attr-defined]
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    address = f"{url}/{'' if name == 'overview' else name}?period=90d"
    page.goto(address)
    cold = settled(page)
    page.goto(address)
    warm = settled(page)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    filtered = []
    for filter_name, value in CLICKS:
        before = time.perf_counter()
        page.evaluate(CHANGE, [filter_name, value])
        settled(page)
        filtered.append((time.perf_counter() - before) * 1000)
    print(
        f"{name}: first paint {paint:.0f} ms, all drawn {warm:.0f} ms (cold {cold:.0f}), "
        f"a filter {statistics.median(filtered):.0f} ms (slowest {max(filtered):.0f})"
    )
    page.close()


if __name__ == "__main__":
    main()
