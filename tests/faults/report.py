"""Sums over many kills, printed and kept; ``python -m tests.faults.report`` prints them as a table."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.scenario import Verdict

FOLDER = Path(__file__).resolve().parent.parent.parent / "build" / "faults"
RULE_OF_THREE = 3
"""No loss in n runs: with 95 % certainty the rate is below 3 / n."""


@dataclass
class Tally:
    """What many runs of one experiment brought."""

    experiment: str
    seed: int
    runs: int = 0
    events: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)

    def add(self, killed: str | None, events: int, verdict: Verdict) -> None:
        """Count one run."""
        self.runs += 1
        self.events += events
        self.kills[killed or "not killed"] += 1
        for name, value in asdict(verdict).items():
            setattr(self.verdict, name, getattr(self.verdict, name) + value)

    @property
    def killed(self) -> int:
        """Runs that were killed."""
        return self.runs - self.kills["not killed"]

    def publish(self) -> None:
        """Print the sums with the seed that repeats them; keep them where the report is made from."""
        print(f"\n{self.experiment}: seed {self.seed}, {self.runs} runs, {dict(self.kills)}, {self.verdict}")
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / f"{self.experiment.replace(' ', '-')}.json"
        bound = RULE_OF_THREE / self.killed if self.killed and not self.verdict.lost else None
        facts = {
            "experiment": self.experiment,
            "seed": self.seed,
            "runs": self.runs,
            "killed": self.killed,
            "events": self.events,
            "kills": dict(sorted(self.kills.items())),
            "verdict": asdict(self.verdict),
            "bound": bound,
        }
        path.write_text(json.dumps(facts, indent=1) + "\n")


def table() -> str:
    """The last sums of every experiment in Markdown, as docs/reliability.md shows them."""
    rows = [
        "| experiment | runs | killed | events | lost | raw duplicates | after ingest | corrupted | lost per kill |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for path in sorted(FOLDER.glob("*.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        verdict = facts["verdict"]
        bound = f"below {facts['bound']:.2%}" if facts["bound"] else "-"
        cells = [
            facts["experiment"], facts["runs"], facts["killed"], facts["events"], verdict["lost"],
            verdict["raw_duplicates"], verdict["duplicates_after_ingest"], verdict["corrupted"], bound,
        ]  # fmt: skip
        rows.append("| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
