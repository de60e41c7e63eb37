"""What one read of the profile store finds, and the items that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

import msgspec

from logdig.decide.profiles import NO_COUNTS, Contact, Counts, Profile, budget_key, counts_key
from logdig.errors import ProfileUnavailableError

T = TypeVar("T")

BUDGET_SHARDS = 10
"""One item of DynamoDB takes about 1,000 writes a second; a budget takes ten times that."""


class Reading(NamedTuple):
    """What one read found; ``spent`` is the day's showings by offer, of the budgets that were asked for."""

    profile: Profile | None
    counts: Counts
    spent: Mapping[str, int]


class MessageReading(NamedTuple):
    """What one read found of a person whom a message may go to; ``sent`` counts messages by campaign."""

    profile: Profile | None
    counts: Counts
    spent: Mapping[str, int]
    contact: Contact | None
    sent: Counts


def read_counts(person: str, app: str, budgets: Sequence[str]) -> list[str]:
    """Name the counts that one decision reads: the person's, and the shards of budgets."""
    return [counts_key(person), *(key for name in budgets for key in _shards(app, name))]


def reading_of(
    values: Mapping[str, str],
    counts: Mapping[str, Counts],
    person: str,
    app: str,
    day: date | None,
    budgets: Sequence[str],
) -> Reading:
    """Put together what a read found; see `ProfileStore.read`."""
    spent = {
        name: sum(counts.get(key, NO_COUNTS).shown_on(name, day) for key in _shards(app, name)) if day else 0
        for name in budgets
    }
    return Reading(decoded(values.get(person), Profile), counts.get(counts_key(person), NO_COUNTS), spent)


def _shards(app: str, offer: str) -> list[str]:
    return [budget_key(app, offer, shard) for shard in range(BUDGET_SHARDS)]


def decoded(text: str | None, kind: type[T]) -> T | None:
    """Read the text of an item; raises ProfileUnavailableError where it is unreadable."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as err:
        raise ProfileUnavailableError(
            f"the profile store holds an unreadable {kind.__name__.lower()}: {err}; "
            "run 'logdig jobs run targets' to write it"
        ) from err
