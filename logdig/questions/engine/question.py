"""What a question and an answer are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from logdig.marts.pinned import TableState
from logdig.questions.engine.parameters import Parameters
from logdig.tables.declaration import Column

if TYPE_CHECKING:
    import pyarrow as pa

    from logdig.questions.engine.asking import Asking


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
        of: Columns of the dimension that is asked, where they are more than its own name.
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
    of: Callable[[str | None], tuple[Column, ...]] | None = None


class LedgerState(msgspec.Struct, frozen=True):
    """What the ledger says of the days: sums over UTC days of arrival; None of all = it was never counted."""

    sent: int
    missing: int
    waiting: int
    in_dlq: int
    last_day: date | None


class SampleRead(msgspec.Struct, frozen=True):
    """What was read of a table of which a share of the visitors stands for all.

    Args:
        table: Its name.
        visitors: Different visitors that were read, of all rows that meet the filters.
        rows: Rows likewise.
        visitors_margin: Margin at 95 % of the number of visitors, as a part of it; None = none were read.
        rows_margin: Likewise of the number of rows, which come by visitor. A part of an answer with v visitors read
            has sqrt(visitors / v) times the margin.
    Source: W. Cochran 1977, Sampling Techniques, 2.5 and 2.11 (simple and cluster sampling without replacement).
    """

    table: str
    visitors: int
    rows: int
    visitors_margin: float | None
    rows_margin: float | None


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
        samples: Where ``share`` is below 1, what was read of each table.
    """

    question: str
    parameters: Parameters
    tables: tuple[TableState, ...]
    data_until: datetime | None
    waiting: tuple[date, ...]
    sampled: bool
    share: float
    ledger: LedgerState | None
    samples: tuple[SampleRead, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows in a fixed order; ``account`` = totals beside them; ``columns`` describes what is in the rows."""

    rows: pa.Table
    columns: tuple[Column, ...]
    account: Mapping[str, Any]
    receipt: Receipt
