"""What the tracker weighs beside others, what each of its modules adds, and what it costs a page.

Run ``.venv/bin/python bench/tracker.py`` (``--json`` for scripts). Other trackers come from npm into ``.cache``, and
are built by the tools and settings that build ours. Times are read off Chromium's own trace,
as time of the processor spent in the script's own calls.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, sync_playwright

from infra.local.machine import node_environment
from tests.browser.collector_stub import TOKEN, Collector, Server, collector_handler, site_handler
from tests.browser.conftest import BROWSERS, LAUNCH_ARGUMENTS

HERE = ROOT / "bench" / "trackers"
TRACKER = ROOT / "clicktracker_js"
CACHE = ROOT / ".cache" / "bench-trackers"
RATES = (4, 1)
"""CPU throttles; at 1 it is the machine itself, for comparison."""
LOADS = 10
VISITS = 3
CLICKS = 30
LONG_TASK_MS = 50
LOOP = """() => {
  const began = performance.now();
  let sum = 0;
  for (let n = 0; n < 20_000_000; n++) sum += n % 7;
  return performance.now() - began;
}"""
"""The same work everywhere: how long it takes says how fast the machine is just now."""
CATEGORIES = ["devtools.timeline", "toplevel", "disabled-by-default-devtools.timeline"]
OURS = "clicktracker.js"


def sizes() -> dict[str, Any]:
    """Install the other trackers, build all, and weigh them: ``sizes`` (bytes, brotli) and ``parts`` (brotli)."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for path in HERE.glob("*.js*"):
        shutil.copy(path, CACHE)
    install = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "--no-package-lock"]
    for command in (install, ["node", str(HERE / "build.mjs"), str(TRACKER), str(CACHE)]):
        subprocess.run(command, cwd=CACHE, env=node_environment(), check=True)
    measured: dict[str, Any] = json.loads((CACHE / "sizes.json").read_text(encoding="utf-8"))
    return measured


def of_script(events: list[dict[str, Any]], url: str) -> list[dict[str, Any]]:
    """What ran in the tracker: its evaluation, and every call into it from outside."""
    calls = [
        event
        for event in events
        if event.get("ph") == "X"
        and event["name"] in ("EvaluateScript", "FunctionCall")
        and url in str(event["args"].get("data", {}).get("url", ""))
    ]
    return sorted(calls, key=lambda event: event["ts"])


def spent(event: dict[str, Any]) -> float:
    """Milliseconds of the processor, which no busy neighbour makes more; of the clock where the trace has no other."""
    return float(event.get("tdur", event["dur"])) / 1000


def within(event: dict[str, Any], outer: dict[str, Any]) -> bool:
    """Tell whether one trace event lies in another, on the same thread."""
    return bool(
        event["tid"] == outer["tid"]
        and outer["ts"] <= event["ts"]
        and event["ts"] + event.get("dur", 0) <= outer["ts"] + outer["dur"]
    )


def throttled(browser: Browser, rate: int) -> Page:
    """Open a page of a new profile, whose processor seems slower by this factor."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
    return page


def loop_ms(browser: Browser, rate: int) -> float:
    """Time of the reference loop, after one that warms up."""
    page = throttled(browser, rate)
    times = [float(page.evaluate(LOOP)) for _ in range(4)]
    page.context.close()
    return median(times[1:])


def trace(browser: Browser, site_url: str, rate: int, *, clicks: int = 0, before: int = 0) -> list[dict[str, Any]]:
    """Chromium's trace of one visit by a new profile, which has seen the page ``before`` so many times.

    It holds loading, and with ``clicks`` also clicks, scrolling and leaving.
    """
    page = throttled(browser, rate)
    for _ in range(before):
        page.goto(f"{site_url}/page.html")
        page.wait_for_timeout(300)
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.goto(f"{site_url}/page.html")
    page.wait_for_timeout(300)
    if clicks:
        for number in range(clicks):
            page.mouse.click(60 + 90 * (number % 8), 120 + 10 * number)
            page.wait_for_timeout(60)
        page.mouse.wheel(0, 900)
        page.wait_for_timeout(3000)
        page.goto("about:blank")
    events: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    page.context.close()
    return [event for event in events if event.get("ph") == "X" and "dur" in event]


def start_ms(events: list[dict[str, Any]]) -> list[float]:
    """Milliseconds of each call of a start: evaluation, compiling included, and what follows it, each in its task."""
    calls = of_script(events, OURS)
    began = next(call["ts"] for call in calls if call["name"] == "EvaluateScript")
    return [spent(call) for call in calls if call["ts"] >= began]


def reaction(events: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Milliseconds of the script in each click and in each task, and the layouts that fell into its calls."""
    calls = of_script(events, OURS)
    clicks = [
        event for event in events if event["name"] == "EventDispatch" and event["args"]["data"]["type"] == "click"
    ]
    tasks = [event for event in events if event["name"] in ("RunTask", "ThreadControllerImpl::RunTask")]

    def share(outer: dict[str, Any]) -> float:
        return sum(spent(call) for call in calls if within(call, outer))

    return {
        "click_ms": [share(click) for click in clicks if any(within(call, click) for call in calls)],
        "task_ms": [share(task) for task in tasks],
        "layouts": [
            spent(event) for event in events if event["name"] == "Layout" and any(within(event, call) for call in calls)
        ],
    }


