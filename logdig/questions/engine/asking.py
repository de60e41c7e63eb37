"""Ask a question of the marts: check what is asked, read one state of the tables, answer with a receipt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from logdig.errors import InputError
from logdig.marts.database import open_locked
from logdig.marts.pinned import Pinned, Source, TableState
from logdig.questions.engine.parameters import Parameters, check_names, condition_of, needed_column
from logdig.tables.catalog import TABLES
from logdig.tables.declaration import Column

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MOST_ROWS = 20_000_000
"""Of more rows a question reads one sixteenth of the visitors, and multiplies."""
SHARE = 16
WEIGHT = "millionths"
"""Column of every row: its weight in millionths, so that sums do not depend on their order."""
MILLION = 1_000_000
WEIGHTED = {"weight", "sample_rate", "session_id"}
"""What a weight is made of."""
IDS = ("user_key", "session_id", "page_view_id")
"""Columns that are counted and joined, as numbers; `Asking.texts` gives their texts."""
PLAIN = ("event_id",)
"""Columns whose values are all different: a list of the different ones would be carried around for nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question.

    Args:
        name: What it is called.
        meaning: What it answers, one sentence.
        tables: Those that it reads.
        columns: Of the answer, in their order, without the dimension.
        keys: Names of those columns that say what a row is of; no two rows share them.
        filters: Those that it can apply.
        answer: Makes the rows.
        dimensions: What ``by`` may name.
        by: Dimension when none is named.
        needs: Filters that must be given.
        compares: Whether the days before can stand beside.
        notes: What a reader should know.
    """

    name: str
    meaning: str
    tables: tuple[str, ...]
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    filters: tuple[str, ...]
    answer: Callable[[Asking], pa.Table]
    dimensions: tuple[str, ...] = ()
    by: str | None = None
    needs: tuple[str, ...] = ()
    compares: bool = True
    notes: tuple[str, ...] = ()


class LedgerState(msgspec.Struct, frozen=True):
    """What the ledger says of the days: sums over UTC days of arrival; None of all = it was never counted."""

    sent: int
    missing: int
    waiting: int
    in_dlq: int
    last_day: date | None


class Receipt(msgspec.Struct, frozen=True):
    """Where an answer comes from; equal receipts of a version of LogDig mean equal answers.

    Args:
        question: Its name.
        parameters: As asked, with what was filled in.
        tables: State of each table that was read.
        data_until: When the oldest of the tables was written: nothing later is in the answer.
        waiting: Days of the range that are due and not computed yet.
        sampled: Whether visitors are weighted, since a part of them is recorded.
        share: 1, or the part of the visitors that was read, since there are more than MOST_ROWS rows.
        ledger: State of the ledger; None where it was never counted.
    """

    question: str
    parameters: Parameters
    tables: tuple[TableState, ...]
    data_until: datetime | None
    waiting: tuple[date, ...]
    sampled: bool
    share: float
    ledger: LedgerState | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows in a fixed order; ``account`` = totals beside them; ``columns`` describes what is in the rows."""

    rows: pa.Table
    columns: tuple[Column, ...]
    account: Mapping[str, Any]
    receipt: Receipt


