"""Rows of a file that cannot be read, and how they may be shown."""

from __future__ import annotations

from dataclasses import dataclass

SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that cannot be read.

    Args:
        line: Where it begins in the file, from 1; in Parquet its number.
        reason: What is wrong with it.
        text: Its columns that are stored, cut and printable; empty where they cannot be told from the others.
    """

    line: int
    reason: str
    text: str


def printable(text: str) -> str:
    """Show what strangers wrote without letting it steer the terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def excerpt(text: str) -> str:
    """The beginning of a text, printable."""
    return printable(text[:SHOWN_CHARACTERS])
