"""Every table of the database, an analyst's own too, as it is stored: for work that may miss none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.expressions import AlwaysTrue, BooleanExpression, In, Or
from pyiceberg.table import Table
from pyiceberg.types import StringType

from logdig.config.settings import Settings
from logdig.marts.files import read_batches
from logdig.marts.reader import catalog_properties, reach_errors
from logdig.tables.catalog import TABLES, require_known_schema


class StoredTables:
    """The tables of one installation.

    Args:
        settings: Names and region.
        environment: ``AWS_ENDPOINT_URL`` and credentials, usually ``os.environ``.
    Every method raises StoreUnavailableError when Glue or S3 does not answer, SetupError when newer code than this
    wrote the table.
    """

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._database = settings.database
        with reach_errors("of the database"):
            self._catalog = GlueCatalog("lake", **catalog_properties(settings, environment))
        self._table = cache(self._load)

    def names(self) -> list[str]:
        """Names of the tables, in order."""
        with reach_errors("of the database"):
            return sorted(name for _, name in self._catalog.list_tables(self._database))

    def columns(self, name: str) -> dict[str, bool]:
        """Names of a table's columns, each with whether it holds texts."""
        return {field.name: isinstance(field.field_type, StringType) for field in self._table(name).schema().fields}

    def rows(
        self, name: str, columns: Sequence[str] | None, wanted: Mapping[str, Collection[str]] | None
    ) -> Iterator[dict[str, Any]]:
        """Read rows one by one, so that memory stays flat.

        Args:
            name: The table.
            columns: Those to read; None = all.
            wanted: Texts by column, of which a row must have one at least; None = every row.
        """
        met: BooleanExpression = AlwaysTrue()
        if wanted is not None:
            # PyIceberg's annotations do not tell how its comparisons are called.
            is_in: Any = In
            values: list[BooleanExpression] = [is_in(column, set(texts)) for column, texts in wanted.items()]
            if not values:
                return
            met = Or(*values) if len(values) > 1 else values[0]
        with reach_errors(name):
            scan = self._table(name).scan(met, selected_fields=("*",) if columns is None else tuple(columns))
            for batch in read_batches(scan):
                yield from batch.to_pylist(maps_as_pydicts="strict")

    def _load(self, name: str) -> Table:
        with reach_errors(name):
            table = self._catalog.load_table((self._database, name))
        if name in TABLES:
            require_known_schema(TABLES[name], table.properties)
        return table
