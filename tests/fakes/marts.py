"""Marts that answer from rows in memory, by the same sums as the real ones."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from logdig.errors import StoreUnavailableError
from logdig.marts import columns as mart_columns
from logdig.marts import summaries


class FakeMarts:
    """Rows by table name; a missing table is empty. ``broken`` makes every question fail as an unreachable S3 does."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.broken = False

    def table(self, name: str, columns: tuple[str, ...] | None = None) -> pa.Table:
        if self.broken:
            raise StoreUnavailableError(f"table {name} cannot be read: no answer; try again")
        schema = pa.schema(list(mart_columns.COLUMNS[name].items()))
        table = pa.Table.from_pylist(self.rows.get(name, []), schema=schema)
        return table.select(list(columns)) if columns else table

    def _of(self, name: str, app: str) -> pa.Table:
        return self.table(name).filter(pc.field("app") == app)

    def count(self, name: str, app: str | None = None) -> int:
        return (self.table(name) if app is None else self._of(name, app)).num_rows

    def activity(self, app: str) -> summaries.Activity:
        return summaries.activity(self._of("events", app).to_batches())

    def mobile_share(self, app: str) -> summaries.Share:
        return summaries.mobile_share(self._of("listens", app))

    def device_clicks(self, app: str) -> dict[str, int]:
        return summaries.device_clicks(self._of("heat_cells", app))

    def pages(self, app: str) -> tuple[summaries.PageClicks, ...]:
        return summaries.pages(self._of("heat_cells", app))

    def levels(self, app: str) -> tuple[summaries.LevelCount, ...]:
        return summaries.levels(self._of("targets", app))

    def models(self, app: str) -> tuple[dict[str, Any], ...]:
        return summaries.newest_models(self._of("models", app))

    def heat(
        self, app: str, page: str, start: date | None = None, end: date | None = None, device: str | None = None
    ) -> summaries.Heat:
        kept = [
            row
            for row in self._of("heat_cells", app).to_pylist()
            if row["page"] == page
            and (start is None or row["day"] >= start)
            and (end is None or row["day"] <= end)
            and device in (None, row["device"])
        ]
        schema = self.table("heat_cells").schema
        return summaries.heat(summaries.add_cells(pa.Table.from_pylist(kept, schema=schema)), 4000)
