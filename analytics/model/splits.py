"""What is learned from and what is tested on: later rows, or where time does not allow it, other people."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.model.quality_gate import MIN_TEST_POSITIVES, MIN_TRAIN_POSITIVES

TEST_SHARE = 0.3
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Split:
    """Rows to train and to test, and how they are split."""

    train: pa.Table
    test: pa.Table
    by: Literal["time", "people"]


def split(past: pa.Table, horizon_days: int) -> Split:
    """Split rows by time, or by people where no time leaves enough positives on both sides.

    By time the last rows are tested, and what is trained on had its labels before the first of them. By people a hash
    of the person decides, so that nobody is on both sides.

    Args:
        past: Rows of table features with labels, in any order; the result does not depend on it.
        horizon_days: Longest window of a label.
    """
    by_time = _by_time(past, horizon_days)
    if by_time is not None and _enough(by_time):
        return by_time
    by_people = _by_people(past)
    return by_people if by_time is None or _enough(by_people) else by_time


def _by_time(past: pa.Table, horizon_days: int) -> Split | None:
    times = pc.cast(past["as_of"], pa.int64()).to_numpy()
    distinct = np.unique(times)
    if len(distinct) < 2:
        return None
    # A time that many rows share is not torn.
    cut = max(np.sort(times)[int(len(times) * (1 - TEST_SHARE))], distinct[1])
    lengths = pc.cast(past["label_until"], pa.int64()).to_numpy() - times
    length = min(lengths.max(), horizon_days * DAY_US)
    return Split(past.filter(pa.array(times <= cut - length)), past.filter(pa.array(times >= cut)), "time")


def _by_people(past: pa.Table) -> Split:
    persons = pc.coalesce(past["customer_id"], past["user_key"]).to_pylist()
    tested = pa.array([_share(person) < TEST_SHARE for person in persons], pa.bool_())
    return Split(past.filter(pc.invert(tested)), past.filter(tested), "people")


def _share(person: str) -> float:
    return int.from_bytes(hashlib.sha256(f"test:{person}".encode()).digest()[:4], "big") / 2**32


def _enough(found: Split) -> bool:
    trained, tested = (pc.sum(part["label"]).as_py() or 0 for part in (found.train, found.test))
    return trained >= MIN_TRAIN_POSITIVES and tested >= MIN_TEST_POSITIVES