@dataclass(slots=True)
class Asking:
    """A question while it is answered: registers rows that meet the filters, and runs SQL over them."""

    question: Question
    parameters: Parameters
    pinned: Pinned
    account: dict[str, Any] = field(default_factory=dict)
    sampled: bool = False
    shares: bool | None = None
    _database: duckdb.DuckDBPyConnection = field(default_factory=lambda: open_locked({}))
    _texts: dict[str, Any] = field(default_factory=dict)
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
    ) -> str:
        """Register the rows of the asked days, or of others, that meet the filters.

        Args:
            table: Name.
            columns: Those that the SQL reads, dimensions too.
            start: First day; None = as asked.
            end: Last day; None = as asked.
            without: Filters that are not applied here.
        Returns:
            Name to use in SQL: the columns and WEIGHT. Those of IDS are numbers.
        """
        first, last = start or self.parameters.start, end or self.parameters.end
        filters = {name: value for name, value in self.parameters.where.items() if name not in without}
        has = TABLES[table].names
        wanted = {*columns, *(needed_column(table, name) for name in filters), *(WEIGHTED & set(has))}
        sample = self._shares() and "bucket" in has
        found = self.pinned.rows(
            table, sorted(wanted), self.parameters.app, *_stored_days(table, first, last), sample=sample
        )
        conditions = [_in_days(table, self.parameters, first, last), *_met(table, filters)]
        return self._register(table, found, conditions, SHARE if sample else 1)

    def _shares(self) -> bool:
        """Whether a share of the visitors stands for all, in every table of the question alike."""
        if self.shares is None:
            asked = self.parameters.app, self.parameters.start, self.parameters.end
            bucketed = [name for name in self.question.tables if "bucket" in TABLES[name].names]
            self.shares = any(self.pinned.count(name, *asked) > MOST_ROWS for name in bucketed)
        return self.shares

    def _register(self, table: str, found: pa.Table, conditions: Sequence[str], times: int) -> str:
        self._number += 1
        name = f"{table}_{self._number}"
        stored = f"{name}_stored"
        self._database.register(stored, self._numbered(name, found))
        where = " AND ".join(f"({one})" for one in conditions)
        weight, sampled = self._weight(stored, found, where)
        # A session's weight is the greatest of its rows.
        if sampled and table == "sessions":
            weight = f"max({weight}) OVER (PARTITION BY session_id)"
        self._database.execute(
            f"CREATE VIEW {name} AS SELECT *, {weight} * {times} AS {WEIGHT} FROM {stored} WHERE {where}"
        )
        return name

    def _weight(self, stored: str, found: pa.Table, where: str) -> tuple[str, bool]:
        """SQL of a row's weight in millionths, and whether any row of the question has another than one."""
        rates = {"weight": "weight", "sample_rate": "1 / sample_rate"}
        column = next((name for name in rates if name in found.column_names), None)
        if column is None:
            return str(MILLION), False
        asked = f"SELECT coalesce(bool_or({column} <> 1), false) FROM {stored} WHERE {where}"
        [(sampled,)] = self._database.execute(asked).fetchall()
        self.sampled |= sampled
        if not sampled:
            return str(MILLION), False
        return f"CAST(round(coalesce({rates[column]}, 1) * {MILLION}) AS BIGINT)", True

    def _numbered(self, name: str, found: pa.Table) -> pa.Table:
        """Put numbers in the place of ids, and keep their texts."""
        import pyarrow as pa

        for column in PLAIN:
            if column in found.column_names:
                place = found.column_names.index(column)
                found = found.set_column(place, column, found.column(column).cast(pa.string()))
        for column in IDS:
            if column in found.column_names and pa.types.is_dictionary(found.schema.field(column).type):
                chunks = found.column(column).unify_dictionaries().chunks
                self._texts[f"{name}.{column}"] = chunks[0].dictionary if chunks else pa.array([], pa.string())
                numbers = pa.chunked_array([chunk.indices for chunk in chunks], pa.int32())
                found = found.set_column(found.column_names.index(column), column, numbers)
        return found

    def texts(self, view: str, column: str) -> str:
        """Register the texts of ids, as columns ``number`` and ``text``.

        Args:
            view: What `rows` has returned.
            column: One of IDS.
        Returns:
            Name to use in SQL.
        """
        import pyarrow as pa

        texts, name = self._texts[f"{view}.{column}"], f"{view}_{column}_texts"
        self._database.register(name, pa.table({"number": pa.array(range(len(texts)), pa.int32()), "text": texts}))
        return name

    def met(self, table: str) -> str:
        """SQL of the filters over rows that were registered without them."""
        return " AND ".join(_met(table, self.parameters.where)) or "true"

    def run(self, sql: str) -> pa.Table:
        """Run our own SQL over what was registered."""
        return self._database.sql(sql).to_arrow_table()

    def values(self, sql: str) -> list[tuple[Any, ...]]:
        """Run our own SQL, and return its rows as values."""
        return self._database.execute(sql).fetchall()

    def close(self) -> None:
        """Free what it holds."""
        self._database.close()


def _met(table: str, filters: Mapping[str, str]) -> list[str]:
    return [condition_of(table, name, value) for name, value in filters.items()]


