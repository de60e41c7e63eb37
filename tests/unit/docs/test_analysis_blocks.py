"""The blocks of docs/analysis.md answer the same ten questions alike; Spark's are run in tests/analytics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from logdig.marts import reader
from logdig.questions.engine.sql import select
from tests.fakes.pinned import MemoryTables
from tests.unit.docs.analysis_blocks import NAMES, blocks, same, statements, story


class Tables(MemoryTables):
    """Tables in memory with the method that notes read whole columns by."""

    def table(self, name: str, columns: Sequence[str], where: Sequence[tuple[str, str, Any]]) -> pa.Table:
        values = {(column, sign): value for column, sign, value in where}
        days = values["day", ">="], values["day", "<="]
        rows = self.rows(name, columns, values["app", "="], *days, sample=False).select(list(columns))
        texts = [pa.string() if pa.types.is_dictionary(field.type) else field.type for field in rows.schema]
        return rows.cast(pa.schema([field.with_type(kind) for field, kind in zip(rows.schema, texts, strict=True)]))


SOURCE = Tables(story())


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the blocks before have made: the first block's answers."""
    monkeypatch.setattr(reader, "Marts", lambda _settings, _environment: SOURCE)
    made: dict[str, Any] = {}
    exec(blocks("python")[0], made)  # noqa: S102
    return made


def test_sql_answers_as_the_questions_do(variables: dict[str, Any]) -> None:
    found = {name: select(SOURCE, text).rows for name, text in statements().items()}

    assert tuple(found) == NAMES
    same(found, variables)


@pytest.mark.parametrize("number", [1, 2], ids=["pandas", "polars"])
def test_frames_answer_as_the_questions_do(variables: dict[str, Any], number: int) -> None:
    made = dict(variables)

    exec(blocks("python")[number], made)  # noqa: S102

    changed = {name: made[name] for name in NAMES if made[name] is not variables[name]}
    assert set(changed) == set(NAMES) - {"own"}
    same(changed, variables)
