"""`logdig demo`: the whole pipeline on this machine."""

import os
import sys
import tempfile
from pathlib import Path

import click

from cli.options import cache_folder, port_option
from cli.program import with_program
from cli.signals import interrupt_on_signals


@click.command("demo")
@click.option(
    "--once",
    is_flag=True,
    help="End after summary and ledger; exit with 1 if a count does not add up or a planted number is not found.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with files of the older system; default: generated data.",
)
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), help="Write the summary as JSON.")
@click.option("--listens", default=200_000, show_default=True, type=click.IntRange(1), help="Listens to generate.")
@click.option("--seed", default=7, show_default=True, help="Seed of the generated data and of the visitors.")
@click.option("--directory", type=click.Path(path_type=Path), help="Folder for data and logs; default: a new one.")
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
    """Run the whole pipeline on this machine, from visitors to ad decisions.

    Starts an AWS emulator, the collector, a small music site and a dashboard; sends visitors, listens and ad clicks;
    flushes, ingests, trains and decides; then counts the events in every store, and asks the questions for what is
    planted in a month of browsing.
    """
    from demo.run import Demo, Options, write_summary
    from infra.local.machine import find_java, java_home
    from logdig.errors import MissingPartError

    java = find_java()
    if java is None:
        raise MissingPartError("Java 17 is not found; run: make setup")
    os.environ["JAVA_HOME"] = java_home(java)
    interrupt_on_signals()
    folder = directory or Path(tempfile.mkdtemp(prefix="logdig-demo-"))
    cache = cache_folder() / "demo"
    options = Options(folder, cache, data, once, listens, seed, site_port=site_port, dashboard_port=dashboard_port)
    try:
        with Demo(options, os.environ, lambda line: click.echo(with_program(line))) as demo:
            result = demo.run()
            if summary is not None:
                write_summary(result, summary)
            if once:
                adds_up = demo.ledger_adds_up() and result.is_right()
            else:
                demo.refresh_forever()
                adds_up = result.is_right()
    except KeyboardInterrupt:
        click.echo("\nstopped")
        return
    sys.exit(0 if adds_up else 1)
