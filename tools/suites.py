"""Run the checks and test suites: two at a time, one line a suite, the whole output of what failed.

They start in the order below; the browser's runs alone. Each suite's own closing line is printed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.machine import node_environment

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
LOGS = ROOT / ".cache" / "suites"
SUITE_TIMEOUT_SECONDS = 2100
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
QUICK_JAVA = "-XX:TieredStopAtLevel=1"
"""A suite's Spark lives too briefly for Java's second compiler, which takes as long again as the tests themselves."""
TYPED_FOLDERS = ("logdig", "api", "lambdas", "analytics", "dashboard", "infra", "demo", "cli", "tools")


@dataclass(frozen=True, slots=True)
class Suite:
    """One command; ``alone`` = nothing else runs meanwhile, ``quick`` = `make quick` holds it."""

    name: str
    command: tuple[str, ...]
    alone: bool = False
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a suite ended."""

    suite: Suite
    passed: bool
    seconds: float
    closing: str


def _pytest(name: str, *arguments: str, alone: bool = False, quick: bool = False) -> Suite:
    command = (str(BIN / "python"), "-m", "pytest", "-p", "no:cacheprovider", "--durations=3", *arguments)
    return Suite(name, command, alone, quick)


UNIT_FILES = sorted(map(str, (ROOT / "tests" / "unit").rglob("test_*.py")))

SUITES = (
    # Half of all the time, so the others run beside it.
    _pytest("analytics", "tests/analytics"),
    # Two halves: `make quick` would otherwise wait for one core while the other one has nothing to do.
    _pytest("unit-1", *UNIT_FILES[::2], quick=True),
    _pytest("unit-2", *UNIT_FILES[1::2], quick=True),
    Suite("format", (str(BIN / "ruff"), "format", "--check", *PYTHON_FOLDERS), quick=True),
    Suite("lint", (str(BIN / "ruff"), "check", *PYTHON_FOLDERS), quick=True),
    Suite("types", (str(BIN / "mypy"), *TYPED_FOLDERS), quick=True),
    Suite("imports", (str(BIN / "lint-imports"),), quick=True),
    Suite("tracker", ("npm", "--silent", "--prefix", "clicktracker_js", "run", "check")),
    Suite("tracker-unit", ("npm", "--silent", "--prefix", "clicktracker_js", "test")),
    Suite("template", (str(BIN / "python"), "-m", "tools.lint_template")),
    _pytest("functional", "tests/functional"),
    _pytest("faults", "tests/faults"),
    _pytest("e2e", "tests/e2e"),
    _pytest("zeppelin", "tests/zeppelin"),
    _pytest("browser", "tests/browser", alone=True),
)


def run_suite(suite: Suite) -> Outcome:
    """Run one suite with its output in a file; the closing line is the last one that says anything."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{suite.name}.log"
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        try:
            code = subprocess.run(
                suite.command,
                cwd=ROOT,
                env={**node_environment(), "PYTHONPATH": "", "JDK_JAVA_OPTIONS": QUICK_JAVA},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=SUITE_TIMEOUT_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
            output.write(f"\nstopped after {SUITE_TIMEOUT_SECONDS} s\n")
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return Outcome(suite, code == 0, time.monotonic() - started, lines[-1] if lines else "(no output)")


class Queue:
    """Suites that wait, handed out in order; one that wants to be alone waits for the others, and they for it."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self._waiting, self._running = list(suites), list[Suite]()
        self._changed = threading.Condition()
        self.outcomes: list[Outcome] = []

    def work(self) -> None:
        """Run suites until none waits, reporting each as it ends."""
        while suite := self._take():
            outcome = run_suite(suite)
            with self._changed:
                self.outcomes.append(outcome)
                self._running.remove(suite)
                self._changed.notify_all()
                _tell(outcome)

    def _take(self) -> Suite | None:
        with self._changed:
            while self._waiting and self._running and any(one.alone for one in (self._waiting[0], *self._running)):
                self._changed.wait()
            if not self._waiting:
                return None
            suite = self._waiting.pop(0)
            self._running.append(suite)
            return suite


def _tell(outcome: Outcome) -> None:
    word = "ok    " if outcome.passed else "FAILED"
    print(f"{word} {outcome.suite.name:<12} {outcome.seconds:6.1f} s  {outcome.closing}", flush=True)
    if not outcome.passed:
        print((LOGS / f"{outcome.suite.name}.log").read_text(encoding="utf-8", errors="replace"), flush=True)


def main(which: str) -> int:
    """Run ``quick`` or ``all`` suites, or one by name; return the exit code."""
    chosen = [suite for suite in SUITES if which in ("all", suite.name) or (which == "quick" and suite.quick)]
    if not chosen:
        names = ", ".join(suite.name for suite in SUITES)
        print(f"no suite is called {which}; there are: all, quick, {names}")
        return 2
    started = time.monotonic()
    queue = Queue(chosen)
    beside = threading.Thread(target=queue.work)
    beside.start()
    queue.work()
    beside.join()
    failed = [outcome.suite.name for outcome in queue.outcomes if not outcome.passed]
    passed = len(queue.outcomes) - len(failed)
    print(f"\nsuites: {passed} passed, {len(failed)} failed")
    print(f"{time.monotonic() - started:.0f} s" + (f", failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
