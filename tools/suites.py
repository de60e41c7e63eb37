"""Run the checks and test suites: two at a time, one line a suite, the whole output of what failed.

The longest starts first, by the seconds it took here last time. Each suite's own closing line is printed, and all
their seconds at the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.local.machine import node_environment
from infra.paths import ROOT

BIN = ROOT / ".venv" / "bin"
LOGS = ROOT / ".cache" / "suites"
TOOK = LOGS / "seconds.json"
"""What each suite took the last time it passed on this machine."""
SUITE_TIMEOUT_SECONDS = 2100
FULL_TIMEOUT_SECONDS = 6 * 3600
FULL = {"LOGDIG_FULL": "1", "PYTEST_ADDOPTS": "--timeout=7200"}
"""What makes the tests run at full length: tests/conftest.py."""
PYTHON_FOLDERS = (
    "logdig",
    "api",
    "lambdas",
    "analytics",
    "dashboard",
    "infra",
    "demo",
    "cli",
    "tools",
    "bench",
    "tests",
)
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
"""Most Sparks of a suite live too briefly for Java's second compiler. Without it Java reserves 48 MB for compiled code,
which the longest of them fills; 240 MB is what Java reserves with both compilers."""
LASTING = "analytics"
"""Its Sparks live for minutes: with the second compiler they took 173 s of CPU where they took 203 s without."""
TYPED_FOLDERS = ("logdig", "api", "lambdas", "analytics", "dashboard", "infra", "demo", "cli", "tools")


@dataclass(frozen=True, slots=True)
class Suite:
    """One command; ``seconds`` = about what it takes on two cores, ``quick`` = `make quick` holds it."""

    name: str
    command: tuple[str, ...]
    seconds: float = 0.0
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a suite ended."""

    suite: Suite
    passed: bool
    seconds: float
    closing: str


def _pytest(name: str, seconds: float, *arguments: str, quick: bool = False) -> Suite:
    command = (str(BIN / "python"), "-m", "pytest", "-p", "no:cacheprovider", "--durations=3", *arguments)
    return Suite(name, command, seconds, quick)


UNIT_FILES, SPARK_FILES = (
    sorted(map(str, (ROOT / "tests" / folder).rglob("test_*.py"))) for folder in ("unit", "analytics")
)

SUITES = (
    # In parts: one core would otherwise wait for the other at the end.
    _pytest("analytics-1", 600, *SPARK_FILES[::3]),
    _pytest("analytics-2", 600, *SPARK_FILES[1::3]),
    _pytest("analytics-3", 600, *SPARK_FILES[2::3]),
    _pytest("unit-1", 35, *UNIT_FILES[::2], quick=True),
    _pytest("unit-2", 35, *UNIT_FILES[1::2], quick=True),
    Suite("format", (str(BIN / "ruff"), "format", "--check", *PYTHON_FOLDERS), 1, quick=True),
    Suite("lint", (str(BIN / "ruff"), "check", *PYTHON_FOLDERS), 1, quick=True),
    Suite("types", (str(BIN / "mypy"), *TYPED_FOLDERS), 30, quick=True),
    Suite("imports", (str(BIN / "lint-imports"),), 5, quick=True),
    Suite("tracker", ("npm", "--silent", "--prefix", "clicktracker_js", "run", "check"), 15),
    Suite("tracker-unit", ("npm", "--silent", "--prefix", "clicktracker_js", "test"), 10),
    Suite("template", (str(BIN / "python"), "-m", "tools.lint_template"), 20),
    _pytest("functional", 130, "tests/functional"),
    _pytest("faults", 90, "tests/faults"),
    _pytest("e2e", 120, "tests/e2e"),
    _pytest("zeppelin", 90, "tests/zeppelin"),
    _pytest("browser", 150, "tests/browser"),
)


def run_suite(suite: Suite, *, full: bool = False) -> Outcome:
    """Run one suite with its output in a file; the closing line is the last one that says anything."""
    timeout = FULL_TIMEOUT_SECONDS if full else SUITE_TIMEOUT_SECONDS
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{suite.name}.log"
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        try:
            code = subprocess.run(
                suite.command,
                cwd=ROOT,
                env={**node_environment(), "PYTHONPATH": "", **java_options(suite), **(FULL if full else {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
            output.write(f"\nstopped after {timeout} s\n")
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return Outcome(suite, code == 0, time.monotonic() - started, lines[-1] if lines else "(no output)")


def java_options(suite: Suite) -> dict[str, str]:
    """Environment that says how a suite's Java compiles."""
    return {} if suite.name.startswith(LASTING) else {"JDK_JAVA_OPTIONS": QUICK_JAVA}


def longest_first(suites: Iterable[Suite], took: Mapping[str, float]) -> list[Suite]:
    """Order in which two lanes end at about the same time; ``took`` = seconds by name, where they are known."""
    return sorted(suites, key=lambda suite: took.get(suite.name, suite.seconds), reverse=True)


class Queue:
    """Suites that wait, handed out in order to whoever has nothing to do."""

    def __init__(self, suites: Iterable[Suite], *, full: bool = False) -> None:
        self._waiting, self._full = deque(suites), full
        self._telling = threading.Lock()
        self.outcomes: list[Outcome] = []

    def work(self) -> None:
        """Run suites until none waits, reporting each as it ends."""
        while suite := self._take():
            outcome = run_suite(suite, full=self._full)
            with self._telling:
                self.outcomes.append(outcome)
                _tell(outcome)

    def _take(self) -> Suite | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None


def _tell(outcome: Outcome) -> None:
    word = "ok    " if outcome.passed else "FAILED"
    print(f"{word} {outcome.suite.name:<12} {outcome.seconds:6.1f} s  {outcome.closing}", flush=True)
    if not outcome.passed:
        print((LOGS / f"{outcome.suite.name}.log").read_text(encoding="utf-8", errors="replace"), flush=True)


def _read_took() -> dict[str, float]:
    try:
        found = json.loads(TOOK.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: seconds for name, seconds in found.items() if isinstance(seconds, int | float)}


def _keep_took(outcomes: Iterable[Outcome]) -> None:
    took = {one.suite.name: round(one.seconds, 1) for one in outcomes if one.passed}
    TOOK.write_text(json.dumps(_read_took() | took, indent=1), encoding="utf-8")


def main(which: str) -> int:
    """Run ``quick``, ``all`` or ``full`` suites (all of them at full length), or one by name; return the exit code.

    ``analytics`` and ``unit`` are all of their parts.
    """
    chosen = [
        one
        for one in SUITES
        if which in ("all", "full", one.name, one.name.rpartition("-")[0]) or (which == "quick" and one.quick)
    ]
    if not chosen:
        names = ", ".join(suite.name for suite in SUITES)
        print(f"no suite is called {which}; there are: all, full, quick, {names}")
        return 2
    started = time.monotonic()
    queue = Queue(longest_first(chosen, _read_took()), full=which == "full")
    beside = threading.Thread(target=queue.work)
    beside.start()
    queue.work()
    beside.join()
    if which != "full":
        _keep_took(queue.outcomes)
    failed = [outcome.suite.name for outcome in queue.outcomes if not outcome.passed]
    passed = len(queue.outcomes) - len(failed)
    slowest = sorted(queue.outcomes, key=lambda outcome: outcome.seconds, reverse=True)
    print("\nseconds: " + ", ".join(f"{outcome.suite.name} {outcome.seconds:.0f}" for outcome in slowest))
    print(f"suites: {passed} passed, {len(failed)} failed")
    print(f"{time.monotonic() - started:.0f} s" + (f", failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
