"""Kill flushes at random calls and report what became of what was acknowledged; beside it the flush of 2016.

Run ``.venv/bin/python bench/faults.py [--kills N] [--seed N] [--write]``; ``make faults`` runs it with ``--write``,
which puts the report into docs/reliability.md. Exits with 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.progress import track

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from logdig.flush.flusher import flush
from tests.faults.flush_of_2016 import flush_of_2016
from tests.faults.harness import Flush
from tests.faults.random_kills import Tally, kill_in_parts, kill_with_a_hundred_logs, parts

PAGE = ROOT / "docs" / "reliability.md"
START, END = "<!-- report: begin -->\n", "<!-- report: end -->\n"
COMPARED: dict[str, Flush] = {"2016": flush_of_2016, "ours": flush}
COMPARED_KILLS = 1_000
RULE_OF_THREE = 3.0
"""No loss in n trials: with 95 % confidence the rate is below 3 / n."""


def compared(seed: int) -> dict[str, Tally]:
    """Kill each of the two flushes while it moves a hundred logs, equally often."""
    with ProcessPoolExecutor(cpu_count()) as pool:
        asked = {
            name: pool.submit(kill_with_a_hundred_logs, run, COMPARED_KILLS, seed) for name, run in COMPARED.items()
        }
        return {name: one.result() for name, one in asked.items()}


def comparison(tallies: dict[str, Tally]) -> str:
    """Both flushes side by side in Markdown; the lines of 2016 had no id, so what was twice in raw stayed twice."""
    text = "\n| a hundred messages of one log | lost | duplicates in raw a kill | duplicates in the tables a kill |\n"
    text += "|---|---|---|---|\n"
    for name, tally in tallies.items():
        raw, kept = tally.raw_duplicates, tally.duplicates_after_ingest if name == "ours" else tally.raw_duplicates
        text += f"| {name} | {tally.lost} | {raw / tally.kills:.1f} | {kept / tally.kills:.1f} |\n"
    return text


def report(tally: Tally, seed: int, seconds: float) -> str:
    """The report in Markdown."""
    bound = RULE_OF_THREE / tally.kills
    rows = {
        "first seed": str(seed),
        "sequences": f"{tally.sequences:,}",
        "kills": f"{tally.kills:,}",
        "events, rejected events and unreadable messages acknowledged": f"{tally.acknowledged:,}",
        "lost": f"{tally.lost:,}",
        "raw duplicates": f"{tally.raw_duplicates:,} ({tally.raw_duplicates / tally.kills:.1f} a kill)",
        "duplicates after ingest": f"{tally.duplicates_after_ingest:,}",
        "corrupted lines or objects": f"{tally.corrupted:,}",
        "95 % upper bound of the share of kills that lose anything": f"{bound:.1e} (rule of three)"
        if not tally.lost
        else "something was lost",
        "seconds": f"{seconds:,.0f}",
    }
    moments = "".join(f"| {moment} | {count:,} |\n" for moment, count in sorted(tally.moments.items()) if moment)
    return (
        "| | |\n|---|---|\n"
        + "".join(f"| {name} | {value} |\n" for name, value in rows.items())
        + "\n| killed | times |\n|---|---|\n"
        + moments
    )


def write(text: str) -> None:
    """Put the report between its marks."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(START)
    PAGE.write_text(before + START + text + END + rest.partition(END)[2], encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**9))
    parser.add_argument("--write", action="store_true", help="put the report into docs/reliability.md")
    options = parser.parse_args()
    started, tally = time.monotonic(), Tally()
    done = kill_in_parts(options.kills, options.seed)
    for part in track(done, "killing", total=parts(options.kills), console=Console(stderr=True)):
        tally = tally + part
    text = report(tally, options.seed, time.monotonic() - started)
    with Console(stderr=True).status("killing the flush of 2016 and ours side by side"):
        text += comparison(compared(options.seed))
    print(text)
    if options.write:
        write(text)
    for seed in tally.unclean:
        print(f"broken: LOGDIG_SEED={seed}", file=sys.stderr)
    return 1 if tally.unclean else 0


if __name__ == "__main__":
    sys.exit(main())
