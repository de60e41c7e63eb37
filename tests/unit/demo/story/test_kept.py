"""A month that was sent once is put into the bucket of another run, as that run's own."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demo import kept_lines
from demo.month_feed import MonthFeed
from demo.steps import Steps
from demo.story.kept import KeptMonth
from demo.story.month import Month
from logdig.config.settings import AppSettings
from logdig.store.objects import build_object
from tests.fakes.store import FakeStore
from tests.unit.demo.story.conftest import LAST_DAY, SITE, Told, month

TOKEN, OTHER_TOKEN, OTHER_SITE = "pk_music_first000", "pk_music_second00", "http://127.0.0.1:9999"
TODAY = date(2026, 11, 30)


def line(event: dict[str, Any], received: str = "2026-11-30T10:00:00.000Z", token: str = TOKEN) -> bytes:
    """One event as the collector stores it, as far as it matters here."""
    return json.dumps({"received_at": received, "token": token} | event, separators=(",", ":")).encode()


def stored(told: Told) -> FakeStore:
    """All lines of the month in a bucket, with others of the demo among them."""
    others = [
        line({"type": "listen", "signed": True, "session_id": None}),
        line({"type": "click", "session_id": "of a browser", "current_page": f"{SITE}/index.html"}),
    ]
    lines = [line(event | {"signed": True}) for event in told.events]
    store = FakeStore()
    for chunk in (lines[::2] + others, lines[1::2]):
        built = build_object("raw", TODAY, chunk)
        store.put(built.key, built.body)
    return store


def with_site(site: str) -> Month:
    return Month(LAST_DAY, "Asia/Seoul", site, 7, 60)


def test_kept_month_is_put_with_site_and_token_of_the_other_run(small: Told, tmp_path: Path) -> None:
    assert KeptMonth(tmp_path, small.month).keep(stored(small), TOKEN, small.truth)
    again, bucket = KeptMonth(tmp_path, with_site(OTHER_SITE)), FakeStore()

    assert again.truth() == small.truth
    assert again.put(bucket, OTHER_TOKEN) == small.truth.events
    wanted = [line(event | {"signed": True}, token=OTHER_TOKEN) for event in small.events]
    assert sorted(bucket.lines("raw")) == sorted(one.replace(SITE.encode(), OTHER_SITE.encode()) for one in wanted)


def test_objects_are_cut_by_size_and_day(small: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, bucket = stored(small), FakeStore()
    late = small.events[-1] | {"signed": True, "event_id": "of the next day"}
    built = build_object("raw", date(2026, 12, 1), [line(late, "2026-12-01T00:00:00.000Z")])
    store.put(built.key, built.body)
    its = KeptMonth(tmp_path, small.month)
    assert its.keep(store, TOKEN, msgspec.structs.replace(small.truth, events=small.truth.events + 1))
    monkeypatch.setattr(kept_lines, "OBJECT_BYTES", 100_000)

    its.put(bucket, TOKEN)

    keys = [entry.key for entry in bucket.list("raw/")]
    assert [key for key in keys if key.startswith("raw/dt=2026-12-01/")] == [built.key]
    assert all(len(gzip.decompress(bucket.get(key))) <= 100_000 for key in keys)
    assert len(bucket.lines("raw")) == small.truth.events + 1


def test_nothing_is_kept_when_an_event_is_missing_or_there_twice(small: Told, tmp_path: Path) -> None:
    its, store = KeptMonth(tmp_path, small.month), stored(small)
    more = build_object("raw", TODAY, [line(small.events[0] | {"signed": True})])
    store.put(more.key, more.body)

    assert not its.keep(store, TOKEN, small.truth)
    assert its.truth() is None
    assert list(tmp_path.iterdir()) == []


def test_older_month_leaves_the_cache_when_another_is_kept(small: Told, tmp_path: Path) -> None:
    older = KeptMonth(tmp_path, month(date(2026, 11, 28)))
    assert older.keep(stored(small), TOKEN, small.truth)

    assert KeptMonth(tmp_path, small.month).keep(stored(small), TOKEN, small.truth)
    assert older.truth() is None
    assert len(list(tmp_path.iterdir())) == 2


def test_month_is_made_anew_when_the_seed_or_the_day_is_another(small: Told, tmp_path: Path) -> None:
    assert KeptMonth(tmp_path, small.month).keep(stored(small), TOKEN, small.truth)

    assert KeptMonth(tmp_path, small.month).truth() is not None
    assert KeptMonth(tmp_path, month(seed=8)).truth() is None
    assert KeptMonth(tmp_path, month(date(2026, 11, 30))).truth() is None


def test_second_run_puts_the_month_from_the_cache_and_counts_it_as_sent(small: Told, tmp_path: Path) -> None:
    KeptMonth(tmp_path / "cache", small.month).keep(stored(small), TOKEN, small.truth)
    said: list[str] = []
    app = AppSettings(name="music", token=OTHER_TOKEN, origins=(OTHER_SITE,))
    feed = MonthFeed(with_site(OTHER_SITE), tmp_path / "events.ndjson", tmp_path / "cache", app, Steps(said.append))
    store = FakeStore()

    with ThreadPoolExecutor(1) as pool:
        feed.start(pool)
        tally = feed.send(None, store)  # type: ignore[arg-type]  # no collector is asked

    assert (tally.sent, tally.accepted, tally.refusals) == (small.truth.events, small.truth.events, [])
    assert len(store.lines("raw")) == small.truth.events
    assert not (tmp_path / "events.ndjson").exists()
    assert any("month put from the cache" in one for one in said)
