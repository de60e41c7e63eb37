"""Write the pictures of docs/images: pages of the dashboard over the demo's month, as readers of the docs see them.

``python -m tools.pictures`` runs the demo first; with the URL of a dashboard that runs it takes that one.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlencode

import click

from infra.local.chromium import open_chromium
from infra.paths import ROOT
from logdig.errors import LogDigError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = ROOT / "docs" / "images"
DESKTOP, PHONE = 1280, 390
MOST_HEIGHT = 1500
"""Pictures are cut there: what follows on a page is like what stands above."""
DAYS = 14
"""As many of the demo's days as there are before them to compare with."""
QUALITY = 82
MOST_BYTES = 3_000_000
DRAWN = "main:not([aria-busy]):not(:has(section[aria-busy])):not(:has(.wait))"
WAIT_MS = 1500
"""Tiles of maps and parts of charts come a moment later."""
TIMEOUT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture.

    Args:
        name: Of its file.
        path: Of the page.
        asks: Parameters of the address; ``session`` = ``busiest`` stands for one in which much happened.
        theme: Light or dark.
        width: Of the window, px.
        language: English or Korean.
        recent: The last 7 days up to now in place of the demo's days: for what is counted by arrival.
        height: Most that is shown, px.
    """

    name: str
    path: str
    asks: tuple[tuple[str, str], ...] = ()
    theme: Literal["light", "dark"] = "light"
    width: int = DESKTOP
    language: Literal["en", "ko"] = "en"
    recent: bool = False
    height: int = MOST_HEIGHT


BUSIEST = (("session", "busiest"),)
START = (("page", "/"),)
SHOTS = (
    Shot("overview", "/"),
    Shot("overview-dark", "/", theme="dark", height=1000),
    Shot("overview-phone", "/", width=PHONE, height=1700),
    Shot("overview-korean", "/", language="ko", height=1000),
    Shot("pages", "/pages"),
    Shot("page", "/pages", START),
    Shot("page-dark", "/pages", START, theme="dark", height=1000),
    Shot("map", "/map", START, height=1040),
    Shot("map-frustration", "/map", (*START, ("mode", "frustration")), theme="dark", height=1040),
    Shot("sessions", "/sessions", height=900),
    Shot("session", "/sessions", BUSIEST),
    Shot("session-phone", "/sessions", BUSIEST, theme="dark", width=PHONE, height=1400),
    Shot("listening", "/listening"),
    Shot("offers", "/offers", (("offer", "PREMIUM_MONTH"),)),
    Shot("health", "/health", recent=True),
    Shot("traffic", "/traffic", height=1000),
)


@click.command()
@click.argument("dashboard", metavar="[URL]", required=False)
@click.option("--only", multiple=True, type=click.Choice([shot.name for shot in SHOTS]), help="Repeatable.")
def main(dashboard: str | None, only: tuple[str, ...]) -> None:
    """Take the pictures of the dashboard at URL; without it, of one that the demo starts."""
    shots = [shot for shot in SHOTS if not only or shot.name in only]
    with _running(dashboard) as url, open_chromium() as browser:
        for shot in shots:
            size = _write(FOLDER / f"{shot.name}.webp", _take(browser, url, shot))
            click.echo(f"{shot.name:<16} {size / 1000:6,.0f} kB")
    total = sum(path.stat().st_size for path in FOLDER.glob("*.webp"))
    click.echo(f"{total / 1e6:.1f} MB in {FOLDER.relative_to(ROOT)}")
    if total > MOST_BYTES:
        raise click.ClickException(f"the pictures are larger than {MOST_BYTES / 1e6:.0f} MB; lower QUALITY or heights")


@contextmanager
def _running(dashboard: str | None) -> Iterator[str]:
    """The given dashboard, or one over a lake that the demo has just filled."""
    if dashboard:
        yield dashboard.rstrip("/")
        return
    from cli.options import cache_folder
    from demo.run import Demo, Options

    with (
        tempfile.TemporaryDirectory() as folder,
        Demo(Options(Path(folder), cache_folder() / "demo"), os.environ, click.echo) as demo,
    ):
        demo.run()
        demo.ledger_adds_up()
        yield demo.stack.dashboard_url


def _take(browser: Browser, url: str, shot: Shot) -> bytes:
    with browser.new_context(
        viewport={"width": shot.width, "height": 900},
        device_scale_factor=2 if shot.width == PHONE else 1,
        color_scheme=shot.theme,
        locale="ko-KR" if shot.language == "ko" else "en-GB",
        reduced_motion="reduce",
    ) as context:
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        asks = dict(_days(shot)) | dict(shot.asks)
        if asks.get("session") == "busiest":
            asks["session"] = _busiest(page, url, _days(shot))
        page.goto(f"{url}{shot.path}?{urlencode(asks)}")
        page.wait_for_selector(DRAWN)
        page.wait_for_timeout(WAIT_MS)
        page.wait_for_selector(DRAWN)
        faults = page.locator(".state.wrong").all_inner_texts()
        if faults:
            raise LogDigError(f"{shot.name} shows an error: {' '.join(faults[0].split())}")
        whole: int = page.evaluate("document.documentElement.scrollHeight")
        # Lower parts are drawn when they are in sight.
        page.set_viewport_size({"width": shot.width, "height": min(whole, shot.height)})
        page.wait_for_timeout(WAIT_MS)
        return page.screenshot()


def _days(shot: Shot) -> tuple[tuple[str, str], ...]:
    if shot.recent:
        return (("period", "7d"),)
    last: date = datetime.now(UTC).date() - timedelta(days=1)
    return ("from", str(last - timedelta(days=DAYS - 1))), ("to", str(last))


def _busiest(page: Page, url: str, days: tuple[tuple[str, str], ...]) -> str:
    """A session that reached a goal, with clicks in vain, of not too many pages."""
    rows: list[dict[str, Any]] = page.request.get(f"{url}/data/sessions/list?{urlencode(days)}").json()["rows"]
    if not rows:
        raise LogDigError("the demo's days have no session; run: logdig jobs run all")

    def interest(row: dict[str, Any]) -> tuple[int, int, int]:
        return bool(row["goals"]) + bool(row["dead_clicks"]) + bool(row["bursts"]), -abs(row["views"] - 5), row["views"]

    return str(max(rows, key=interest)["session_id"])


def _write(path: Path, shot: bytes) -> int:
    from PIL import Image

    path.parent.mkdir(exist_ok=True)
    Image.open(io.BytesIO(shot)).convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)
    return path.stat().st_size


if __name__ == "__main__":
    main()
