"""Pages with clicks get their pictures by themselves, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from infra.local import new_pictures
from infra.local.new_pictures import NewPictures
from infra.local.page_capture import Captured
from logdig.config.settings import AppSettings, Settings
from logdig.errors import LogDigError, MissingPartError
from logdig.store.pictures import Layout, read_pictures
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore

NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
SETTINGS = Settings(apps=(AppSettings(name="shop", token="pk_shop_12345678"),))


def rows(**more: Any) -> dict[str, Any]:
    return {"app": "shop", "day": NOW.date(), "user_key": "u", "weight": 1.0, "bucket": 0} | more


TABLES = MemoryTables(
    {
        "page_views": [
            rows(page=page, path=page, host="localhost:3000", viewed=True) for page in ("/", "/", "/quiet", "/gone")
        ],
        "clicks": [rows(page=page, selector="#a", link="a;;a;;", tag="a") for page in ("/", "/gone")],
    }
)


class FakeCapture:
    captured: ClassVar[list[tuple[str, int]]] = []

    def __init__(self, *_: Any) -> None:
        pass

    def capture(self, page: str, addresses: Any, asked: Any, width: int, many: int) -> Captured:
        self.captured.append((addresses[0], width))
        if page == "/gone":
            raise LogDigError("http://localhost:3000/gone: the server answers 404")
        return Captured(Layout(page, addresses[0], width, 900, width, 900, 900, 1, NOW, 1, 1, 1, ()), (b"tile",))


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> tuple[NewPictures, FakeStore, list[str]]:
    @contextmanager
    def no_browser() -> Iterator[None]:
        yield None

    monkeypatch.setattr(new_pictures, "PageCapture", FakeCapture)
    monkeypatch.setattr(new_pictures, "open_chromium", no_browser)
    monkeypatch.setattr(FakeCapture, "captured", [])
    store, lines = FakeStore(), []
    return NewPictures(SETTINGS, TABLES, store, lambda: NOW, lines.append, (1440, 390)), store, lines


def test_page_with_clicks_is_captured_once_and_a_failure_is_one_line(
    taken: tuple[NewPictures, FakeStore, list[str]],
) -> None:
    pictures, store, lines = taken

    assert pictures.take() == 2
    assert pictures.take() == 0

    assert [(one.page, one.width) for one in read_pictures(store, "shop")] == [("/", 1440), ("/", 390)]
    assert FakeCapture.captured == [
        ("http://localhost:3000/", 1440), ("http://localhost:3000/", 390), ("http://localhost:3000/gone", 1440),
    ]  # fmt: skip
    assert lines == ["pictures: http://localhost:3000/gone: the server answers 404; its map is drawn without one"]


def test_machine_without_a_browser_is_told_once(
    taken: tuple[NewPictures, FakeStore, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Any:
        raise MissingPartError("Playwright is not installed; run: pip install -e '.[capture]'")

    pictures, _, lines = taken
    monkeypatch.setattr(new_pictures, "open_chromium", missing)

    assert [pictures.take(), pictures.take()] == [0, 0]
    assert len(lines) == 1
