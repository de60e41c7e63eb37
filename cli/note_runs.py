"""Notes as files, in a Zeppelin server, and in a kernel of this machine: what `logdig notes` does with them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analytics.notebooks.source import Filled, form_values, with_value
from cli.aws_options import progress
from logdig.errors import InputError, LogDigError
from logdig.store.reports import RESULT

if TYPE_CHECKING:
    from analytics.notebooks.zeppelin import ZeppelinServer

ERROR_LENGTH = 600
"""Characters of a paragraph's error; Python says at its end what was wrong."""


def write_files(notes: Iterable[Filled], form: str, folder: Path, *, force: bool, as_json: bool) -> None:
    """Write a file for each note, and say so.

    Raises:
        InputError: One is there already, and ``force`` is not given.
    """
    from analytics.notebooks import ipynb, zpln

    files = {note: folder / f"{note.app}-{note.algorithm}.{form}" for note in notes}
    there = [path for path in files.values() if path.exists()]
    if there and not force:
        raise InputError(f"{there[0]} is there already; --force replaces it, --folder names another place")
    folder.mkdir(parents=True, exist_ok=True)
    for note, path in files.items():
        text = ipynb.to_text(ipynb.render(note)) if form == "ipynb" else json.dumps(zpln.render(note), indent=1) + "\n"
        path.write_text(text, encoding="utf-8")
        if not as_json:
            click.echo(f"wrote  {path}")
    if as_json:
        written = [{"app": note.app, "algorithm": note.algorithm, "file": str(path)} for note, path in files.items()]
        click.echo(json.dumps(written))


def open_server(url: str) -> ZeppelinServer:
    """A server, with the name and password of the environment."""
    from analytics.notebooks.zeppelin import ZeppelinServer

    user, password = os.environ.get("LOGDIG_ZEPPELIN_USER", ""), os.environ.get("LOGDIG_ZEPPELIN_PASSWORD", "")
    return ZeppelinServer(url, user, password)


def make_note(server: ZeppelinServer, note: Filled, schedule: str | None, *, stores: bool) -> dict[str, str | bool]:
    """Make or update a note in a server.

    Args:
        server: The server.
        note: What it becomes.
        schedule: In Quartz's form; empty ends it, None leaves it as it is.
        stores: Whether a note with a schedule stores its result, whatever form ``store`` says.
    Returns:
        What `create` says of it.
    """
    known = server.known(note.app, note.algorithm)
    kept = known.schedule if known and schedule is None else schedule or ""
    filled = with_value(note, "store", "yes") if kept and stores else note
    identifier = server.put(filled, known.id if known else None)
    if schedule is not None:
        server.schedule(identifier, schedule or None)
    return {
        "app": note.app, "algorithm": note.algorithm, "id": identifier, "is_new": known is None, "schedule": kept,
        "url": f"{server.url}/#/notebook/{identifier}",
    }  # fmt: skip


def run_in_zeppelin(server: ZeppelinServer, notes: Iterable[Filled], forms: dict[str, str]) -> list[dict[str, str]]:
    """Run notes where they are kept; see `_outcome`."""
    done = []
    for note in notes:
        identifier = server.find(note.app, note.algorithm)
        own = {form: value for form, value in forms.items() if form in form_values(note.algorithm, {})}
        with progress().status(f"{note.app}/{note.algorithm}"):
            paragraphs = server.run(identifier, own)
        failed = next((one for one in paragraphs if one.status != "FINISHED"), None)
        texts = [text.strip() for one in paragraphs for _, text in one.outputs]
        error = f"{failed.title}: {' '.join(text for _, text in failed.outputs)[-ERROR_LENGTH:]}" if failed else ""
        done.append(_outcome(note, failed.status if failed else "FINISHED", error, texts))
    return done


def run_in_kernel(notes: Iterable[Filled], save: Path | None) -> list[dict[str, str]]:
    """Run notes in one Jupyter kernel on this machine; see `_outcome`.

    Args:
        notes: Which.
        save: Folder for the notebooks with their results.
    """
    from analytics.notebooks import ipynb

    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
    done = []
    console = progress()
    with ipynb.Kernel(os.environ, Path.cwd()) as kernel, console.status("starting a kernel") as status:
        for note in notes:
            notebook, error = ipynb.render(note), ""
            try:
                kernel.run(notebook, lambda heading, name=note.algorithm: status.update(f"{name}: {heading}"))  # type: ignore[misc]
            except LogDigError as err:
                error = err.message
            if save is not None:
                path = save / f"{note.app}-{note.algorithm}.ipynb"
                path.write_text(ipynb.to_text(notebook), encoding="utf-8")
            outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
            texts = [output.get("data", {}).get("text/plain", "") for output in outputs]
            done.append(_outcome(note, "ERROR" if error else "FINISHED", error, texts))
    return done


def _outcome(note: Filled, status: str, error: str, texts: Iterable[str]) -> dict[str, str]:
    """What `run` says of a note; ``result`` is the address that its last paragraph has shown, if it got there."""
    addresses = [line for text in texts for line in text.splitlines() if line.startswith("s3://") and RESULT in line]
    result = addresses[-1] if addresses and not error else ""
    return {"app": note.app, "algorithm": note.algorithm, "status": status, "error": error, "result": result}


def worst_of(states: Iterable[str]) -> str:
    """One word for a note: the worst of its paragraphs that have run; empty = none has."""
    found = set(states)
    return next((one for one in ("ERROR", "ABORT", "RUNNING", "PENDING", "FINISHED") if one in found), "")
