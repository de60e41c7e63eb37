"""Numbers that stand for the cells of a heatmap, and what is counted of them; by numpy, a click being one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

PLACE_BITS = 15
"""A place inside an element is told in 1 / 2^15 of its box."""
PAGE_BITS = 22
"""Of a place on the page in cells; x and y are at most 10,000,000 px from 0."""
PAGE_MIDDLE = 2 ** (PAGE_BITS - 1)
SIDE_BITS = PLACE_BITS + 1
"""Of a cell along one side of its element: a one, then the cell in as many binary places as there are halvings."""
ELEMENT_SHIFT, PAGE_SHIFT = 2 * SIDE_BITS + 1, 62
"""Lowest bit of an element's number in a cell's, and the bit that says that a cell is one of the page."""


def coded(values: Any) -> tuple[Any, Any]:
    """Different values, and for each value which of them it is; by hash, so they come in no order."""
    import numpy as np
    import pyarrow as pa

    coded = pa.array(values).dictionary_encode()
    return coded.dictionary.to_numpy(), coded.indices.to_numpy().astype(np.intp)


def elements(numbers: Any, selectors: pa.Array, links: pa.Array) -> tuple[pa.Table, Any]:
    """Texts of the elements in their order, and for each click its element's part of the cell's number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found, which = coded(numbers)
    selector, link = np.divmod(found, len(links) + 1)
    texts = pa.table({
        "selector": selectors.take(pa.array(selector, mask=found < 0)),
        "link": links.take(pa.array(link - 1, mask=(found < 0) | (link == 0))),
    })  # fmt: skip
    order = pc.sort_indices(texts, sort_keys=[("selector", "ascending"), ("link", "ascending")]).to_numpy()
    rank = np.empty(len(found), np.int64)
    rank[order] = np.arange(len(found))
    return texts.take(pa.array(order)), np.where(found < 0, 1 << PAGE_SHIFT, rank << ELEMENT_SHIFT)[which]


def described(codes: Any, elements: pa.Table) -> dict[str, Any]:
    """Columns of what the numbers of cells stand for."""
    import numpy as np
    import pyarrow as pa

    on_page = codes >> PAGE_SHIFT == 1
    texts = elements.take(pa.array(codes >> ELEMENT_SHIFT & 2 ** (PAGE_SHIFT - ELEMENT_SHIFT) - 1, mask=on_page))
    fixed = codes >> np.where(on_page, 2 * PAGE_BITS, 2 * SIDE_BITS) & 1
    described = {"selector": texts.column("selector"), "link": texts.column("link"), "fixed": pa.array(fixed == 1)}
    for axis, inside, outside in (("x", 0, 0), ("y", SIDE_BITS, PAGE_BITS)):
        side = codes >> inside & 2**SIDE_BITS - 1
        halvings = np.frexp(side)[1] - 1
        on = (codes >> outside & 2**PAGE_BITS - 1) - PAGE_MIDDLE
        cell = np.where(on_page, on, side - (1 << np.maximum(halvings, 0)))
        described[f"level_{axis}"] = pa.array(halvings, pa.int32(), mask=on_page)
        described[f"cell_{axis}"] = pa.array(cell.astype(np.int32))
    return described


def counts(cell: Any, cells: int, of: Mapping[str, Any], effects: Sequence[str]) -> dict[str, Any]:
    """Of each cell the clicks, mean place, and a bit of ``followed`` each; clicks as often as their weights say."""
    import numpy as np

    weights = of.get("weights")

    def added(which: Any = slice(None), amount: Any = None) -> Any:
        times = amount if weights is None else weights if amount is None else weights * amount
        return np.bincount(cell[which], None if times is None else times[which], cells)

    known = added(of["known"])
    counted = {"clicks": added()}
    with np.errstate(invalid="ignore"):
        counted |= {axis: added(amount=of[axis]) / known for axis in ("x", "y")}
    return counted | {name: added(of["followed"] & 2**bit > 0) for bit, name in enumerate(effects)}


def visitors(cell: Any, cells: int, visitor: Any, weights: Any | None) -> Any:
    """Different visitors of each cell, each with the greatest weight; 0 = nobody knows who."""
    import numpy as np

    bits = int(visitor.max(initial=0)).bit_length()
    known = visitor > 0
    pairs = (cell[known].astype(np.int64) << bits) | visitor[known]
    if weights is not None:
        order = np.argsort(pairs)
        pairs, weights = pairs[order], weights[known][order]
    else:
        pairs.sort()
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    greatest = np.maximum.reduceat(weights, first) if weights is not None and len(first) else None
    return np.bincount(pairs[first] >> bits, greatest, cells)


def tags(cell: Any, cells: int, tag: Any, texts: pa.Array) -> pa.Array:
    """First tag of each cell, by name; null = it has none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    order = pc.sort_indices(texts)
    rank = np.full(len(texts) + 1, len(texts))
    rank[order.to_numpy()] = np.arange(len(texts))
    least = np.full(cells, len(texts))
    np.minimum.at(least, cell, rank[tag])
    return texts.take(order).take(pa.array(least, mask=least == len(texts)))
