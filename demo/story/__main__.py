"""Write the month of browsing as a file for `logdig send events`: ``python -m demo.story FILE``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from demo.layout import read_layout
from demo.story.counting import count
from demo.story.generator import story_events, write_events
from demo.story.month import month_before
from demo.story.report import planted_lines


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--site", default="http://127.0.0.1:8000", show_default=True, help="Address of the demo's site.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the app; the month ends at its midnight.")
@click.option("--seed", default=7, show_default=True, help="Equal seeds give equal files on a day.")
@click.option("--truth", type=click.Path(dir_okay=False, path_type=Path), help="Write what is planted as JSON.")
def main(file: Path, site: str, zone: str, seed: int, truth: Path | None) -> None:
    """Write the month that ended last midnight into FILE, and print what is planted in it."""
    month = month_before(datetime.now(UTC), zone, site.rstrip("/"), seed)
    planted = count(write_events(story_events(month, read_layout()), file), month)
    if truth is not None:
        truth.write_bytes(msgspec.json.format(msgspec.json.encode(planted)) + b"\n")
    click.echo(f"{planted.events:,} events in {file}")
    for line in planted_lines(planted):
        click.echo(line)


if __name__ == "__main__":
    main()
