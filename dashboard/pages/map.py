"""The map of a page: its picture, and where people click, look, scroll and are stuck on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import flask
import msgspec

from dashboard.access_answers import for_numbers
from dashboard.page import NUMBERS, Has, Page, Route
from dashboard.request import Request
from dashboard.sending import value_of
from logdig.errors import InputError
from logdig.questions.engine.answering import ask
from logdig.questions.engine.question import Answer
from logdig.questions.page.page_elements import ADDRESSES, BOXES, VARIANTS
from logdig.questions.page.projection import ENOUGH, found_share, places_of
from logdig.questions.site.counts import CLICK_FILTERS
from logdig.store.pictures import Layout, Picture, Place, read_layout, read_pictures, read_tile
from logdig.visits.pages import address_of, grouped, page_of

WIDTHS = {1440: "desktop", 820: "tablet", 390: "mobile"}
TABLET_FROM, DESKTOP_FROM = 768, 1024
FIT_DAYS = 7
MOST_CELLS = 20_000
"""Of more cells neighbours are added up until there are so few."""
PAGES = 500
MOST_VARIANTS = 50
MARKS = ("movement", "scroll", "frustration", "releases")
"""What a view holds beside clicks, when it is asked for."""

Pair = tuple[str, str | None]


def pages(request: Request) -> dict[str, Any]:
    """List pages by views, and which have pictures."""
    have = {picture.page for picture in read_pictures(request.store, request.app.name)}
    found = request.answer("pages", where=_only(request, "host", "release"), compare=False).rows.slice(0, PAGES)
    rows = [row for row in found.select(["page", "views"]).to_pylist() if row["page"] is not None]
    return {"pages": [{**row, "pictures": row["page"] in have} for row in rows]}


def view(request: Request) -> dict[str, Any]:
    """Everything of one map: the picture's layout, the cells, the elements, and whether the picture still fits."""
    page = _page(request)
    pictures = [one for one in read_pictures(request.store, request.app.name) if one.page == page]
    width = request.number("width", 0, 0, 4000) or (pictures[0].width if pictures else next(iter(WIDTHS)))
    picture = _chosen(pictures, width, request.args.get("taken", ""))
    where = {**request.where, "page": page}
    if request.args.get("devices") != "all":
        where.setdefault("device", _device(width))
    heatmap = request.answer("heatmap", where=where, compare=False)
    elements = request.answer("elements", where=where, compare=False)
    layout = _layout(request, picture) if picture else None
    cells, asked = _cells(heatmap.rows.to_pylist())
    shown = layout or _wireframe(request, heatmap, width)
    sent = {
        "page": page,
        "address": picture.address if picture else _address(request, page, heatmap),
        "width": width,
        "device": where.get("device"),
        "pictures": [_described(one) for one in pictures],
        "picture": _described(picture) | {"addresses": layout.addresses, "opened": layout.opened}
        if picture and layout
        else None,
        "size": [shown.page_width, shown.height, shown.tile_height],
        "cells": cells,
        "asked": asked,
        "places": places_of(asked, shown.elements),
        # All clicks less those with a cell: also those that an access to numbers does not see.
        "without_place": max(0, round(heatmap.account.get("clicks", 0) - sum(cell[6] for cell in cells), 6)),
        "elements": value_of(elements),
        "fit": _fit(request, page, layout) if layout else None,
        "variants": _variants(request, page, heatmap),
    }
    for name in request.args.get("marks", "").split(","):
        if name in MARKS:
            sent[name] = _marks(request, name, where, shown)
    return sent


def _marks(request: Request, name: str, where: Mapping[str, str], shown: Layout) -> Any:
    """What a mode draws, of the same people as the clicks; one that cannot be answered says why."""
    try:
        if name == "movement":
            return _movement(request, where, shown)
        # It is no filter: the days before it are compared with those after it.
        of = request.args.get("of") if name == "releases" else None
        return value_of(request.answer(name, where=where, release=of, compare=False))
    except InputError as err:
        return {"error": err.message, "cannot": err.context.get("filters", ())}


def _variants(request: Request, page: str, heatmap: Answer) -> list[tuple[str, str]]:
    """Experiments that the page's views were in, with each of their variants."""
    parameters = msgspec.structs.replace(heatmap.receipt.parameters, where={"page": page})
    found = ask(request.source, VARIANTS, parameters)
    if request.numbers_only:
        found = for_numbers(found, request.settings.dashboard_least_visitors)
    return [(row["experiment"], row["variant"]) for row in found.rows.slice(0, MOST_VARIANTS).to_pylist()]


def tile(request: Request) -> flask.Response:
    """One tile of a picture."""
    try:
        content = read_tile(
            request.store, request.app.name, request.args.get("picture", ""), request.number("tile", 0, 0, 1000)
        )
    except KeyError as err:
        raise InputError("this picture is gone; a newer one has replaced it") from err
    response = flask.Response(content, mimetype="image/webp")
    # The key of a picture tells its time: what it names never changes.
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _page(request: Request) -> str:
    """The page that is named, or that an address belongs to, as the live page tells its own."""
    address = request.args.get("address")
    if address:
        patterns = [page.pattern for page in request.settings.pages if page.app in ("", request.app.name)]
        return grouped(page_of(address, request.app.allowed_query).path, patterns)
    page = request.args.get("page")
    if not page:
        raise InputError("the map is of one page; name it")
    return page


def _address(request: Request, page: str, heatmap: Answer) -> str | None:
    """The most seen address of a page."""
    parameters = msgspec.structs.replace(heatmap.receipt.parameters, where={"page": page})
    rows = ask(request.source, ADDRESSES, parameters).rows.slice(0, 1).to_pylist()
    return address_of(rows[0]["host"], rows[0]["path"], request.app.origins) if rows else None


