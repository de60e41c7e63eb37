"""Pictures of pages in the bucket: tiles, a layout, and one list of them all. Source: docs/map.md.

``pages/<app>/<page>/<width>/<time>/``: ``layout.json`` and ``0.webp``, ``1.webp``, ... from the top; ``<page>`` is the
beginning of the SHA-256 of its name. A picture counts when ``pages/<app>/pictures.json`` names it: it is written last.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from logdig.errors import StoreUnavailableError
from logdig.store.lease import TaggedStore
from logdig.store.object_store import EventStore

KEPT = 3
"""Pictures of a page and width; an older one goes when a newer one comes."""
TRIES = 5
FOLDER = re.compile(r"[0-9a-f]{24}/\d{2,5}/\d{8}T\d{6}Z")

Box = tuple[float, float, float, float]
"""Left, top, width, height in CSS px; left and top of the page before anybody scrolls."""


class PictureStore(EventStore, TaggedStore, Protocol):
    """What holds pictures."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """An element of a layout.

    Args:
        selector: As the tracker made it.
        link: As it was stored with the click.
        tag: Name of the element.
        role: As the browser computes it for people who cannot see the page.
        name: Likewise; empty where the page or the owner masks it.
        box: Where it lies.
        layer: 0 = scrolls with the page, 1 = fixed, 2 = sticky or in a part that scrolls by itself.
        seen: Whether any of it can be seen on the picture.
        clip: What of the box can be seen; None = all.
        share: Share of the opened members of a group that have it.
    """

    selector: str
    link: str | None
    tag: str
    role: str
    name: str
    box: Box
    layer: int = 0
    seen: bool = True
    clip: Box | None = None
    share: float = 1.0


class Layout(msgspec.Struct, frozen=True):
    """Where the elements that visitors clicked lie on a page at one width.

    Args:
        page: As tables name it: a page, or the owner's group.
        address: That was opened.
        width: Of the window, CSS px.
        window_height: Likewise.
        page_width: Of the page; more than ``width`` where it can be scrolled across.
        height: Of the page as captured.
        tile_height: Of each tile but the last, CSS px.
        tiles: How many.
        captured_at: When.
        asked: Elements that were looked for.
        addresses: How many addresses the group had in the days that were read; 1 = no group.
        opened: How many of them were opened for `Place.share`.
        elements: Those that were found.
    """

    page: str
    address: str
    width: int
    window_height: int
    page_width: int
    height: int
    tile_height: int
    tiles: int
    captured_at: datetime
    asked: int
    addresses: int
    opened: int
    elements: tuple[Place, ...]


class Picture(msgspec.Struct, frozen=True):
    """An entry of the list: a captured layout with its tiles."""

    page: str
    width: int
    captured_at: datetime
    address: str
    height: int
    tiles: int
    bytes: int
    asked: int
    found: int

    @property
    def folder(self) -> str:
        """Place of its objects below ``pages/<app>/``."""
        return f"{page_key(self.page)}/{self.width}/{self.captured_at:%Y%m%dT%H%M%SZ}"


def page_key(page: str) -> str:
    """Name of a page in keys."""
    return hashlib.sha256(page.encode()).hexdigest()[:24]


def read_pictures(store: PictureStore, app: str) -> tuple[Picture, ...]:
    """Read the list of an app's pictures, by page, width, and newest first.

    Raises:
        StoreUnavailableError: The store does not answer, or holds something else under the list's key.
    """
    return _read(store, app)[0]


def read_layout(store: EventStore, app: str, folder: str) -> Layout:
    """Read one layout.

    Raises:
        KeyError: There is none; perhaps a newer one has just replaced it.
    """
    return msgspec.json.decode(store.get(_key(app, folder, "layout.json")), type=Layout)


def read_tile(store: EventStore, app: str, folder: str, number: int) -> bytes:
    """Read one tile, WebP.

    Raises:
        KeyError: There is none.
    """
    return store.get(_key(app, folder, f"{number}.webp"))


def add_picture(store: PictureStore, app: str, layout: Layout, tiles: Sequence[bytes]) -> Picture:
    """Store a picture, and remove those of its page and width that are no longer kept.

    Args:
        store: The bucket.
        app: Whose page it is.
        layout: Its layout.
        tiles: WebP, from the top; none = only the layout.
    """
    picture = Picture(
        layout.page, layout.width, layout.captured_at.astimezone(UTC).replace(microsecond=0), layout.address,
        layout.height, len(tiles), sum(map(len, tiles)), layout.asked, len(layout.elements),
    )  # fmt: skip
    for number, tile in enumerate(tiles):
        store.put(_key(app, picture.folder, f"{number}.webp"), tile)
    store.put(_key(app, picture.folder, "layout.json"), msgspec.json.encode(layout))

    def added(listed: tuple[Picture, ...]) -> tuple[Picture, ...]:
        same = [one for one in (picture, *listed) if (one.page, one.width) == (picture.page, picture.width)]
        kept = sorted(set(same), key=lambda one: one.captured_at, reverse=True)[:KEPT]
        return tuple(one for one in listed if one not in same) + tuple(kept)

    _change(store, app, added)
    return picture


def remove_pictures(store: PictureStore, app: str, page: str, width: int | None = None) -> tuple[Picture, ...]:
    """Remove the pictures of a page, or those of one width, and return them."""

    def left(listed: tuple[Picture, ...]) -> tuple[Picture, ...]:
        return tuple(one for one in listed if one.page != page or width not in (None, one.width))

    return _change(store, app, left)


def _key(app: str, folder: str, name: str) -> str:
    if FOLDER.fullmatch(folder) is None:
        raise KeyError(folder)
    return f"pages/{app}/{folder}/{name}"


def _change(
    store: PictureStore, app: str, change: Callable[[tuple[Picture, ...]], tuple[Picture, ...]]
) -> tuple[Picture, ...]:
    """Change the list; remove the objects of what it no longer names, and return that."""
    key = _list_key(app)
    for _ in range(TRIES):
        listed, tag = _read(store, app)
        changed = tuple(sorted(change(listed), key=lambda one: (one.page, -one.width, -one.captured_at.timestamp())))
        if changed == listed or store.put_tagged(key, msgspec.json.encode(changed), tag) is not None:
            gone = tuple(one for one in listed if one not in changed)
            for one in gone:
                store.delete([entry.key for entry in store.list(f"pages/{app}/{one.folder}/")])
            return gone
    raise StoreUnavailableError(f"{key} changed {TRIES} times in a row; try again", key=key)


def _list_key(app: str) -> str:
    return f"pages/{app}/pictures.json"


def _read(store: PictureStore, app: str) -> tuple[tuple[Picture, ...], str | None]:
    key = _list_key(app)
    stored = store.get_tagged(key)
    if stored is None:
        return (), None
    try:
        return msgspec.json.decode(stored[0], type=tuple[Picture, ...]), stored[1]
    except msgspec.DecodeError as err:
        raise StoreUnavailableError(
            f"{key} is no list of pictures ({err}); remove it and capture the pages again", key=key
        ) from err
