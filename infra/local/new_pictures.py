"""Pictures of pages that have clicks and none yet, taken by `logdig dev` and the demo by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from infra.local.chromium import open_chromium
from infra.local.page_capture import CaptureOptions, PageCapture
from infra.local.page_pictures import PagePictures, Target
from logdig.config.settings import AppSettings, Settings
from logdig.errors import LogDigError, MissingPartError
from logdig.store.pictures import PictureStore

if TYPE_CHECKING:
    from logdig.marts.pinned import Source

MOST_PAGES = 20
"""Only so many of the most seen pages get a picture by themselves."""


class NewPictures:
    """Takes them; a page that fails is not tried again.

    Args:
        settings: Of the installation.
        source: The tables.
        store: The bucket.
        now: The clock.
        tell: Takes one line for the user.
        widths: Of the windows.
    """

    def __init__(
        self,
        settings: Settings,
        source: Source,
        store: PictureStore,
        now: Callable[[], datetime],
        tell: Callable[[str], None],
        widths: Sequence[int] = CaptureOptions().widths,
    ) -> None:
        self._settings, self._source, self._store, self._now, self._tell = settings, source, store, now, tell
        self._options = CaptureOptions(tuple(widths))
        self._tried: set[tuple[str, str]] = set()
        self._can = True

    def take(self) -> int:
        """Capture what has none yet; return how many pictures were stored."""
        stored = 0
        for app in self._settings.apps if self._can else ():
            try:
                stored += self._take(app)
            except LogDigError as err:
                # The jobs that it follows went well all the same.
                self._tell(f"pictures: {err.message}; the next run tries again")
        return stored

    def _take(self, app: AppSettings) -> int:
        pages = PagePictures(self._settings, app, self._source, self._store, self._now)
        untried = [page for page in pages.most_seen()[:MOST_PAGES] if (app.name, page.page) not in self._tried]
        missing = pages.missing(untried) if untried else []
        self._tried |= {(app.name, target.page) for target in missing}
        return self._capture(pages, missing) if missing else 0

    def _capture(self, pages: PagePictures, targets: Sequence[Target]) -> int:
        stored = 0
        try:
            with open_chromium() as browser:
                taking = PageCapture(browser, self._options, self._now)
                for target in targets:
                    stored += self._capture_page(pages, taking, target)
        except MissingPartError as err:
            self._can = False
            self._tell(f"pictures: {err.message}; maps are drawn without them")
        return stored

    def _capture_page(self, pages: PagePictures, taking: PageCapture, target: Target) -> int:
        stored = 0
        try:
            for _ in pages.capture(taking, target, self._options.widths):
                stored += 1
        except MissingPartError:
            raise
        except LogDigError as err:
            self._tell(f"pictures: {err.message}; its map is drawn without one")
        return stored
