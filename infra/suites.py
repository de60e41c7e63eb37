"""Run the checks and test suites: two lanes side by side, one line a suite, the whole output of what failed.

The heavy lane holds what starts Java or Chromium; the light lane the rest. Each suite's own closing line is printed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from infra.bootstrap import node_environment

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
LOGS = ROOT / ".cache" / "suites"
SUITE_TIMEOUT_SECONDS = 1500
PYTHON_FOLDERS = ("logdig", "api", "lambdas", "analytics", "infra", "demo", "tests")
TYPED_FOLDERS = ("logdig", "api", "lambdas", "analytics", "infra", "demo")


@dataclass(frozen=True, slots=True)
class Suite:
    """One command; ``light`` says which lane it runs in, ``quick`` whether `make quick` holds it."""

    name: str
    command: tuple[str, ...]
    light: bool = True
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a suite ended."""

    suite: Suite
    passed: bool
    seconds: float
    closing: str


def _pytest(name: str, *arguments: str, light: bool = True, quick: bool = False) -> Suite:
    command = (str(BIN / "python"), "-m", "pytest", "-p", "no:cacheprovider", "--durations=3", *arguments)
    return Suite(name, command, light, quick)


SUITES = (
    Suite("format", (str(BIN / "ruff"), "format", "--check", *PYTHON_FOLDERS), quick=True),
    Suite("lint", (str(BIN / "ruff"), "check", *PYTHON_FOLDERS), quick=True),
    Suite("types", (str(BIN / "mypy"), *TYPED_FOLDERS), quick=True),
    Suite("imports", (str(BIN / "lint-imports"),), quick=True),
    _pytest("unit", "tests/unit", quick=True),
    Suite("tracker", ("npm", "--silent", "--prefix", "clicktracker_js", "run", "check")),
    Suite("tracker-unit", ("npm", "--silent", "--prefix", "clicktracker_js", "test")),
    _pytest("functional", "tests/functional"),
    _pytest("analytics", "tests/analytics", light=False),
    _pytest("browser", "tests/browser", light=False),
    _pytest("zeppelin", "tests/zeppelin", light=False),
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
                env={**node_environment(), "PYTHONPATH": ""},
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


def run_lane(suites: list[Suite], outcomes: list[Outcome], lock: threading.Lock) -> None:
    """Run suites one after the other, reporting each as it ends."""
    for suite in suites:
        outcome = run_suite(suite)
        with lock:
            outcomes.append(outcome)
            word = "ok    " if outcome.passed else "FAILED"
            print(f"{word} {suite.name:<12} {outcome.seconds:6.1f} s  {outcome.closing}", flush=True)
            if not outcome.passed:
                print((LOGS / f"{suite.name}.log").read_text(encoding="utf-8", errors="replace"), flush=True)


def main(which: str) -> int:
    """Run ``quick`` or ``all`` suites, or one by name; return the exit code."""
    chosen = [suite for suite in SUITES if which in ("all", suite.name) or (which == "quick" and suite.quick)]
    if not chosen:
        names = ", ".join(suite.name for suite in SUITES)
        print(f"no suite is called {which}; there are: all, quick, {names}")
        return 2
    started = time.monotonic()
    outcomes: list[Outcome] = []
    lock = threading.Lock()
    heavy = threading.Thread(target=run_lane, args=([s for s in chosen if not s.light], outcomes, lock))
    heavy.start()
    run_lane([suite for suite in chosen if suite.light], outcomes, lock)
    heavy.join()
    failed = [outcome.suite.name for outcome in outcomes if not outcome.passed]
    print(
        f"\n{len(outcomes) - len(failed)} suites passed, {len(failed)} failed, {time.monotonic() - started:.0f} s",
        end="",
    )
    print(f": {', '.join(failed)}" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
