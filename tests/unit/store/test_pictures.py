"""Pictures of pages in the bucket: three of a page and width, and nothing left of those that went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from logdig.errors import StoreUnavailableError
from logdig.store.pictures import (
    Layout,
    Place,
    add_picture,
    page_key,
    read_layout,
    read_pictures,
    read_tile,
    remove_pictures,
)
from tests.fakes.store import FakeStore

AT = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
PLACE = Place("#buy", "https://a.test/", "a", "link", "Buy", (1.5, 2, 3, 4), 1, clip=(1, 2, 3, 4))


def layout(page: str = "/", width: int = 1440, minutes: int = 0) -> Layout:
    return Layout(
        page=page, address="https://a.test/", width=width, window_height=900, page_width=width, height=1000,
        tile_height=900, tiles=2, captured_at=AT + timedelta(minutes=minutes), asked=2, addresses=1, opened=1,
        elements=(PLACE,),
    )  # fmt: skip


def test_picture_is_read_as_it_was_added() -> None:
    store = FakeStore()

    picture = add_picture(store, "shop", layout(), [b"one", b"second"])

    assert read_pictures(store, "shop") == (picture,)
    assert (picture.tiles, picture.bytes, picture.asked, picture.found) == (2, 9, 2, 1)
    assert read_layout(store, "shop", picture.folder) == layout()
    assert read_tile(store, "shop", picture.folder, 1) == b"second"
    assert read_pictures(store, "blog") == ()


def test_three_pictures_of_a_page_and_width_are_kept() -> None:
    store = FakeStore()
    for minutes in range(5):
        add_picture(store, "shop", layout(minutes=minutes), [b"tile"])
        add_picture(store, "shop", layout(page="/a", width=390, minutes=minutes), [])

    listed = read_pictures(store, "shop")

    assert [(one.page, one.captured_at.minute) for one in listed] == [
        ("/", 4), ("/", 3), ("/", 2), ("/a", 4), ("/a", 3), ("/a", 2),
    ]  # fmt: skip
    stored = {entry.key for entry in store.list("pages/shop/")}
    kept = {f"pages/shop/{one.folder}/{name}" for one in listed for name in ("layout.json", "0.webp")[: 1 + one.tiles]}
    assert stored == kept | {"pages/shop/pictures.json"}


def test_removal_leaves_other_widths_and_pages() -> None:
    store = FakeStore()
    for page, width in (("/", 1440), ("/", 390), ("/a", 390)):
        add_picture(store, "shop", layout(page, width), [b"tile"])

    gone = remove_pictures(store, "shop", "/", 390)

    assert [(one.page, one.width) for one in gone] == [("/", 390)]
    assert [(one.page, one.width) for one in read_pictures(store, "shop")] == [("/", 1440), ("/a", 390)]
    assert not list(store.list(f"pages/shop/{page_key('/')}/390/"))
    assert remove_pictures(store, "shop", "/", 390) == ()


@pytest.mark.parametrize("folder", ["../raw", "", f"{page_key('/')}/1440", f"{page_key('/')}/1440/../../x"])
def test_folder_that_is_none_is_not_read(folder: str) -> None:
    store = FakeStore()

    with pytest.raises(KeyError):
        read_layout(store, "shop", folder)
    with pytest.raises(KeyError):
        read_tile(store, "shop", folder, 0)
    assert store.steps == []


def test_damaged_list_is_an_error_that_says_what_to_do() -> None:
    store = FakeStore()
    store.objects["pages/shop/pictures.json"] = b"[1]"

    with pytest.raises(StoreUnavailableError, match=r"pages/shop/pictures\.json is no list of pictures"):
        read_pictures(store, "shop")
