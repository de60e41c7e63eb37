"""Answer a question of the marts: check what is asked, read one state of the tables, give a receipt."""

from __future__ import annotations

from datetime import date, timedelta

from logdig.errors import InputError
from logdig.marts.pinned import Source
from logdig.questions.engine.asking import SHARE, Asking
from logdig.questions.engine.comparing import beside
from logdig.questions.engine.parameters import DAILY, Parameters, check_names
from logdig.questions.engine.question import Answer, LedgerState, Question, Receipt
from logdig.tables.declaration import DAY, TEXT, Column

EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)
"""Days that can be asked; there is room for the days before and for time zones."""


_NAMED = {"page": "--page PATH"}
"""Flags that stand for a filter."""


def check(question: Question, parameters: Parameters) -> None:
    """Refuse what a question cannot answer.

    Raises:
        InputError: Says what it can.
    """
    check_names(question.name, "filter", parameters.where, question.filters)
    if parameters.by is not None:
        # Only a question whose rows may be of two dimensions takes a day before another one.
        by = parameters.by.removeprefix(DAILY) if question.of is not None else parameters.by
        check_names(question.name, "dimension", [by], question.dimensions)
    if parameters.start > parameters.end:
        raise InputError(f"the first day {parameters.start} is after the last {parameters.end}")
    for day in (parameters.start, parameters.end, parameters.release_day or parameters.start):
        if not EARLIEST <= day <= LATEST:
            raise InputError(f"day {day} lies outside {EARLIEST} to {LATEST}")
    for name in question.needs:
        if not parameters.where.get(name):
            flag = _NAMED.get(name, f"--where {name}=…")
            raise InputError(
                f"question {question.name} is asked of one {name}; name it: {flag}", question=question.name
            )
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
    check(question, parameters)
    pinned = source.pin([*question.tables, "ledger"])
    asking = Asking(question, parameters, pinned)
    try:
        rows, columns = question.answer(asking), described(asking)
        if parameters.compare:
            earlier = Asking(question, parameters.before(), pinned, shares=asking.shares)
            try:
                keys = {*question.keys, *_dimensions(asking)}
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
    if question.of is not None:
        return (*question.of(asking.by), *question.columns)
    if asking.by is None or any(column.name == asking.by for column in question.columns):
        return question.columns
    return (Column(asking.by, DAY if asking.by == "day" else TEXT, "what the row is of"), *question.columns)


def _dimensions(asking: Asking) -> list[str]:
    """Names of the columns that say what a row is of, beside the question's keys."""
    if asking.question.of is not None:
        return [column.name for column in asking.question.of(asking.by)]
    return [asking.by] if asking.by else []


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
        samples=tuple(asking.samples.values()),
    )


def _ledger(asking: Asking) -> LedgerState | None:
    parameters, names = asking.parameters, ("sent", "missing", "waiting", "in_dlq")
    first, last = parameters.start - timedelta(days=1), parameters.end + timedelta(days=1)
    stored = asking.pinned.rows("ledger", names, parameters.app, first, last, sample=False).to_pylist()
    # What is kept may be of more days.
    rows = [row for row in stored if first <= row["day"] <= last]
    if not rows:
        return None
    sums = {name: sum(row[name] or 0 for row in rows) for name in names}
    return LedgerState(**sums, last_day=max(row["day"] for row in rows))
