"""The blocks of docs/analysis.md that answer the same ten questions, and the rows that they are asked of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.unit.docs.test_analysis import PAGE
from tests.unit.questions.rows import Maker, Row

NAMES = ("sources", "pages", "half", "elements", "dead", "goals", "own", "links", "traffic", "bounces")
_SECTION = PAGE.read_text(encoding="utf-8").partition("## Ten questions")[2]


def blocks(language: str) -> list[str]:
    """Blocks of the section in a language."""
    return re.findall(rf"```{language}\n(.*?)```", _SECTION, re.DOTALL)


def statements() -> dict[str, str]:
    """The section's SQL by the name of the question."""
    [text] = blocks("sql")
    return dict(re.findall(r"-- (\w+)\n(.*?);\n", text, re.DOTALL))


def story() -> dict[str, list[Row]]:
    """Rows of every table, nothing sampled."""
    tables = Maker(5, weights=(1.0,)).tables(200)
    for event in tables["events"]:
        event["sample_rate"] = 1.0
    return tables


def comparable(answer: Any) -> list[tuple[Any, ...]]:
    """Rows of an answer in whatever form it came, without their order; numbers as floats, missing values as None."""
    if hasattr(answer, "to_pylist"):
        rows = [tuple(row.values()) for row in answer.to_pylist()]
    elif hasattr(answer, "rows"):
        rows = answer.rows()
    elif hasattr(answer, "reset_index"):
        frame = answer if answer.index.name is None and answer.index.nlevels == 1 else answer.reset_index()
        rows = [tuple(row) for row in frame.itertuples(index=False)]
    else:
        rows = [tuple(row) for row in answer] if isinstance(answer, list) else [(answer,)]
    return sorted((tuple(_plain(value) for value in row) for row in rows), key=repr)


def _plain(value: Any) -> Any:
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else float(value)


def same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Each answer that was found is the wanted one, and says something."""
    for name, answer in found.items():
        assert comparable(answer) == comparable(wanted[name]), name
        assert comparable(answer), name
