"""Write the cost tables of README.md and docs/cost.md from the price list: ``python -m tools.cost_page``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from infra.cost.bill import MONTHS, bill, price_of_freshness
from infra.cost.comparison import by_front_door, design_of_2016, published
from infra.cost.jobs import RUNS_A_MONTH, again_usd, job_lines
from infra.cost.model import PARTS, Workload, collection, total
from infra.cost.prices import read_prices
from infra.paths import ROOT

PAGES = (ROOT / "README.md", ROOT / "docs" / "cost.md")
BLOCK = re.compile(r"<!-- cost: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
"""Between these two lines a page holds the table of that name."""
VOLUMES = (1e6, 10e6, 100e6, 1e9)


def tables(prices: dict[str, Any]) -> dict[str, str]:
    """Every table by name, as Markdown."""
    return {
        "volumes": _volumes(prices),
        "million": _lines(Workload(1e6), prices),
        "hundred_million": _lines(Workload(100e6), prices),
        "billion": _lines(Workload(1e9), prices),
        "jobs": _jobs(prices),
        "beside": _beside(prices),
        "published": _published(prices),
        "freshness": _freshness(prices),
    }


def _volumes(prices: dict[str, Any]) -> str:
    rows = []
    for events in VOLUMES:
        work = Workload(events)
        months = [_usd(total(bill(replace(work, month=month), prices))) for month in MONTHS]
        rows.append((f"{events:,.0f}", _usd(total(collection(work, prices))), *months))
    head = ("events a month", "collection to S3, month 1, usd", *(f"everything, month {one}, usd" for one in MONTHS))
    return _table(head, rows)


def _lines(work: Workload, prices: dict[str, Any]) -> str:
    first, last = (bill(replace(work, month=month), prices) for month in MONTHS)
    pairs = sorted(zip(first, last, strict=True), key=lambda pair: PARTS.index(pair[1].part))
    rows = [(line.service, line.what, _usd(before.usd), _usd(line.usd)) for before, line in pairs]
    head = ("service", f"what, in month {MONTHS[-1]}", *(f"usd, month {month}" for month in MONTHS))
    return _table(head, [*rows, ("all of it", "", _usd(total(first)), _usd(total(last)))])


def _jobs(prices: dict[str, Any]) -> str:
    """Spark by job in the last month, at each freshness."""
    rows = []
    for events in (1e6, 100e6, 1e9):
        works = [Workload(events, freshness=freshness, month=MONTHS[-1]) for freshness in RUNS_A_MONTH]
        jobs = [job_lines(work, prices) for work in works]
        rows += [
            (f"{events:,.0f}", same[0].what.split(",")[0], *(_usd(line.usd) for line in same))
            for same in zip(*jobs, strict=True)
        ]
        again = _usd(again_usd(works[0], prices))
        rows += [
            (f"{events:,.0f}", "all jobs", *(_usd(total(lines)) for lines in jobs)),
            (f"{events:,.0f}", "all days of the marts again, once", *[again] * len(jobs)),
        ]
    return _table(("events a month", "job", *(f"`{name}`, usd" for name in RUNS_A_MONTH)), rows)


def _beside(prices: dict[str, Any]) -> str:
    work = Workload(1e9)
    rows = [(f"LogDig, `{name}`", _usd(usd)) for name, usd in by_front_door(work, prices).items()]
    older = total(design_of_2016(work.events, prices))
    return _table(("1 billion events to S3", "usd a month"), [*rows, ("the shape of 2016", _usd(older))])


def _published(prices: dict[str, Any]) -> str:
    rows = []
    for url, server in zip(
        published(Workload(1.0), prices), published(Workload(1.0, front_door="server"), prices), strict=True
    ):
        rows.append((url.what, f"{url.events:,.0f}", _usd(url.usd), _usd(url.ours), _usd(server.ours)))
    return _table(("published", "events a month", "usd", "LogDig, `function-url`", "LogDig, `server`"), rows)


def _freshness(prices: dict[str, Any]) -> str:
    costs = price_of_freshness(Workload(0), prices)
    rows = [(f"`{name}`", f"{RUNS_A_MONTH[name]:,.0f}", _usd(usd)) for name, usd in costs.items()]
    return _table(("setting", "Spark runs a month", "usd a month when little comes"), rows)


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def filled(text: str, tables_by_name: dict[str, str]) -> str:
    """A page's text with every marked table replaced."""
    return BLOCK.sub(lambda block: f"<!-- cost: {block[1]} -->\n{tables_by_name[block[1]]}\n<!-- end -->", text)


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` exit with 1 when they are outdated."""
    made = tables(read_prices())
    texts = {page: page.read_text(encoding="utf-8") for page in PAGES}
    if arguments == ["--check"]:
        return 0 if all(filled(text, made) == text for text in texts.values()) else 1
    for page, text in texts.items():
        page.write_text(filled(text, made), encoding="utf-8")
        print(f"wrote {page.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
