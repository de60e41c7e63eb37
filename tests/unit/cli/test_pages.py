"""`logdig pages` lists and removes pictures, and captures those pages that it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

from cli.main import cli
from infra.local import chromium, page_capture
from infra.local.page_capture import Captured
from logdig.aws import clients
from logdig.errors import InputError, LogDigError
from logdig.marts import reader
from logdig.store.pictures import Layout, read_pictures
from tests.fakes.pinned import MemoryTables
from tests.fakes.store import FakeStore

TOML = """
[[apps]]
name = "shop"
token = "pk_shop_12345678"
origins = ["https://shop.example"]
[[pages]]
pattern = "/song/*"
"""
TODAY = datetime.now(UTC).date()


def view(path: str, page: str, number: int, day: date = TODAY) -> dict[str, Any]:
    return {
        "app": "shop", "day": day, "user_key": f"u{number}", "session_id": "s", "page_view_id": f"v{number}",
        "page": page, "path": path, "host": "shop.example", "viewed": True, "weight": 1.0, "bucket": 0,
    }  # fmt: skip


VIEWS = [view("/", "/", 0), *(view(f"/song/{number}", "/song/*", number) for number in (1, 1, 2, 3))]


class FakeCapture:
    """Stands for the browser: notes what it is asked; a page called /gone fails."""

    asked: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, _browser: object, options: page_capture.CaptureOptions, now: Any) -> None:
        self.options, self.now = options, now

    def capture(self, page: str, addresses: Any, asked: Any, width: int, many: int = 1) -> Captured:
        self.asked.append((page, addresses, width, many))
        if page == "/gone":
            raise LogDigError("https://shop.example/gone: the server answers 404")
        layout = Layout(page, addresses[0], width, 900, width, 1800, 900, 2, self.now(), len(asked), many, 1, ())
        return Captured(layout, (b"a", b"b"), ("--click #ok: not clicked (Timeout)",))


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeStore:
    path = tmp_path / "logdig.toml"
    path.write_text(TOML)
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    fake, tables = FakeStore(), MemoryTables({"page_views": VIEWS, "clicks": []})

    @contextmanager
    def no_browser() -> Iterator[None]:
        yield None

    monkeypatch.setattr(clients, "s3_store", lambda _settings: fake)
    monkeypatch.setattr(reader, "Marts", lambda *_: tables)
    monkeypatch.setattr(chromium, "open_chromium", no_browser)
    monkeypatch.setattr(page_capture, "PageCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "asked", [])
    return fake


def call(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["pages", *arguments])


def test_named_page_is_captured_at_three_widths(store: FakeStore) -> None:
    result = call("capture", "https://shop.example/cart", "--json")

    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [(row["page"], row["width"]) for row in rows] == [("/cart", 1440), ("/cart", 820), ("/cart", 390)]
    assert rows[0]["notes"] == ["--click #ok: not clicked (Timeout)"]
    assert len(read_pictures(store, "shop")) == 3


def test_group_is_captured_by_its_most_seen_address() -> None:
    assert call("capture", "--top", "1", "--width", "390").exit_code == 0

    page, addresses, width, many = FakeCapture.asked[0]
    assert (page, width, many) == ("/song/*", 390, 3)
    assert addresses == tuple(f"https://shop.example/song/{number}" for number in (1, 2, 3))


def test_page_that_fails_is_named_and_the_others_are_captured(store: FakeStore) -> None:
    result = call("capture", "https://shop.example/gone", "https://shop.example/", "--width", "390")

    assert result.exit_code == 1
    assert "/gone  failed  https://shop.example/gone: the server answers 404" in result.stderr
    assert [one.page for one in read_pictures(store, "shop")] == ["/"]


def test_pictures_are_listed_and_removed(store: FakeStore) -> None:
    call("capture", "https://shop.example/", "--width", "390", "--width", "1440")

    assert [row["width"] for row in json.loads(call("list", "--json").stdout)] == [1440, 390]
    assert call("remove", "/", "--width", "390").exit_code == 0
    assert "1440 x 1800" in call("list").stdout
    assert [one.width for one in read_pictures(store, "shop")] == [1440]
    assert call("remove", "/nothing").exception.message == (
        "app shop has no picture of page '/nothing'; 'logdig pages list' shows them"
    )


@pytest.mark.parametrize("arguments", [[], ["https://shop.example/", "--top", "3"]])
def test_pages_are_either_named_or_counted(arguments: list[str]) -> None:
    assert isinstance(call("capture", *arguments).exception, InputError)


def test_address_that_is_none_is_refused() -> None:
    assert "an address such as" in call("capture", "javascript:alert(1)").output
