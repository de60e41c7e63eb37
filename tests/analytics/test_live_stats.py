"""Five-minute numbers: a job over the table, a stream over raw objects and plain Python make the same rows."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame, Row, SparkSession

from analytics.live.stream import run
from analytics.marts.live_stats import live_stats
from analytics.marts.site import AppRules, Site
from logdig.questions.listens.live_slots import COUNTS, event_of, slot_rows
from logdig.questions.raw_objects import counts, line_of
from tests.analytics.behaviour import Behaviour, Event, frame, local_day, wire

# py4j leaves the closing of its sockets to the garbage collector.
pytestmark = [pytest.mark.java, pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")]

NOW = datetime(2026, 11, 30, 12, 2, 30, tzinfo=UTC)
SITE = Site({"shop": AppRules("Asia/Seoul")})
MINUTE = timedelta(minutes=1)
Key = tuple[str, datetime, str, str]


def by_key(rows: Sequence[Row]) -> dict[Key, list[int]]:
    found = {
        (row["app"], row["slot_at"].astimezone(UTC), row["kind"], row["region"]): [row[name] for name in COUNTS]
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def by_hand(lines: Sequence[Event]) -> dict[Key, list[int]]:
    read = [line_of(json.dumps(line).encode()) for line in lines]
    events = [event_of(line) for line in read if line is not None and counts(line)]
    return {
        (row["app"], row["slot_at"], row["kind"], row["region"]): [row[name] for name in COUNTS]
        for row in slot_rows(events)
    }


def made_lines(draw: random.Random, count: int, start: datetime, minutes: int) -> list[Event]:
    """Lines in the order of their arrival, at most ten minutes after they happened."""
    lines = []
    for place in range(count):
        at = start + draw.random() * minutes * MINUTE
        kind = draw.choice(["page", "listen", "listen", "click", "custom"])
        line: Event = {
            "received_at": wire(at + draw.random() * 10 * MINUTE), "occurred_at": wire(at), "timestamp": wire(at),
            "app": "shop", "event_id": f"{start:%H%M}-{place}", "type": kind, "pack_id": "p",
            "user_key": draw.choice(["u", "v", "w", None]), "session_id": draw.choice(["s", "t"]),
            "page_view_id": draw.choice(["p", "q"]), "customer_id": draw.choice(["0", "1", None]),
            "country": "US", "region": draw.choice(["CA", None]), "bot": draw.random() < 0.1,
            "consent": draw.choice([{"analytics": True}, {"analytics": False}, None]),
        }  # fmt: skip
        if kind == "listen":
            zip_code = draw.choice(["02132", "94016", "1", None])
            line["listen"] = {"track_id": "7", "mobile": draw.choice([True, False, None]), "zip": zip_code}
        lines.append({name: value for name, value in line.items() if value is not None})
    return sorted(lines, key=lambda line: line["received_at"])


def store(folder: Path, name: str, lines: Sequence[Event]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text))


def test_mart_equals_plain_python_when_behaviour_is_any(spark: SparkSession) -> None:
    behaviour = Behaviour(5, 12)

    rows = live_stats(frame(spark, behaviour.events), behaviour.site).collect()

    expected = by_hand(behaviour.events)
    assert by_key(rows) == expected
    assert any(counts[2] for counts in expected.values())
    for row in rows:
        assert row["day"] == local_day(wire(row["slot_at"].astimezone(UTC)), behaviour.zones[row["app"]])


def test_stream_equals_plain_python_when_it_is_killed_and_started_again(spark: SparkSession, tmp_path: Path) -> None:
    raw, checkpoint = tmp_path / "raw", str(tmp_path / "checkpoint")
    raw.mkdir()
    draw = random.Random(11)
    first, second = (made_lines(draw, 120, NOW - ago * MINUTE, 15) for ago in (40, 25))
    table: dict[Key, list[int]] = {}
    dies = [False]

    def write(rows: DataFrame) -> None:
        table.update(by_key(rows.collect()))
        if dies.pop():
            raise RuntimeError("killed after the write")
        dies.append(False)

    def start() -> int:
        return run(spark, raw.as_uri(), checkpoint, SITE, NOW, write)

    store(raw, "a", first)
    start()
    # An object that a crashed flush wrote twice, under another name.
    store(raw, "b", [*second, *first[-40:]])
    dies[:] = [True]
    with pytest.raises(StreamingQueryException):
        start()
    dies[:] = [False]
    start()
    late = made_lines(draw, 5, NOW - 100 * MINUTE, 5)
    store(raw, "c", late)
    start()

    assert table == by_hand([*first, *second])
    assert start() == 0
