"""What the tracker weighs beside others, what each of its modules adds, and what it costs a page at 4x CPU throttle.

Run ``.venv/bin/python bench/tracker.py`` (``--json`` for scripts). Other trackers come from npm into ``.cache``, and
are built by the tools and settings that build ours. Times are read off Chromium's own trace,
as time of the processor.
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

from playwright.sync_api import Browser, sync_playwright

from infra.bootstrap import node_environment
from tests.browser.collector_stub import TOKEN, Collector, Server, collector_handler, site_handler
from tests.browser.conftest import BROWSERS, LAUNCH_ARGUMENTS

HERE = ROOT / "bench" / "trackers"
TRACKER = ROOT / "clicktracker_js"
CACHE = ROOT / ".cache" / "bench-trackers"
THROTTLE = 4
CLICKS = 30
RUNS = 5
LONG_TASK_MS = 50
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
    found: dict[str, Any] = json.loads((CACHE / "sizes.json").read_text(encoding="utf-8"))
    return found


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
    return (
        event["tid"] == outer["tid"]
        and outer["ts"] <= event["ts"]
        and event["ts"] + event.get("dur", 0) <= outer["ts"] + outer["dur"]
    )


def cost(browser: Browser, site_url: str) -> dict[str, Any]:
    """One visit at THROTTLE: load, clicks, scrolling, leaving; milliseconds, and counts of long tasks and layouts."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": THROTTLE})
    browser.start_tracing(page=page, categories=CATEGORIES)
    page.goto(f"{site_url}/page.html")
    page.wait_for_timeout(1000)
    for number in range(CLICKS):
        page.mouse.click(60 + 90 * (number % 8), 120 + 10 * number)
        page.wait_for_timeout(60)
    page.mouse.wheel(0, 900)
    page.wait_for_timeout(3000)
    page.goto("about:blank")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    context.close()

    timed = [event for event in events if event.get("ph") == "X" and "dur" in event]
    calls = of_script(timed, OURS)
    clicks = [event for event in timed if event["name"] == "EventDispatch" and event["args"]["data"]["type"] == "click"]
    tasks = [event for event in timed if event["name"] in ("RunTask", "ThreadControllerImpl::RunTask")]
    layouts = [event for event in timed if event["name"] == "Layout"]
    mine = [task for task in tasks if any(within(call, task) for call in calls)]
    return {
        "init_ms": sum(spent(call) for call in calls if call["name"] == "EvaluateScript"),
        "click_ms": [spent(event) for event in clicks if any(within(call, event) for call in calls)],
        "longest_call_ms": max(map(spent, calls)),
        "long_tasks": sum(spent(task) > LONG_TASK_MS for task in mine),
        "forced_layouts": sum(any(within(layout, call) for call in calls) for layout in layouts),
    }


def costs() -> dict[str, Any]:
    """Several visits on a page of 2,000 elements; medians, and the worst."""
    program = next(filter(None, map(shutil.which, BROWSERS)))
    collector = Collector()
    with Server(collector_handler(collector)) as door:
        tag = f'<script async src="{OURS}" data-token="{TOKEN}" data-endpoint="{door.url}"></script>'
        page = CACHE / "page.html"
        page.write_text((HERE / "page.html").read_text(encoding="utf-8") + tag, encoding="utf-8")
        with Server(site_handler({}, {}, (CACHE, TRACKER / "dist"))) as site, sync_playwright() as playwright:
            collector.origins.add(site.url)
            browser = playwright.chromium.launch(executable_path=program, args=LAUNCH_ARGUMENTS)
            visits = [cost(browser, site.url) for _ in range(RUNS)]
            browser.close()
    clicks = sorted(duration for visit in visits for duration in visit["click_ms"])
    return {
        "init_ms": median(visit["init_ms"] for visit in visits),
        "click_ms": median(clicks),
        "click_p95_ms": clicks[int(len(clicks) * 0.95)],
        "clicks": len(clicks),
        "longest_call_ms": max(visit["longest_call_ms"] for visit in visits),
        "long_tasks": sum(visit["long_tasks"] for visit in visits),
        "forced_layouts": sum(visit["forced_layouts"] for visit in visits),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    found = sizes() | {"cost": costs()}
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    print(f"{'file':<30} {'bytes':>8} {'brotli':>8}")
    for name, (raw, packed) in sorted(found["sizes"].items(), key=lambda item: item[1][1]):
        print(f"{name:<30} {raw:>8,} {packed:>8,}")
    print(f"\n{'module of ' + OURS:<30} {'brotli':>8}")
    for name, packed in sorted(found["parts"].items(), key=lambda item: -item[1]):
        print(f"{name:<30} {packed:>8,}")
    print(f"\nat {THROTTLE}x CPU throttle, {RUNS} visits:")
    for name, value in found["cost"].items():
        print(f"{name:<30} {value:>8.2f}" if isinstance(value, float) else f"{name:<30} {value:>8,}")


if __name__ == "__main__":
    main()
