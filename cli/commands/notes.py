"""`logdig notes`: notes of the apps for Zeppelin and Jupyter."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analytics.notebooks.source import Filled, algorithms, fill, form_values
from cli.aws_options import confirm, yes_option
from cli.note_runs import make_note, open_server, run_in_kernel, run_in_zeppelin, worst_of, write_files
from cli.options import CommandT, app_option, find_app, json_option, only_app_option, read_settings
from cli.program import with_program
from logdig.errors import InputError
from logdig.files.refused_rows import printable

NO_SCHEDULE = "none"
PIPE_WIDTH = 200


def _forms(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Read ``NAME=VALUE``."""
    values: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise click.BadParameter(f"{text!r}: NAME=VALUE, such as page=/cart")
        values[name] = value
    return values


algorithm_option = click.option(
    "--algorithm",
    "chosen",
    multiple=True,
    type=click.Choice(algorithms()),
    help="Which note; repeatable; default: every one.",
)
form_option = click.option(
    "--form",
    "forms",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_forms,
    help="Value of a form: page, device, start, end or store; repeatable.",
)
folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where files are written.  [default: the working directory]",
)
force_option = click.option("--force", is_flag=True, help="Replace files that are there.")


def zeppelin_option(without: str = "") -> Callable[[CommandT], CommandT]:
    """``--zeppelin``, or the variable LOGDIG_ZEPPELIN; ``without`` says what happens when there is none."""
    text = "Address of a Zeppelin server, such as http://127.0.0.1:8080; default: the variable LOGDIG_ZEPPELIN"
    return click.option("--zeppelin", "url", envvar="LOGDIG_ZEPPELIN", required=not without, help=f"{text}{without}.")


@click.group("notes")
def command() -> None:
    """Make notes of an app for Zeppelin or Jupyter, run them, and schedule them.

    \b
    features     what the model learns from, and how good it is
    frustration  bursts of clicks, clicks in vain, quick returns
    goals        goals reached, by source and day
    heatmap      clicks on a page and what followed
    ledger       what became of every event
    listening    listens by day, hour and track, and interests
    scroll       how far a page is scrolled
    sessions     visitors, sessions, bounces, sources
    targets      customers that an offer would reach

    A server that asks for a login reads LOGDIG_ZEPPELIN_USER and LOGDIG_ZEPPELIN_PASSWORD. docs/notebooks.md explains
    what the Python of a note needs.
    """