def _stored_days(table: str, start: date, end: date) -> tuple[date, date]:
    """Values of ``day`` that may hold a local day: of ``events`` it is a UTC day."""
    step = timedelta(days=1) if table == "events" else timedelta(0)
    return start - step, end + step


def _in_days(table: str, parameters: Parameters, start: date, end: date) -> str:
    if table == "events":
        from logdig.questions.engine.parameters import moments

        first, last = moments(parameters, start, end)
        return f"occurred_at >= TIMESTAMPTZ '{first.isoformat()}' AND occurred_at < TIMESTAMPTZ '{last.isoformat()}'"
    return f"day BETWEEN DATE '{start.isoformat()}' AND DATE '{end.isoformat()}'"


def check(question: Question, parameters: Parameters) -> None:
    """Refuse what a question cannot answer.

    Raises:
        InputError: Says what it can.
    """
    check_names(question.name, "filter", parameters.where, question.filters)
    if parameters.by is not None:
        check_names(question.name, "dimension", [parameters.by], question.dimensions)
    if parameters.start > parameters.end:
        raise InputError(f"the first day {parameters.start} is after the last {parameters.end}")
    for name in question.needs:
        if not parameters.where.get(name):
            raise InputError(f"question {question.name} is asked of one {name}; name it", question=question.name)
    if parameters.compare and not question.compares:
        raise InputError(f"question {question.name} cannot be compared with the days before", question=question.name)


def ask(source: Source, question: Question, parameters: Parameters) -> Answer:
    """Answer a question.

    Args:
        source: The tables, usually `logdig.marts.reader.Marts`.
        question: Which.
        parameters: Of what.
    Raises:
        InputError: It cannot be asked so; says how it can.
        StoreUnavailableError: Glue or S3 does not answer.
    """
    from logdig.questions.engine.comparing import beside

    check(question, parameters)
    pinned = source.pin([*question.tables, "ledger"])
    asking = Asking(question, parameters, pinned)
    try:
        rows, columns = question.answer(asking), described(asking)
        if parameters.compare:
            earlier = Asking(question, parameters.before(), pinned, shares=asking.shares)
            try:
                keys = {*question.keys, *([asking.by] if asking.by else [])}
                rows, columns = beside(rows, question.answer(earlier), columns, keys, parameters.days)
            finally:
                earlier.close()
            asking.sampled |= earlier.sampled
            asking.account["before"] = earlier.account
        return Answer(rows, columns, asking.account, _receipt(asking))
    finally:
        asking.close()


def described(asking: Asking) -> tuple[Column, ...]:
    """Columns of an answer: the dimension that was asked, then the question's."""
    question = asking.question
    if asking.by is None or any(column.name == asking.by for column in question.columns):
        return question.columns
    kind = "date" if asking.by == "day" else "string"
    return (Column(asking.by, kind, "what the row is of"), *question.columns)


def _receipt(asking: Asking) -> Receipt:
    parameters = asking.parameters
    states = tuple(asking.pinned.state(name, parameters.app) for name in asking.question.tables)
    written = [state.written_at for state in states if state.written_at is not None]
    first = parameters.before().start if parameters.compare else parameters.start
    waiting = {day for state in states for day in state.waiting if first <= day <= parameters.end}
    return Receipt(
        question=asking.question.name,
        parameters=parameters,
        tables=states,
        data_until=min(written, default=None),
        waiting=tuple(sorted(waiting)),
        sampled=asking.sampled,
        share=1 / SHARE if asking.shares else 1.0,
        ledger=_ledger(asking),
    )


def _ledger(asking: Asking) -> LedgerState | None:
    parameters, names = asking.parameters, ("sent", "missing", "waiting", "in_dlq")
    first, last = parameters.start - timedelta(days=1), parameters.end + timedelta(days=1)
    stored = asking.pinned.rows("ledger", names, parameters.app, first, last, sample=False).to_pylist()
    # What is kept may be of more days.
    rows = [row for row in stored if first <= row["day"] <= last]
    if not rows:
        return None
    return LedgerState(*(sum(row[name] or 0 for row in rows) for name in names), max(row["day"] for row in rows))
