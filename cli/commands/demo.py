"""`logdig demo`: the whole road on this machine."""

import os
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import click

from cli.options import port_option


@click.command("demo")
@click.option("--once", is_flag=True, help="End after summary and ledger; exit with 1 if any count does not add up.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with files of the older system; without it, data is made.",
)
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), help="Write the summary as JSON.")
@click.option("--listens", default=200_000, show_default=True, type=click.IntRange(1), help="Listens to make.")
@click.option("--seed", default=7, show_default=True, help="Of the made data and of the visitors.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where data and logs go; default: a new folder.")
@port_option("site", 0)
@port_option("dashboard", 0)
def command(
    once: bool,
    data: Path | None,
    summary: Path | None,
    listens: int,
    seed: int,
    directory: Path | None,
    site_port: int,
    dashboard_port: int,
) -> None:
    """Run the whole road on this machine, from visitors to ad decisions.

    Starts an AWS emulator, the collector, a small music site and a dashboard; sends visitors, listens and ad clicks;
    flushes, ingests, trains, decides; then counts everything where it lies.
    """
    from demo.run import Demo, Options, write_summary
    from infra.local.machine import find_java
    from logdig.errors import MissingPartError

    java = find_java()
    if java is None:
        raise MissingPartError("Java 17 is not found; run: make setup")
    os.environ["JAVA_HOME"] = str(Path(java).resolve().parent.parent)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Also where a shell started this in the background and made it deaf to Ctrl-C.
        signal.signal(number, _interrupt)
    folder = directory or Path(tempfile.mkdtemp(prefix="logdig-demo-"))
    options = Options(folder, data, once, listens, seed, site_port=site_port, dashboard_port=dashboard_port)
    try:
        with Demo(options, os.environ, click.echo) as demo:
            found = demo.run()
            if summary is not None:
                write_summary(found, summary)
            if once:
                adds_up = demo.prove() and not found.gaps()
            else:
                demo.refresh_forever()
                adds_up = not found.gaps()
    except KeyboardInterrupt:
        click.echo("\nstopped")
        return
    sys.exit(0 if adds_up else 1)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