@command.command("create")
@app_option
@algorithm_option
@click.option(
    "--schedule",
    help="When Zeppelin runs it, in Quartz's form: '0 0 6 * * ?' is six o'clock; none ends it. The result is stored.",
)
@form_option
@zeppelin_option("; without a server a file is written")
@folder_option
@force_option
@json_option("Print a JSON list of objects with app, algorithm, id or file, is_new and schedule.")
def create(
    *,
    app: str | None,
    chosen: tuple[str, ...],
    schedule: str | None,
    forms: dict[str, str],
    url: str | None,
    folder: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Make the notes of an app in Zeppelin, or bring them up to date.

    There is one note for an app and algorithm. Made again it keeps its address, its schedule unless another is given,
    and paragraphs that were added to it. A scheduled note stores its result under reports/ of the bucket.
    """
    from analytics.notebooks.zeppelin import check_cron

    if schedule not in (None, NO_SCHEDULE):
        check_cron(schedule)
    notes = _filled(app, chosen, forms)
    if url is None:
        if schedule is not None:
            raise InputError(
                "--schedule belongs to a Zeppelin server; add --zeppelin URL, or run 'logdig notes run' by cron"
            )
        write_files(notes, "zpln", folder, force=force, as_json=as_json)
        return
    server, made = open_server(url), []
    for note in notes:
        made.append(make_note(server, note, schedule if schedule != NO_SCHEDULE else "", stores="store" not in forms))
        if not as_json:
            one = made[-1]
            words = (
                "created" if one["is_new"] else "updated",
                f"{note.app}/{note.algorithm}",
                one["url"],
                one["schedule"],
            )
            click.echo("  ".join(filter(None, map(str, words))))
    if as_json:
        click.echo(json.dumps(made))


@command.command("list")
@only_app_option
@zeppelin_option()
@json_option("Print a JSON list of objects with app, algorithm, id, schedule, status and ran_at.")
def list_notes(app: str | None, url: str, as_json: bool) -> None:
    """List the notes in a Zeppelin server: schedule, last run, and whether it failed."""
    server = open_server(url)
    rows = [
        {
            "app": note.app, "algorithm": note.algorithm, "id": note.id, "schedule": note.schedule,
            "status": worst_of(one.status for one in note.paragraphs), "ran_at": note.ran_at,
        }
        for note in server.notes() if app in (None, note.app)
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(with_program("no notes; 'logdig notes create' makes them"), err=True)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("app", "note", "schedule", "last run", "status", "id"):
        table.add_column(name)
    for row in rows:
        names = ("app", "algorithm", "schedule", "ran_at", "status", "id")
        table.add_row(*(Text(printable(row[name] or "-")) for name in names))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


@command.command("run")
@app_option
@algorithm_option
@form_option
@click.option("--store", is_flag=True, help="Store the result under reports/ of the bucket, as --form store=yes does.")
@zeppelin_option("; without a server the note runs in a Jupyter kernel here")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    help="Without a server: folder for the notebook with its results; one that is there is replaced.",
)
@json_option("Print a JSON list of objects with app, algorithm, status, error and result.")
def run(
    *,
    app: str | None,
    chosen: tuple[str, ...],
    forms: dict[str, str],
    store: bool,
    url: str | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """Run the notes of an app now; exit with 1 when one fails.

    In Zeppelin the note is the one that `create` has made; the paragraphs of Spark are left out.
    """
    given = {**forms, "store": "yes"} if store else forms
    notes = _filled(app, chosen, given)
    if url is not None and save is not None:
        raise InputError("--save writes notebooks of the Jupyter kernel; leave out --zeppelin")
    done = run_in_zeppelin(open_server(url), notes, given) if url is not None else run_in_kernel(notes, save)
    if as_json:
        click.echo(json.dumps(done))
    else:
        for one in done:
            click.echo(
                "  ".join(filter(None, [f"{one['status']:<8}", f"{one['app']}/{one['algorithm']}", one["result"]]))
            )
            if one["error"]:
                click.echo(f"  {printable(one['error'])}", err=True)
    sys.exit(1 if any(one["status"] != "FINISHED" for one in done) else 0)


@command.command("remove")
@app_option
@algorithm_option
@zeppelin_option()
@yes_option
@json_option("Print a JSON list of objects with app, algorithm and id.")
def remove(app: str | None, chosen: tuple[str, ...], url: str, yes: bool, as_json: bool) -> None:
    """Remove notes of an app, with their schedules, from Zeppelin; stored results stay."""
    site = find_app(read_settings(), app)
    server = open_server(url)
    wanted = set(chosen or algorithms())
    found = [note for note in server.notes() if note.app == site.name and note.algorithm in wanted]
    missing = set(chosen) - {note.algorithm for note in found}
    for algorithm in sorted(missing):
        server.find(site.name, algorithm)
    if found:
        confirm(f"Remove {', '.join(note.algorithm for note in found)} of {site.name}?", yes=yes)
    for note in found:
        server.remove(note.id)
        if not as_json:
            click.echo(f"removed  {note.app}/{note.algorithm}")
    if as_json:
        click.echo(json.dumps([{"app": note.app, "algorithm": note.algorithm, "id": note.id} for note in found]))


@command.command("export")
@app_option
@algorithm_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["zpln", "ipynb"]),
    default="ipynb",
    show_default=True,
    help="For which program.",
)
@form_option
@folder_option
@force_option
@json_option("Print a JSON list of objects with app, algorithm and file.")
def export(
    *,
    app: str | None,
    chosen: tuple[str, ...],
    form: str,
    forms: dict[str, str],
    folder: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Write the notes of an app as files for Zeppelin (zpln) or Jupyter (ipynb)."""
    write_files(_filled(app, chosen, forms), form, folder, force=force, as_json=as_json)


def _filled(app: str | None, chosen: Iterable[str], forms: dict[str, str]) -> list[Filled]:
    """Fill the chosen notes; with every note chosen, a form goes to those that have it."""
    settings = read_settings()
    site = find_app(settings, app)
    names = tuple(dict.fromkeys(chosen)) or algorithms()
    known = {name: form_values(name, {}) for name in names}
    for form in forms:
        if not any(form in values for values in known.values()):
            form_values(names[0], {form: forms[form]})
    return [
        fill(name, site.name, settings.database, {form: value for form, value in forms.items() if form in known[name]})
        for name in names
    ]
