"""The order in which `make test` runs its suites."""

import json
import re
import sys
import threading
from pathlib import Path

import pytest

from tools import suites
from tools.suites import Queue, Suite, longest_first

TELL = (
    "import sys, time; out = open(sys.argv[1], 'a'); tell = lambda word: print(word, sys.argv[2], file=out, flush=True)"
)
COMMAND = f"{TELL}; tell('begin'); time.sleep(0.1); tell('end')"


def run_two_at_a_time(queue: Queue) -> None:
    beside = threading.Thread(target=queue.work)
    beside.start()
    queue.work()
    beside.join()


def test_queue_runs_every_suite_once_and_two_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "LOGS", tmp_path / "logs")
    told = tmp_path / "told"
    names = [f"suite{number}" for number in range(4)]
    queue = Queue(Suite(name, (sys.executable, "-c", COMMAND, str(told), name)) for name in names)

    run_two_at_a_time(queue)

    assert sorted(outcome.suite.name for outcome in queue.outcomes) == names
    assert all(outcome.passed for outcome in queue.outcomes)
    running: set[str] = set()
    for word, name in (line.split() for line in told.read_text().splitlines()):
        running = running | {name} if word == "begin" else running - {name}
        assert len(running) <= 2


def test_longest_suite_begins_first_by_what_it_took_here_and_else_by_what_is_written() -> None:
    some = [Suite("short", (), 1), Suite("long", (), 9), Suite("middle", (), 5)]

    assert [one.name for one in longest_first(some, {})] == ["long", "middle", "short"]
    assert [one.name for one in longest_first(some, {"short": 7.0, "of old": 99.0})] == ["long", "short", "middle"]


@pytest.mark.parametrize("kept", [None, "{", '{"one": "much"}', '{"one": 3.5}'])
def test_suites_tell_their_seconds_and_keep_them_whatever_was_kept_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: str | None
) -> None:
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    monkeypatch.setattr(suites, "TOOK", took := tmp_path / "seconds.json")
    monkeypatch.setattr(suites, "SUITES", (Suite("one", (sys.executable, "-c", "print('well')")),))
    if kept:
        took.write_text(kept)

    assert suites.main("all") == 0

    assert re.search(r"\nseconds: one \d+\nsuites: 1 passed, 0 failed\n", capsys.readouterr().out)
    assert list(json.loads(took.read_text())) == ["one"]


def test_full_suites_are_told_to_run_at_full_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    monkeypatch.setattr(suites, "TOOK", tmp_path / "seconds.json")
    tell = (sys.executable, "-c", "import os; print('full:', os.environ.get('LOGDIG_FULL'))")
    monkeypatch.setattr(suites, "SUITES", (Suite("one", tell),))

    assert [suites.main("full"), suites.main("all")] == [0, 0]

    found = capsys.readouterr().out
    assert found.index("full: 1") < found.index("full: None")


def test_queue_tells_a_suite_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    queue = Queue([Suite("broken", (sys.executable, "-c", "raise SystemExit('the last word')"))])

    queue.work()

    assert [outcome.passed for outcome in queue.outcomes] == [False]
    assert capsys.readouterr().out.startswith("FAILED broken")
