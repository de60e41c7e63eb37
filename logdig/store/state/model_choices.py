"""What the owner has said of models: approved ones, and the one that an offer was rolled back to.

One object of the bucket, replaced only while it is what was read. Source: docs/model.md, "Which model serves".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from logdig.errors import StoreUnavailableError
from logdig.store.lease import TaggedStore

CHOICES_KEY = "state/models.json"
TRIES = 5
APPROVED_MOST = 100
"""Older approvals are of models long gone."""


class Choice(msgspec.Struct, frozen=True):
    """Of one offer of an app: the version it was rolled back to (None = the newest serves), and approved versions."""

    pinned: str | None = None
    approved: tuple[str, ...] = ()


def choice_key(app: str, offer: str) -> str:
    """Name an offer of an app; no app's name holds a ``#``."""
    return f"{app}#{offer}"


def read_choices(store: TaggedStore) -> dict[str, Choice]:
    """Read every choice by `choice_key`; empty when nothing was ever said.

    Raises:
        StoreUnavailableError: The store does not answer, or holds something else under the key.
    """
    return _read(store)[0]


def approve(store: TaggedStore, app: str, offer: str, version: str) -> None:
    """Let a model serve that the job held back; a rollback of the offer ends."""
    _change(store, app, offer, lambda known: Choice(None, (*known.approved, version)[-APPROVED_MOST:]))


def pin(store: TaggedStore, app: str, offer: str, version: str) -> None:
    """Let an earlier model serve until another is approved."""
    _change(store, app, offer, lambda known: Choice(version, known.approved))


def serving(rows: Sequence[Mapping[str, Any]], choice: Choice) -> Mapping[str, Any] | None:
    """Pick the row of table models that serves an offer: the last good one, or the one it was rolled back to.

    Args:
        rows: Of one app and offer, in any order.
        choice: Of the same.
    """
    good = [row for row in rows if row["passed"] and row["coefficients"] is not None]
    if choice.pinned is not None:
        good = [row for row in good if row["model_version"] == choice.pinned]
    else:
        # Rows of before this column were accepted when they passed.
        good = [row for row in good if row["accepted"] is not False or row["model_version"] in choice.approved]
    return max(good, key=lambda row: row["trained_at"], default=None)


def _change(store: TaggedStore, app: str, offer: str, change: Callable[[Choice], Choice]) -> None:
    for _ in range(TRIES):
        choices, tag = _read(store)
        key = choice_key(app, offer)
        choices[key] = change(choices.get(key, Choice()))
        if store.put_tagged(CHOICES_KEY, msgspec.json.encode(choices), tag) is not None:
            return
    raise StoreUnavailableError(f"{CHOICES_KEY} was changed by others {TRIES} times; try again")


def _read(store: TaggedStore) -> tuple[dict[str, Choice], str | None]:
    found = store.get_tagged(CHOICES_KEY)
    if found is None:
        return {}, None
    body, tag = found
    try:
        return msgspec.json.decode(body, type=dict[str, Choice]), tag
    except msgspec.DecodeError as err:
        raise StoreUnavailableError(f"{CHOICES_KEY} holds no choices of models: {err}; remove it") from err