def cost(browser: Browser, site_url: str, rate: int) -> dict[str, Any]:
    """Loads by new and by known profiles, and visits, at one throttle.

    Median and best, for a busy machine only ever adds. On a profile's first page the browser itself is cold too.
    """
    first = [start_ms(trace(browser, site_url, rate)) for _ in range(LOADS)]
    later = [start_ms(trace(browser, site_url, rate, before=2)) for _ in range(LOADS)]
    reactions = [reaction(trace(browser, site_url, rate, clicks=CLICKS)) for _ in range(VISITS)]
    clicks = [duration for visit in reactions for duration in visit["click_ms"]]
    tasks = [duration for visit in reactions for duration in visit["task_ms"]]
    return {
        "loop_ms": loop_ms(browser, rate),
        "first_init_ms": median(map(sum, first)),
        "first_init_best_ms": min(map(sum, first)),
        "first_init_longest_ms": median(map(max, first)),
        "init_ms": median(map(sum, later)),
        "init_best_ms": min(map(sum, later)),
        "init_longest_ms": median(map(max, later)),
        "click_ms": median(clicks),
        "click_best_ms": min(clicks),
        "clicks": len(clicks),
        "longest_task_ms": max(tasks),
        "long_tasks": sum(duration > LONG_TASK_MS for duration in tasks),
        "forced_layouts": sum(len(visit["layouts"]) for visit in reactions),
    }


def costs() -> dict[str, Any]:
    """What the script costs a page of 2,000 elements, by throttle."""
    program = next(filter(None, map(shutil.which, BROWSERS)))
    collector = Collector()
    with Server(collector_handler(collector)) as server:
        tag = f'<script async src="{OURS}" data-token="{TOKEN}" data-endpoint="{server.url}"></script>'
        page = CACHE / "page.html"
        page.write_text((HERE / "page.html").read_text(encoding="utf-8") + tag, encoding="utf-8")
        with Server(site_handler({}, {}, (CACHE, TRACKER / "dist"))) as site, sync_playwright() as playwright:
            collector.origins.add(site.url)
            browser = playwright.chromium.launch(executable_path=program, args=LAUNCH_ARGUMENTS)
            by_rate = {f"{rate}x": cost(browser, site.url, rate) for rate in RATES}
            browser.close()
    return by_rate


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    measured = sizes() | {"cost": costs()}
    if arguments.json:
        print(json.dumps(measured, indent=2))
        return
    print(f"{'file':<30} {'bytes':>8} {'brotli':>8}")
    for name, (raw, packed) in sorted(measured["sizes"].items(), key=lambda item: item[1][1]):
        print(f"{name:<30} {raw:>8,} {packed:>8,}")
    print(f"\n{'module of ' + OURS:<30} {'brotli':>8}")
    for name, packed in sorted(measured["parts"].items(), key=lambda item: -item[1]):
        print(f"{name:<30} {packed:>8,}")
    print(f"\n{'CPU throttle':<22}" + "".join(f"{rate:>9}" for rate in measured["cost"]))
    for name in measured["cost"]["4x"]:
        values = [rate[name] for rate in measured["cost"].values()]
        print(
            f"{name:<22}"
            + "".join(f"{value:>9.2f}" if isinstance(value, float) else f"{value:>9,}" for value in values)
        )


if __name__ == "__main__":
    main()
