"""Take pictures of pages with where their elements lie, in a Chromium of this machine. Source: docs/map.md.

What the page sends to the collector is aborted: a capture is no visit. Playwright and Pillow are the extra `capture`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from infra.local import page_scripts
from logdig.errors import LogDigError, MissingPartError
from logdig.store.pictures import Layout, Place

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, Route

WINDOWS = {1440: 900, 820: 1180, 390: 844}
"""Height of the window by its width, CSS px; of other widths that of the next wider one."""
PHONE_BELOW = 768
MOST_PX, GROWTH_PX = 60_000, 20_000
"""A page is captured so far down, and an endless one so much further than it was at first."""
TILE_BYTES = 250_000
"""Most bytes of a tile for each 1,000 px of its height."""
QUALITIES = (80, 60, 40, 20, 5)
LOAD_MS, QUIET_MS, ALIVE_MS, STEP_MS, CLICK_MS = 30_000, 5_000, 10_000, 80, 3_000
COLLECTOR = re.compile(r"/v1/(events|decide)([?#]|$)")
MASK = "[data-logdig-mask]"
MASK_COLOUR = "#94a3b8"

Pair = tuple[str, str | None]
"""Selector and link."""


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """How pages are captured.

    Args:
        widths: Of the window, CSS px.
        storage_state: Cookies and local storage, a file of Playwright's; it is read here and stored nowhere.
        masks: CSS selectors of parts that are covered, beside those that the page marks.
        clicks: CSS selectors that are clicked once the page is loaded, such as that of a cookie banner.
    """

    widths: tuple[int, ...] = tuple(WINDOWS)
    storage_state: Path | None = None
    masks: tuple[str, ...] = ()
    clicks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Captured:
    """A layout with its tiles, WebP from the top; ``notes`` are for the user."""

    layout: Layout
    tiles: tuple[bytes, ...]
    notes: tuple[str, ...] = ()


class PageCapture:
    """Captures pages in one browser.

    Args:
        browser: Started by `infra.local.chromium.open_chromium`.
        options: How.
        now: The clock.
    """

    def __init__(self, browser: Browser, options: CaptureOptions, now: Callable[[], datetime]) -> None:
        self._browser, self._options, self._now = browser, options, now
        self._describe = page_scripts.describe_script()

    def capture(
        self, page: str, addresses: Sequence[str], asked: Sequence[Pair], width: int, many: int = 1
    ) -> Captured:
        """Capture a page, or a group of pages, at one width.

        Args:
            page: As tables name it.
            addresses: That is captured; of a group others after it, of which only the layout is read.
            asked: Elements that visitors clicked.
            width: Of the window, CSS px.
            many: How many addresses the group has.
        Raises:
            LogDigError: The page does not open; the message says why.
        """
        height = WINDOWS.get(width) or next((h for w, h in sorted(WINDOWS.items()) if w > width), 900)
        with self._opened(addresses[0], width, height) as (opened, notes):
            found, tiles, sizes = self._picture(opened, asked, height)
        counted, members = [int(place is not None) for place in found], 1
        for address in addresses[1:]:
            with suppress(LogDigError), self._opened(address, width, height) as (opened, _):
                others = self._described(opened, asked)["found"]
                counted = [count + (place is not None) for count, place in zip(counted, others, strict=True)]
                members += 1
        elements = tuple(
            msgspec.structs.replace(place, share=count / members)
            for place, count in zip(found, counted, strict=True) if place is not None
        )  # fmt: skip
        layout = Layout(
            page=page, address=_shown(addresses[0]), width=width, window_height=height, page_width=sizes[0],
            height=sizes[1], tile_height=height, tiles=len(tiles), captured_at=self._now().astimezone(UTC),
            asked=len(asked), addresses=many, opened=members, elements=elements,
        )  # fmt: skip
        return Captured(layout, tuple(tiles), tuple(notes))

    def _picture(
        self, opened: Page, asked: Sequence[Pair], height: int
    ) -> tuple[list[Place | None], list[bytes], tuple[int, int]]:
        described = self._described(opened, asked)
        found = [
            None if one is None else msgspec.convert({"selector": pair[0], "link": pair[1], **one}, Place)
            for pair, one in zip(asked, described["found"], strict=True)
        ]
        page_height = min(int(opened.evaluate(page_scripts.HEIGHT)), MOST_PX)
        tiles = list(self._tiles(opened, page_height, height))
        return found, tiles, (int(described["width"]), page_height)

    def _described(self, opened: Page, asked: Sequence[Pair]) -> dict[str, Any]:
        described: dict[str, Any] = opened.evaluate(self._describe, [[list(pair) for pair in asked], self._masks])
        return described

    @property
    def _masks(self) -> list[str]:
        return [MASK, *self._options.masks]

    @contextmanager
    def _opened(self, address: str, width: int, height: int) -> Iterator[tuple[Page, list[str]]]:
        """Open a page, scroll it in, and hold it still at its top."""
        from playwright.sync_api import Error

        context = self._browser.new_context(**self._window(width, height))
        notes: list[str] = []
        try:
            context.route(COLLECTOR, _abort)
            context.add_init_script(page_scripts.NO_BEACONS)
            page = context.new_page()
            page.set_default_timeout(ALIVE_MS)
            try:
                _load(page, address)
                notes += _click(page, self._options.clicks)
                _scroll_in(page)
                page.evaluate(page_scripts.HOLD_STILL)
                page.evaluate(page_scripts.SCROLL, 0)
            except Error as err:
                raise LogDigError(f"{address}: {_short(err.message)}") from err
            yield page, notes
        except Error as err:
            raise LogDigError(f"{address} went away while it was captured: {_short(err.message)}; try again") from err
        finally:
            context.close()

    def _window(self, width: int, height: int) -> dict[str, Any]:
        is_phone = width < PHONE_BELOW
        state = self._options.storage_state
        return {
            "viewport": {"width": width, "height": height},
            "device_scale_factor": 2 if is_phone else 1,
            "is_mobile": is_phone,
            "has_touch": is_phone,
            "reduced_motion": "reduce",
            "service_workers": "block",
            "storage_state": str(state) if state else None,
        }

    def _tiles(self, page: Page, page_height: int, tile_height: int) -> Iterator[bytes]:
        masks = _locators(page, self._masks)
        width = page.viewport_size["width"] if page.viewport_size else 0
        for top in range(0, page_height, tile_height):
            if top:
                # Each time: a page may fix its header only when it is scrolled.
                page.evaluate(page_scripts.HIDE_FIXED)
            at = float(page.evaluate(page_scripts.SCROLL, top))
            if top:
                page.evaluate(page_scripts.HIDE_FIXED)
            size = min(tile_height, page_height - top)
            clip: Any = {"x": 0, "y": min(top - at, tile_height - size), "width": width, "height": size}
            shot = page.screenshot(clip=clip, animations="disabled", caret="hide", mask=masks, mask_color=MASK_COLOUR)
            yield to_webp(shot, size)


def _abort(route: Route) -> None:
    route.abort()


def _load(page: Page, address: str) -> None:
    from playwright.sync_api import Error

    response = page.goto(address, timeout=LOAD_MS, wait_until="load")
    if response is not None and response.status >= 400:
        raise LogDigError(f"{address}: the server answers {response.status}; give a page that opens without it")
    with suppress(Error):
        page.wait_for_load_state("networkidle", timeout=QUIET_MS)
    # A page that is busy without end answers nothing; this gives up, an evaluation would not.
    page.wait_for_function("true", timeout=ALIVE_MS)


def _click(page: Page, selectors: Sequence[str]) -> list[str]:
    from playwright.sync_api import Error

    notes = []
    for selector in selectors:
        try:
            page.locator(selector).first.click(timeout=CLICK_MS)
            page.wait_for_timeout(STEP_MS * 3)
        except Error as err:
            notes.append(f"--click {selector}: not clicked ({_short(err.message)})")
    return notes


def _scroll_in(page: Page) -> None:
    """Scroll once through, so that what loads late is there."""
    first = height = int(page.evaluate(page_scripts.HEIGHT))
    step = int(0.8 * (page.viewport_size["height"] if page.viewport_size else 800))
    top = 0
    while top < min(height, MOST_PX, first + GROWTH_PX):
        top += step
        page.evaluate(page_scripts.SCROLL, top)
        page.wait_for_timeout(STEP_MS)
        height = int(page.evaluate(page_scripts.HEIGHT))
    page.evaluate(page_scripts.SETTLED)
    page.evaluate(page_scripts.SCROLL, 0)
    page.wait_for_timeout(STEP_MS)


def _locators(page: Page, selectors: Sequence[str]) -> list[Locator]:
    return [page.locator(selector) for selector in selectors]


def to_webp(shot: bytes, height: int) -> bytes:
    """Make WebP of a screenshot, the best that TILE_BYTES allows.

    Args:
        shot: PNG.
        height: Of the tile, CSS px.
    """
    try:
        from PIL import Image
    except ImportError as err:
        raise MissingPartError("Pillow is not installed; run: pip install -e '.[capture]'") from err
    image = Image.open(io.BytesIO(shot)).convert("RGB")
    content = b""
    for quality in QUALITIES:
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=4)
        content = buffer.getvalue()
        if len(content) <= TILE_BYTES * max(height, 1) / 1000:
            break
    return content


def _shown(address: str) -> str:
    """An address as it is stored: no query, no fragment, nobody's name."""
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", address)[0])


def _short(message: str) -> str:
    first = message.splitlines()[0] if message else "failed"
    cause = re.search(r"net::\w+|Timeout \S+ exceeded", first)
    return cause[0] if cause else first
