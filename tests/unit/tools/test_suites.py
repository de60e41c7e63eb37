"""The order in which `make test` runs its suites."""

import sys
import threading
from pathlib import Path

import pytest

from tools import suites
from tools.suites import Queue, Suite

TELL = (
    "import sys, time; out = open(sys.argv[1], 'a'); tell = lambda word: print(word, sys.argv[2], file=out, flush=True)"
)
COMMAND = f"{TELL}; tell('begin'); time.sleep(0.1); tell('end')"


def run_two_at_a_time(queue: Queue) -> None:
    beside = threading.Thread(target=queue.work)
    beside.start()
    queue.work()
    beside.join()


@pytest.mark.parametrize("place", [0, 1, 3])
def test_queue_runs_every_suite_once_and_nothing_beside_one_that_wants_to_be_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setattr(suites, "LOGS", tmp_path / "logs")
    told = tmp_path / "told"
    names = [f"suite{number}" for number in range(4)]
    queue = Queue(
        [
            Suite(name, (sys.executable, "-c", COMMAND, str(told), name), alone=number == place)
            for number, name in enumerate(names)
        ]
    )

    run_two_at_a_time(queue)

    assert sorted(outcome.suite.name for outcome in queue.outcomes) == names
    assert all(outcome.passed for outcome in queue.outcomes)
    running: set[str] = set()
    for word, name in (line.split() for line in told.read_text().splitlines()):
        running = running | {name} if word == "begin" else running - {name}
        assert len(running) == 1 or names[place] not in running
        assert len(running) <= 2


def test_queue_tells_a_suite_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    queue = Queue([Suite("broken", (sys.executable, "-c", "raise SystemExit('the last word')"))])

    queue.work()

    assert [outcome.passed for outcome in queue.outcomes] == [False]
    assert capsys.readouterr().out.startswith("FAILED broken")