def _only(request: Request, *names: str) -> dict[str, str]:
    return {name: value for name, value in request.where.items() if name in names}


def _device(width: int) -> str:
    return "mobile" if width < TABLET_FROM else "tablet" if width < DESKTOP_FROM else "desktop"


def _chosen(pictures: Sequence[Picture], width: int, taken: str) -> Picture | None:
    """The named picture, else the newest of this width."""
    same = [one for one in pictures if one.width == width]
    return next((one for one in same if one.folder == taken), same[0] if same else None)


def _layout(request: Request, picture: Picture) -> Layout | None:
    try:
        return read_layout(request.store, request.app.name, picture.folder)
    except KeyError:
        return None


def _described(picture: Picture) -> dict[str, Any]:
    return {
        "folder": picture.folder,
        "width": picture.width,
        "captured_at": picture.captured_at,
        "address": picture.address,
        "tiles": picture.tiles,
    }


def _cells(rows: Sequence[Mapping[str, Any]]) -> tuple[list[list[Any]], list[Pair]]:
    """Cells as lists: element, fixed, levels, place, clicks; and the elements that they name."""
    numbers: dict[Pair, int] = {}
    cells: dict[tuple[Any, ...], float] = {}
    for row in rows:
        pair = (row["selector"], row["link"])
        element = None if row["selector"] is None else numbers.setdefault(pair, len(numbers))
        key = (element, row["fixed"], row["level_x"], row["level_y"], row["cell_x"], row["cell_y"])
        cells[key] = cells.get(key, 0) + row["clicks"]
    while len(cells) > MOST_CELLS and (fewer := _halved(cells)) != cells:
        cells = fewer
    return [[*key, clicks] for key, clicks in cells.items()], list(numbers)


def _halved(cells: Mapping[tuple[Any, ...], float]) -> dict[tuple[Any, ...], float]:
    """Add up neighbours inside elements."""
    halved: dict[tuple[Any, ...], float] = {}
    for (element, fixed, level_x, level_y, x, y), clicks in cells.items():
        key: tuple[Any, ...] = (element, fixed, level_x, level_y, x, y)
        if element is not None:
            key = (
                element, fixed, max(level_x - 1, 0), max(level_y - 1, 0),
                x >> 1 if level_x else x, y >> 1 if level_y else y,
            )  # fmt: skip
        halved[key] = halved.get(key, 0) + clicks
    return halved


def _fit(request: Request, page: str, layout: Layout) -> dict[str, Any]:
    """Share of the last days' clicks that find their element."""
    days = request.today - timedelta(days=FIT_DAYS - 1), request.today
    where = {"page": page, "device": _device(layout.width)}
    rows = request.answer("elements", where=where, days=days, compare=False).rows.to_pylist()
    share = found_share([(row["selector"], row["link"], row["clicks"]) for row in rows], layout.elements)
    return {"share": share, "fits": share is None or share >= ENOUGH, "enough": ENOUGH}


def _wireframe(request: Request, heatmap: Answer, width: int) -> Layout:
    """Boxes as the clicks themselves tell them, at the commonest width."""
    found = ask(request.source, BOXES, heatmap.receipt.parameters)
    tags = {(row["selector"], row["link"]): row["tag"] for row in heatmap.rows.to_pylist() if row["selector"]}
    places = tuple(
        Place(
            row["selector"],
            row["link"],
            tags.get((row["selector"], row["link"])) or "",
            "",
            "",
            (row["box_x"], row["box_y"], row["box_w"], row["box_h"]),
            int(row["fixed"]),
        )
        for row in found.rows.to_pylist()
    )
    across = round(found.account["vw"] or width)
    rest = [row["y"] for row in heatmap.rows.to_pylist() if row["selector"] is None and row["y"] is not None]
    bottom = max([place.box[1] + place.box[3] for place in places] + rest, default=0)
    height = round(max(bottom + 40, found.account["vh"] or 600))
    return Layout(
        page="", address="", width=across, window_height=height, page_width=across, height=min(height, 60_000),
        tile_height=900, tiles=0, captured_at=request.now, asked=0, addresses=1, opened=0, elements=places,
    )  # fmt: skip


def _movement(request: Request, where: Mapping[str, str], layout: Layout) -> dict[str, Any]:
    answer = request.answer("movement", where=where, compare=False)
    by_selector: dict[str, Place] = {}
    for place in layout.elements:
        by_selector.setdefault(place.selector, place)
    rows = answer.rows.to_pylist()
    selectors = list(dict.fromkeys(row["selector"] for row in rows if row["selector"] is not None))
    numbers = {selector: number for number, selector in enumerate(selectors)}
    return {
        "cells": list(_moved(rows, numbers)),
        "asked": [(selector, None) for selector in selectors],
        "places": [by_selector.get(selector) for selector in selectors],
    }


def _moved(rows: Iterable[Mapping[str, Any]], numbers: Mapping[str, int]) -> Iterable[list[Any]]:
    for row in rows:
        known = row["selector"] in numbers
        place = [row["cell_x"], row["cell_y"]] if known else [None, None]
        yield [numbers.get(row["selector"]), False, 4, 4, *place, row["ms"] or 0]


def _has_clicks(has: Has) -> bool:
    return has.rows("clicks")


PAGE = Page(
    "map",
    30,
    asks={"heatmap": NUMBERS, "elements": NUMBERS},
    routes=(
        Route("pages", pages, NUMBERS, filters=("host", "release")),
        Route("view", view, NUMBERS, filters=CLICK_FILTERS),
        Route("tile", tile, NUMBERS),
    ),
    needs=_has_clicks,
)
