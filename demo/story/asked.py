"""Ask LogDig's questions for everything that is planted in the month, in the form in which the planted truth stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from demo.story.month import EXPERIMENT, RELEASE_DAYS, Month
from logdig.marts.pinned import Source
from logdig.questions.catalog import question_of
from logdig.questions.engine.answering import ask
from logdig.questions.engine.database import literal
from logdig.questions.engine.parameters import Parameters
from logdig.questions.engine.question import Answer
from logdig.questions.engine.sql import select
from logdig.questions.page.releases import NEW, VANISHED

Row = Mapping[str, Any]
Found = dict[str, Any]
DIMENSIONS = {
    "channels": "channel", "campaigns": "campaign", "countries": "country", "devices": "device",
    "variants": f"experiment.{EXPERIMENT}",
}  # fmt: skip
"""By what sessions are counted, by the topic of the truth."""
BROWSED = ("page", "click", "scroll", "custom", "submit", "move", "identify")
"""Types of events in the month; listens and ad clicks of the same days are not of it."""
VISITED = ("visitors", "sessions", "views", "bounces")


@dataclass(frozen=True, slots=True)
class Analyst:
    """Asks about the month.

    Args:
        source: The tables.
        app: App of the site.
        month: Its days and zone.
    """

    source: Source
    app: str
    month: Month

    def found(self) -> Found:
        """What the questions say, in the form of ``msgspec.to_builtins(Truth(…))``."""
        types = {row["type"]: row["events"] for row in self._rows("events")}
        traffic = self._traffic(types)
        return {
            "first_day": self.month.first_day.isoformat(),
            "last_day": self.month.last_day.isoformat(),
            "zone": self.month.zone,
            "events": sum(traffic.values()),
            "totals": self._totals(types),
            "sources": self._sources(),
            **{topic: self._visited(by) for topic, by in DIMENSIONS.items()},
            "pages": self._pages(),
            "frustration": self._frustration(),
            "releases": {name: self._release(self.month.day(number)) for name, number in RELEASE_DAYS.items()},
            "traffic": traffic,
        }

    def _ask(self, name: str, **asked: Any) -> Answer:
        month = self.month
        parameters = Parameters(self.app, month.first_day, month.last_day, zone=month.zone, **asked)
        return ask(self.source, question_of(name), parameters)

    def _rows(self, name: str, **asked: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._ask(name, **asked).rows.to_pylist()
        return rows

    def _select(self, columns: str, table: str, rest: str) -> list[dict[str, Any]]:
        days = f"day BETWEEN DATE '{self.month.first_day}' AND DATE '{self.month.last_day}'"
        sql = f"SELECT {columns} FROM {table} WHERE app = {literal(self.app)} AND {days} {rest}"
        rows: list[dict[str, Any]] = select(self.source, sql).rows.to_pylist()
        return rows

    def _totals(self, types: Mapping[str, float]) -> Found:
        [all_of_it] = self._rows("overview")
        [later] = self._select("count(DISTINCT session_id) AS sessions", "sessions", "AND continued")
        names = (*VISITED, "engaged_ms")
        return {name: _whole(all_of_it[name]) for name in names} | {
            "clicks": _whole(types.get("click", 0)), "over_midnight": later["sessions"],
        }  # fmt: skip

    def _traffic(self, types: Mapping[str, float]) -> dict[str, float]:
        events: dict[str, float] = defaultdict(float)
        for row in self._rows("traffic"):
            events[row["kind"]] += row["events"]
        people = sum(types.get(name, 0) for name in BROWSED)
        return {kind: _whole(people if kind == "people" else count) for kind, count in events.items()}

    def _visited(self, by: str, where: Mapping[str, str] = MappingProxyType({})) -> dict[str, Found]:
        rows = self._rows("sources", by=by, where=where)
        return dict(sorted((row[by], _visits(row)) for row in rows if row[by] is not None))

    def _sources(self) -> dict[str, Found]:
        sources = [row["source"] for row in self._rows("sources") if row["source"] is not None]
        return {
            f"{source} / {medium}": found
            for source in sources
            for medium, found in self._visited("medium", {"source": source}).items()
        }

    def _pages(self) -> dict[str, Found]:
        clickers: dict[str, dict[str, int]] = defaultdict(dict)
        counted = "page, selector, count(DISTINCT user_key) AS visitors"
        for row in self._select(counted, "clicks", "AND selector IS NOT NULL GROUP BY page, selector"):
            clickers[row["page"]][row["selector"]] = row["visitors"]
        return {row["page"]: self._page(row, clickers[row["page"]]) for row in self._rows("pages")}

    def _page(self, row: Row, clickers: dict[str, int]) -> Found:
        scroll = self._ask("scroll", where={"page": row["page"]})
        clicks: dict[str, float] = defaultdict(float)
        for cell in self._rows("heatmap", where={"page": row["page"]}):
            clicks[cell["selector"] or "(page)"] += cell["clicks"]
        return {name: _whole(row[name]) for name in ("views", "visitors", "entries", "exits")} | {
            "scrolled": [_whole(views) for views in scroll.rows.column("views").to_pylist()],
            "fold": scroll.account["fold_px"],
            "clicks": {selector: _whole(count) for selector, count in clicks.items()},
            "clickers": clickers,
        }

    def _frustration(self) -> Found:
        answer = self._ask("frustration")
        prone: dict[str, dict[str, Found]] = defaultdict(dict)
        found: dict[str, dict[str, dict[str, float]]] = {"rage": defaultdict(dict), "dead": defaultdict(dict)}
        for one in answer.account["repeat_prone"]:
            told = {name: one[name] for name in ("visitors", "repeated", "bursts", "usual", "counted")}
            prone[one["page"]][one["selector"]] = told
            found["rage"][one["page"]][one["selector"]] = one["counted"]
        returns = {}
        for row in answer.rows.to_pylist():
            if row["kind"] == "quick return":
                returns[row["page"]] = _whole(row["times"])
            else:
                found[row["kind"]][row["page"]][row["selector"]] = _whole(row["times"])
        return {**found, "repeat_prone": prone, "quick_returns": returns}

    def _release(self, day: date) -> Found:
        rows = self._ask("releases", release_day=day).rows.to_pylist()
        pages: dict[str, Found] = {}
        for row in rows:
            sides = {"before_visitors": row["before_visitors"], "after_visitors": row["after_visitors"]}
            page = pages.setdefault(row["page"], sides | {"elements": {}})
            page["elements"][row["selector"]] = {"before": row["before"], "after": row["after"]}
        certain = [row for row in rows if row["flagged"]]
        rises = any(row["state"] is None and row["difference"] > 0 for row in certain)
        flagged: dict[str | None, list[str]] = {None: [], VANISHED: [], NEW: []}
        for row in certain:
            # Who clicks one element more often clicks its neighbours less: a fall beside a rise is not planted.
            if row["state"] is not None or row["difference"] > 0 or not rises:
                flagged[row["state"]].append(row["selector"])
        changed, vanished, new = (sorted(selectors) for selectors in flagged.values())
        told = {"changed": changed, "vanished": vanished, "new": new}
        return {"day": day.isoformat(), "pages": pages, **told}


def _visits(row: Row) -> Found:
    return {name: _whole(row[name]) for name in VISITED} | {"reached": _whole(row["conversions"])}


def _whole(count: float) -> float:
    """A count as a whole number, where it is one."""
    return int(count) if count == int(count) else count
