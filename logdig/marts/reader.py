"""Read the tables without Spark: PyIceberg finds the files, Arrow reads them.

Importing this module is cheap; PyIceberg and Arrow (a second) are imported on the first question. One `Marts` may be
shared by threads. What is asked of the tables stands in logdig/questions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from logdig.config.settings import Settings
from logdig.errors import StoreUnavailableError
from logdig.marts.kept import KeptColumns
from logdig.marts.pinned import PinnedTables
from logdig.tables.catalog import TABLES, require_known_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.catalog.glue import GlueCatalog
    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.table import DataScan, Table

LOOK_AGAIN_SECONDS = 2.0
"""How long a table's state is believed; a page asks several questions at once, and needs one answer of Glue."""
CACHED_MOST = 500
"""Results are few and small; a caller that asks for more different ones starts over."""

TRIES = 2
"""PyIceberg's own 10 tries would keep a page waiting for 17 s when Glue is away; the page asks again by itself."""

Comparison = tuple[str, Literal["=", ">=", "<="], str | int | date]
"""Of a column with a value."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A table as it was at a time; None: there was none."""

    at: float
    table: Table | None


class Marts:
    """The tables of one installation.

    Args:
        settings: Names and region.
        environment: ``AWS_ENDPOINT_URL`` and credentials, usually ``os.environ``.
        clock: Seconds that only grow.
        kept: Columns that questions have read; None keeps them in up to `logdig.marts.kept.KEPT_BYTES`.
    Every method raises StoreUnavailableError when Glue or S3 does not answer, SetupError when newer code than this
    wrote the table.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
        kept: KeptColumns | None = None,
    ) -> None:
        self._settings, self._environment, self._clock = settings, environment, clock
        self._catalog: GlueCatalog | None = None
        self._loaded: dict[str, _Loaded] = {}
        self._results: dict[tuple[object, ...], tuple[str | None, Any]] = {}
        self._lock = threading.RLock()
        self._counts: dict[tuple[object, ...], int] = {}
        self._kept = KeptColumns() if kept is None else kept

    def pin(self, names: Sequence[str]) -> PinnedTables:
        """Hold tables at their present snapshots, so that a question reads one state of each."""
        loaded: dict[str, Table | None] = {}
        for name in names:
            with reach_errors(name):
                loaded[name] = self._load(name)
        with self._lock:
            if len(self._counts) > CACHED_MOST:
                self._counts.clear()
        return PinnedTables(loaded, self._kept, self._counts)

    def table(self, name: str, columns: Sequence[str] | None = None, where: Sequence[Comparison] = ()) -> pa.Table:
        """Read rows of a table.

        Args:
            name: One of `logdig.tables.catalog.TABLES`.
            columns: Those to read; None reads all, an analyst's own too.
            where: Comparisons that a row must meet, all of them.
        Returns:
            The rows; none, with the declared columns, when the table does not exist yet. A column that a table of an
            older version lacks is null.
        """
        from logdig.marts.columns import fill_up, table_schema

        wanted = table_schema(name, columns)
        with reach_errors(name):
            found = self._load(name)
            rows = wanted.empty_table() if found is None else scan_of(found, columns, where).to_arrow()
        return fill_up(rows, wanted, drop_others=columns is not None)

    def batches(self, name: str, columns: Sequence[str], where: Sequence[Comparison] = ()) -> Iterator[pa.RecordBatch]:
        """Read rows as `table` does, batch by batch, so that memory stays flat."""
        import pyarrow as pa

        from logdig.marts.columns import fill_up, table_schema
        from logdig.marts.files import read_batches

        wanted = table_schema(name, columns)
        with reach_errors(name):
            found = self._load(name)
            if found is not None:
                for batch in read_batches(scan_of(found, columns, where)):
                    yield from fill_up(pa.Table.from_batches([batch]), wanted, drop_others=True).to_batches()

    def count(self, name: str, app: str | None = None) -> int:
        """Count the rows of a table, from its metadata alone where that can be."""

        def rows() -> int:
            with reach_errors(name):
                found = self._load(name)
                return 0 if found is None else scan_of(found, (), () if app is None else [("app", "=", app)]).count()

        return self.cached(("count", name, app), name, rows)

    def properties(self, name: str) -> dict[str, str] | None:
        """Read a table's properties, as a mart's mark; None when the table does not exist yet."""
        with reach_errors(name):
            found = self._load(name)
        return None if found is None else dict(found.properties)

    def cached(self, key: tuple[object, ...], name: str, compute: Callable[[], T]) -> T:
        """Return what was computed before, as long as the table is what it was then.

        Args:
            key: Names the question and all that it depends on but the table.
            name: The table that it reads.
            compute: Called when the table has changed, or was never asked.
        """
        with reach_errors(name):
            found = self._load(name)
        state = found.metadata_location if found is not None else None
        known: tuple[str | None, T] | None = self._results.get(key)
        if known is not None and known[0] == state:
            return known[1]
        result = compute()
        with self._lock:
            if len(self._results) > CACHED_MOST:
                self._results.clear()
            self._results[key] = (state, result)
        return result

    def _load(self, name: str) -> Table | None:
        from pyiceberg.exceptions import NoSuchTableError

        with self._lock:
            loaded = self._loaded.get(name)
            if loaded is not None and self._clock() - loaded.at < LOOK_AGAIN_SECONDS:
                return loaded.table
            try:
                table = self._open().load_table((self._settings.database, name))
            except NoSuchTableError:
                table = None
            if table is not None:
                require_known_schema(TABLES[name], table.properties)
            self._loaded[name] = _Loaded(self._clock(), table)
            return table

    def _open(self) -> GlueCatalog:
        if self._catalog is None:
            from pyiceberg.catalog.glue import GlueCatalog

            self._catalog = GlueCatalog("lake", **catalog_properties(self._settings, self._environment))
        return self._catalog


def scan_of(table: Table, columns: Sequence[str] | None, where: Sequence[Comparison]) -> DataScan:
    """Plan a scan of those columns that the table has, with those rows that meet all comparisons."""
    from pyiceberg.expressions import AlwaysFalse

    stored = table.schema().column_names
    there = [column for column in columns or () if column in stored]
    # Rows must be counted even when the table has none of the columns; the smallest then stands for them.
    selected = ("*",) if columns is None else tuple(there or stored[:1])
    # A column that an older table lacks is null, and null meets no comparison.
    known = all(column in stored for column, _, _ in where)
    return table.scan(_expression(where) if known else AlwaysFalse(), selected_fields=selected)


def _expression(where: Sequence[Comparison]) -> BooleanExpression:
    """Write comparisons as PyIceberg's; values are never parsed as text."""
    from pyiceberg.expressions import AlwaysTrue, And, EqualTo, GreaterThanOrEqual, LessThanOrEqual

    # PyIceberg's annotations do not tell how its comparisons are called.
    kinds: dict[str, Any] = {"=": EqualTo, ">=": GreaterThanOrEqual, "<=": LessThanOrEqual}
    met: BooleanExpression = AlwaysTrue()
    for column, sign, value in where:
        met = And(met, kinds[sign](column, value.isoformat() if isinstance(value, date) else value))
    return met


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
def reach_errors(name: str) -> Iterator[None]:
    """Turn the libraries' errors of reach into LogDig's."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, OSError) as err:
        raise StoreUnavailableError(f"table {name} cannot be read: {err}; try again") from err
