"""Rows of a question while it is answered: those that meet its filters, weighted, in a locked database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import sqrt
from typing import TYPE_CHECKING, Any

from logdig.marts.pinned import Pinned
from logdig.questions.engine.database import open_locked
from logdig.questions.engine.filters import CODE, coded, in_days, met, stored_days, texts_and_numbers
from logdig.questions.engine.parameters import Parameters, filter_columns, moments
from logdig.questions.engine.question import Question, SampleRead
from logdig.tables.catalog import TABLES

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_ROWS = 20_000_000
"""Of more rows a question reads one sixteenth of the visitors, and multiplies."""
SHARE = 16
TWO_SIDED = 1.96
"""Standard errors on either side of a number for 95 %."""
WEIGHT = "millionths"
"""Column of every row: its weight in millionths, so that sums do not depend on their order."""
MILLION = 1_000_000
NUMBER = "_number"
"""Ends the name of a column that holds the numbers of a text, beside the text."""
BITS = 64
"""Most bits a row in which different visitors are counted, one a group and visitor; beyond, a hash table is smaller."""
WEIGHTED = {"weight", "sample_rate"}
"""What a weight is made of."""
IDS = ("user_key", "session_id", "page_view_id")
"""Columns that are counted and joined, as numbers; `Asking.texts` gives their texts."""


@dataclass(slots=True)
class Asking:
    """A question while it is answered: registers rows that meet the filters, and runs SQL over them."""

    question: Question
    parameters: Parameters
    pinned: Pinned
    account: dict[str, Any] = field(default_factory=dict)
    sampled: bool = False
    shares: bool | None = None
    samples: dict[str, SampleRead] = field(default_factory=dict)
    _database: duckdb.DuckDBPyConnection = field(default_factory=lambda: open_locked({}))
    _texts: dict[str, Any] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)
    _number: int = 0

    @property
    def by(self) -> str | None:
        """Dimension that is asked, or the question's own."""
        return self.parameters.by or self.question.by

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        start: date | None = None,
        end: date | None = None,
        without: Sequence[str] = (),
        numbered: Sequence[str] = (),
    ) -> str:
        """Register the rows of the asked days, or of others, that meet the filters.

        Args:
            table: Name.
            columns: Those that the SQL reads, dimensions too.
            start: First day; None = as asked.
            end: Last day; None = as asked.
            without: Filters that are not applied here.
            numbered: Columns of texts that become numbers, as those of IDS do.
        Returns:
            Name to use in SQL: the columns and WEIGHT. Those of IDS are numbers.
        """
        first, last = start or self.parameters.start, end or self.parameters.end
        filters = {name: value for name, value in self.parameters.where.items() if name not in without}
        has = TABLES[table].names
        wanted = {
            *columns,
            *(column for name in filters for column in filter_columns(table, name)),
            *(WEIGHTED & set(has)),
        }
        sample = self._shares() and "bucket" in has
        if sample:
            wanted.add("user_key")
        days = stored_days(table, first, last)
        found = self.pinned.rows(table, sorted(wanted), self.parameters.app, *days, sample=sample)
        if table == "sessions" and _differs(found.column("weight")):
            wanted.add("session_id")
            found = self.pinned.rows(table, sorted(wanted), self.parameters.app, *days, sample=sample)
        found, conditions = coded(table, found, filters)
        conditions.insert(0, in_days(table, self.parameters, first, last))
        name = self._register(table, found, conditions, SHARE if sample else 1, (*IDS, *numbered))
        if sample and table not in self.samples:
            self.samples[table] = self._sample(table, name)
        return name

    def _sample(self, table: str, view: str) -> SampleRead:
        """Count what was read of a share of the visitors, and how sure it makes."""
        [(visitors, rows, squares)] = self.values(f"""
            SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(rows * rows), 0)
            FROM (SELECT count(*) AS rows FROM {view} WHERE user_key IS NOT NULL GROUP BY user_key)
        """)
        margin = TWO_SIDED * sqrt(1 - 1 / SHARE)
        of_visitors = margin / sqrt(visitors) if visitors else None
        return SampleRead(table, visitors, int(rows), of_visitors, margin * sqrt(squares) / rows if rows else None)

    def whole(self, table: str, columns: Sequence[str], most_bytes: int) -> str:
        """Register all rows of a table that has no days, of the asked app.

        Args:
            table: Name.
            columns: Those that the SQL reads.
            most_bytes: Most that they may hold, of all apps.
        Returns:
            Name to use in SQL.
        """
        import pyarrow.compute as pc

        found = self.pinned.whole(table, ["app", *columns], most_bytes)
        self._number += 1
        name = f"{table}_{self._number}"
        self._database.register(name, found.filter(pc.equal(found.column("app"), self.parameters.app)))
        return name

    def moments(self) -> tuple[datetime, datetime]:
        """Beginning and end of the asked days, UTC; the end is not included."""
        return moments(self.parameters, self.parameters.start, self.parameters.end)

    def _shares(self) -> bool:
        """Whether a share of the visitors stands for all, in every table of the question alike."""
        if self.shares is None:
            asked = self.parameters.app, self.parameters.start, self.parameters.end
            bucketed = [name for name in self.question.tables if "bucket" in TABLES[name].names]
            self.shares = any(self.pinned.count(name, *asked) > MOST_ROWS for name in bucketed)
        return self.shares

    def _register(
        self, table: str, found: pa.Table, conditions: Sequence[str], times: int, numbered: Sequence[str]
    ) -> str:
        self._number += 1
        name = f"{table}_{self._number}"
        stored = f"{name}_stored"
        found = self._numbered(name, found, numbered)
        self._database.register(stored, found)
        numbers = [column for column in found.column_names if column.endswith(NUMBER)]
        taken = ", ".join(f"{column} AS {column.removesuffix(NUMBER)}" for column in numbers)
        helping = [column for column in found.column_names if column.endswith((NUMBER, CODE))]
        every = f"* EXCLUDE ({', '.join(helping)})" if helping else "*"
        every += f" REPLACE ({taken})" if numbers else ""
        self._sizes[name] = found.num_rows
        where = " AND ".join(f"({one})" for one in conditions)
        weight, sampled = self._weight(stored, found, where)
        # A session's weight is the greatest of its rows.
        if sampled and table == "sessions":
            weight = f"max({weight}) OVER (PARTITION BY session_id)"
        self._database.execute(
            f"CREATE VIEW {name} AS SELECT {every}, {weight} * {times} AS {WEIGHT} FROM {stored} WHERE {where}"
        )
        return name

    def _weight(self, stored: str, found: pa.Table, where: str) -> tuple[str, bool]:
        """SQL of a row's weight in millionths, and whether any row of the question has another than one."""
        rates = {"weight": "weight", "sample_rate": "1 / sample_rate"}
        column = next((name for name in rates if name in found.column_names), None)
        if column is None or not _differs(found.column(column)):
            return str(MILLION), False
        asked = f"SELECT coalesce(bool_or({column} <> 1), false) FROM {stored} WHERE {where}"
        [(sampled,)] = self._database.execute(asked).fetchall()
        self.sampled |= sampled
        if not sampled:
            return str(MILLION), False
        return f"CAST(round(coalesce({rates[column]}, 1) * {MILLION}) AS BIGINT)", True

    def _numbered(self, name: str, found: pa.Table, numbered: Sequence[str]) -> pa.Table:
        """Put numbers in the place of ids, and keep their texts."""
        import pyarrow as pa

        for column in numbered:
            if column in found.column_names and pa.types.is_dictionary(found.schema.field(column).type):
                self._texts[f"{name}.{column}"], numbers = texts_and_numbers(found.column(column))
                if column in IDS:
                    found = found.set_column(found.column_names.index(column), column, numbers)
                else:
                    # Filters are of the texts.
                    found = found.append_column(f"{column}{NUMBER}", numbers)
        return found

    def texts(self, view: str, column: str) -> str:
        """Register the texts of ids, as columns ``number`` and ``text``.

        Args:
            view: What `rows` has returned.
            column: One of IDS, or of those that `rows` was told to number.
        Returns:
            Name to use in SQL.
        """
        import pyarrow as pa

        texts, name = self.numbered(view, column), f"{view}_{column}_texts"
        self._database.register(name, pa.table({"number": pa.array(range(len(texts)), pa.int32()), "text": texts}))
        return name

    def numbered(self, view: str, column: str) -> pa.Array:
        """Return the same texts, each in the place of its number."""
        return self._texts[f"{view}.{column}"]

    def times(self, amount: str) -> str:
        """SQL of an amount as often as its row counts, in millionths; whole numbers, so that sums are exact."""
        return f"{amount}::HUGEINT * {WEIGHT}" if self.sampled or self.shares else f"{amount} * {WEIGHT}"

    def count(self, condition: str = "", of: str = "*") -> str:
        """SQL of how many rows there are, or how many meet a condition, each as often as it counts.

        ``of`` = what is counted, where no row has another weight than one.
        """
        if self.sampled:
            met = f" FILTER (WHERE {condition})" if condition else ""
            return f"coalesce(sum({WEIGHT}){met}, 0)::DOUBLE / {MILLION}"
        # A sum of small numbers takes two thirds of the time of a count under a condition.
        counted = f"coalesce(sum(({condition})::TINYINT), 0)" if condition and of == "*" else f"count({of})"
        met = f" FILTER (WHERE {condition})" if condition and of != "*" else ""
        return f"({counted}{met} * {self.share})::DOUBLE"

    def sum(self, amount: str, condition: str) -> str:
        """SQL of a sum of whole numbers over the rows that meet a condition, each as often as it counts."""
        if self.sampled:
            return f"coalesce(sum(CASE WHEN {condition} THEN {self.times(amount)} END), 0)::DOUBLE / {MILLION}"
        met = "" if condition == "true" else f" FILTER (WHERE {condition})"
        return f"(coalesce(sum({amount}){met}, 0) * {self.share})::DOUBLE"

    def visitors(self, keys: str, rows: str, different: str | None = None) -> str:
        """SQL of the different visitors by keys, each with the greatest weight.

        Args:
            keys: Columns, each with a comma behind it.
            rows: SQL of rows with these, ``user_key`` and WEIGHT.
            different: What `different` says of them; None = of unknown groups.
        Returns:
            A query of the keys and ``visitors``.
        """
        if not self.sampled:
            return f"SELECT {keys} {different or self.different()} AS visitors FROM {rows} GROUP BY ALL"
        return f"""
            SELECT {keys} sum(visitor)::DOUBLE / {MILLION} AS visitors
            FROM (SELECT {keys} user_key, max({WEIGHT}) AS visitor FROM {rows}
              WHERE user_key IS NOT NULL GROUP BY ALL) GROUP BY ALL
        """

    def different(self, view: str = "", groups: int | None = None, who: str = "user_key") -> str:
        """SQL of the different visitors of a group, where no row has another weight than one.

        Args:
            view: What `rows` has returned.
            groups: Most groups there can be; None = unknown.
            who: SQL of the visitor's number.
        """
        counted = f"count(DISTINCT {who})"
        if groups is not None:
            last = len(self.numbered(view, "user_key"))
            # A bit for each visitor is several times as fast as a hash table, where few groups have many visitors.
            if groups * (last + 1) <= BITS * self._sizes[view]:
                counted = f"coalesce(bit_count(bitstring_agg({who}, 0, {last})), 0)"
        return f"({counted} * {self.share})::DOUBLE"

    @property
    def share(self) -> int:
        """How many visitors each one that was read stands for."""
        return SHARE if self.shares else 1

    def keep(self, sql: str) -> str:
        """Run our own SQL and keep its rows, for what reads them more than once; return their name."""
        self._number += 1
        name = f"kept_{self._number}"
        self._database.execute(f"CREATE TEMP TABLE {name} AS {sql}")
        return name

    def met(self, table: str) -> str:
        """SQL of the filters over rows that were registered without them."""
        return " AND ".join(met(table, self.parameters.where)) or "true"

    def run(self, sql: str) -> pa.Table:
        """Run our own SQL over what was registered."""
        return self._database.sql(sql).to_arrow_table()

    def values(self, sql: str) -> list[tuple[Any, ...]]:
        """Run our own SQL, and return its rows as values."""
        return self._database.execute(sql).fetchall()

    def close(self) -> None:
        """Free what it holds."""
        self._database.close()


def _differs(weights: pa.ChunkedArray) -> bool:
    """Whether any row, perhaps of another day, has another weight than one."""
    import pyarrow.compute as pc

    return bool(pc.any(pc.not_equal(weights, 1.0)).as_py())
