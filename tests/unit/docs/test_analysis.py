"""docs/analysis.md names every question, with the tables that it reads and the filters that are its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from logdig.questions.catalog import QUESTIONS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "analysis.md"
LISTS = ("*People* are", "*Clicks* are", "*Heard* are")


def row_of(name: str) -> str:
    """The table's row of a question."""
    [row] = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")]
    return row


def names(text: str) -> set[str]:
    """Names between back quotes, those with names of their own by their kind."""
    return {part.partition(".")[0] for part in text.split("`")[1::2]}


@pytest.mark.parametrize("name", QUESTIONS)
def test_page_names_tables_and_filters_of_every_question(name: str) -> None:
    _, _, _, tables, filters, _, _ = (part.strip() for part in row_of(name).split("|"))
    lists = {
        line.split("*")[1].lower(): names(line)
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(LISTS)
    }
    if tables == "likewise":
        tables, filters = (row_of("overview").split("|")[number] for number in (3, 4))

    shown = names(filters)
    for said, meant in lists.items():
        shown |= meant if said in filters.split("`")[0] else set()
    assert names(tables) == set(QUESTIONS[name].tables)
    assert shown == set(QUESTIONS[name].filters)
