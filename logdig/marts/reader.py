"""Read the tables without Spark: PyIceberg finds the files, Arrow reads them.

Importing this module is cheap; PyIceberg and Arrow (a second) are imported on the first question. One `Marts` may be
shared by threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from logdig.config.settings import Settings
from logdig.errors import StoreUnavailableError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.catalog.glue import GlueCatalog
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.table import Table

    from logdig.marts.summaries import Activity, Heat, LevelCount, PageClicks, Share

LOOK_AGAIN_SECONDS = 2.0
"""How long a table's state is believed; a page asks several questions at once, and needs one answer of Glue."""
HEAT_CELLS_MOST = 4000
"""More cells than this are more than a screen can tell apart."""

TRIES = 2
"""PyIceberg's own 10 tries would keep a page waiting for 17 s when Glue is away; the page asks again by itself."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A table as it was when we looked; None: there was none."""

    at: float
    table: Table | None


class Marts:
    """Questions to the tables of one installation.

    Args:
        settings: Names and region.
        environment: ``AWS_ENDPOINT_URL`` and credentials, usually ``os.environ``.
        clock: Seconds that only grow.
    Every question raises StoreUnavailableError when Glue or S3 does not answer. An answer stays cached until its
    table changes.
    """

    def __init__(
        self, settings: Settings, environment: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._environment, self._clock = settings, environment, clock
        self._catalog: GlueCatalog | None = None
        self._seen: dict[str, _Seen] = {}
        self._answers: dict[tuple[object, ...], tuple[str | None, Any]] = {}
        self._lock = threading.RLock()

    def table(
        self,
        name: str,
        columns: tuple[str, ...] | None = None,
        row_filter: BooleanExpression | str | None = None,
    ) -> pa.Table:
        """Read a table.

        Args:
            name: events, heat_cells, listens, customers, tracks, features, models, predictions, targets, bad_events.
            columns: Those to read; None reads all.
            row_filter: PyIceberg expression, or its text such as ``app = 'web'``.
        Returns:
            The rows; none, with the table's columns, when it does not exist yet.
        """
        from pyiceberg.expressions import AlwaysTrue

        from logdig.marts import columns as mart_columns

        with _ours(f"table {name}"):
            found = self._find(name)
            if found is None:
                return mart_columns.empty(name, columns)
            return found.scan(row_filter or AlwaysTrue(), selected_fields=columns or ("*",)).to_arrow()

    def count(self, name: str, app: str | None = None) -> int:
        """Count the rows of a table, from its metadata alone where that can be."""
        from pyiceberg.expressions import AlwaysTrue

        def ask(found: Table | None) -> int:
            return found.scan(self._of(app) if app else AlwaysTrue()).count() if found is not None else 0

        return self._ask(("count", name, app), name, ask)

    def activity(self, app: str) -> Activity:
        """Count the events of an app by type and hour."""
        from logdig.marts import summaries

        def ask(found: Table | None) -> Activity:
            if found is None:
                return summaries.activity([])
            scan = found.scan(self._of(app), selected_fields=summaries.ACTIVITY_COLUMNS)
            return summaries.activity(scan.to_arrow_batch_reader())

        return self._ask(("activity", app), "events", ask)

    def mobile_share(self, app: str) -> Share:
        """Count the listens of an app that were on a phone."""
        from logdig.marts import summaries

        return self._of_rows("mobile", "listens", app, ("mobile",), summaries.mobile_share)

    def device_clicks(self, app: str) -> dict[str, int]:
        """Sum the clicks of an app by device."""
        from logdig.marts import summaries

        return self._of_rows("devices", "heat_cells", app, ("device", "clicks"), summaries.device_clicks)

    def pages(self, app: str) -> tuple[PageClicks, ...]:
        """List the pages of an app that were clicked, most clicked first."""
        from logdig.marts import summaries

        return self._of_rows("pages", "heat_cells", app, ("page", "clicks"), summaries.pages)

    def levels(self, app: str) -> tuple[LevelCount, ...]:
        """Count the targets of an app by offer and level."""
        from logdig.marts import summaries

        return self._of_rows("levels", "targets", app, ("offer", "level"), summaries.levels)

    def models(self, app: str) -> tuple[dict[str, Any], ...]:
        """Read the newest model of each offer of an app, refused ones too."""
        from logdig.marts import summaries

        return self._of_rows("models", "models", app, None, summaries.newest_models)

    def heat_cells(
        self, app: str, page: str, start: date | None = None, end: date | None = None, device: str | None = None
    ) -> pa.Table:
        """Add up the cells of a page.

        Args:
            app: Name of the app.
            page: Address of the page, as in ``heat_cells.page``.
            start: First UTC day; None is the earliest.
            end: Last UTC day, included; None is the latest.
            device: desktop, tablet or mobile; None is all.
        Returns:
            One row per cell, hottest first: selector (null: a cell of the page), cell_x, cell_y, clicks, x_sum, y_sum,
            vw_sum (page px, summed over clicks). Clicks sum to the clicks of the page.
        """
        from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThanOrEqual

        from logdig.marts import summaries

        wanted: BooleanExpression = And(self._of(app), _term(EqualTo, "page", page))
        if start is not None:
            wanted = And(wanted, _term(GreaterThanOrEqual, "day", start.isoformat()))
        if end is not None:
            wanted = And(wanted, _term(LessThanOrEqual, "day", end.isoformat()))
        if device is not None:
            wanted = And(wanted, _term(EqualTo, "device", device))
        return summaries.add_cells(self.table("heat_cells", (*summaries.CELL, *summaries.SUMS), wanted))

    def heat(
        self, app: str, page: str, start: date | None = None, end: date | None = None, device: str | None = None
    ) -> Heat:
        """Answer `heat_cells` for drawing: at most HEAT_CELLS_MOST cells at their mean places."""
        from logdig.marts import summaries

        def ask(_found: Table | None) -> Heat:
            return summaries.heat(self.heat_cells(app, page, start, end, device), HEAT_CELLS_MOST)

        return self._ask(("heat", app, page, start, end, device), "heat_cells", ask)

    def _of_rows(
        self, what: str, name: str, app: str, columns: tuple[str, ...] | None, count: Callable[[pa.Table], T]
    ) -> T:
        return self._ask((what, app), name, lambda _: count(self.table(name, columns, self._of(app))))

    def _of(self, app: str) -> BooleanExpression:
        from pyiceberg.expressions import EqualTo

        return _term(EqualTo, "app", app)

    def _ask(self, key: tuple[object, ...], name: str, ask: Callable[[Table | None], T]) -> T:
        """Answer from the cache while the table is what it was."""
        with _ours(f"table {name}"):
            found = self._find(name)
            state = found.metadata_location if found is not None else None
            known: tuple[str | None, T] | None = self._answers.get(key)
            if known is not None and known[0] == state:
                return known[1]
            answer = ask(found)
            self._remember(key, state, answer)
            return answer

    def _remember(self, key: tuple[object, ...], state: str | None, answer: object) -> None:
        with self._lock:
            # Answers are few and small; a caller that asks for thousands of pages starts over.
            if len(self._answers) > 500:
                self._answers.clear()
            self._answers[key] = (state, answer)

    def _find(self, name: str) -> Table | None:
        from pyiceberg.exceptions import NoSuchTableError

        with self._lock:
            seen = self._seen.get(name)
            if seen is not None and self._clock() - seen.at < LOOK_AGAIN_SECONDS:
                return seen.table
            try:
                table = self._open().load_table((self._settings.database, name))
            except NoSuchTableError:
                table = None
            self._seen[name] = _Seen(self._clock(), table)
            return table

    def _open(self) -> GlueCatalog:
        if self._catalog is None:
            from pyiceberg.catalog.glue import GlueCatalog

            self._catalog = GlueCatalog("lake", **catalog_properties(self._settings, self._environment))
        return self._catalog


def _term(kind: Any, column: str, value: str) -> BooleanExpression:
    """Compare a column; PyIceberg's own annotations do not tell how its comparisons are called."""
    term: BooleanExpression = kind(column, value)
    return term


def catalog_properties(settings: Settings, environment: Mapping[str, str]) -> dict[str, Any]:
    """Configure PyIceberg's Glue catalog; on AWS keys come from the standard chain."""
    properties = {"client.region": settings.region, "warehouse": settings.warehouse, "glue.max-retries": TRIES}
    endpoint = environment.get("AWS_ENDPOINT_URL")
    if not endpoint:
        return properties
    token = environment.get("AWS_SESSION_TOKEN")
    session = {"client.session-token": token} if token else {}
    return (
        properties
        | session
        | {
            # Path style addresses are what Arrow uses with an endpoint.
            "s3.endpoint": endpoint,
            "glue.endpoint": endpoint,
            "client.access-key-id": environment["AWS_ACCESS_KEY_ID"],
            "client.secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
        }
    )


@contextmanager
def _ours(what: str) -> Iterator[None]:
    """Turn the libraries' errors of reach into ours."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, OSError) as err:
        raise StoreUnavailableError(f"{what} cannot be read: {err}; try again") from err
