"""`logdig features`: what the model is trained on, from files alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.file_options import encoding_option, print_rows, progress_bar
from cli.options import json_option
from logdig.errors import InputError

if TYPE_CHECKING:
    from analytics.model.file_features import FileFeatures, FileRows

AD = "ADV_REDUCED_1DAY"

file_type = click.Path(exists=True, dir_okay=False, path_type=Path)
out_type = click.Path(dir_okay=False, path_type=Path)


@click.group("features")
def command() -> None:
    """Summarise behaviour for a model."""


@command.command("from-files")
@click.option("--listens", type=file_type, required=True, help="Recorded listens, as logdig send listens reads them.")
@click.option("--ads", type=file_type, required=True, help="Recorded ad clicks, as logdig send clicks reads them.")
@click.option("--out", type=out_type, required=True, help="CSV file to write.")
@click.option("--ad", default=AD, show_default=True, help="Ad whose click makes the label 1.")
@click.option("--keep-duplicates", is_flag=True, help="Count a listen again whose event id came before in the file.")
@click.option("--libsvm", type=out_type, help="Also write libSVM: line n is row n of --out.")
@encoding_option
@click.option("--strict", is_flag=True, help="Exit with 1 when a row was refused.")
@json_option("Print the report as JSON.")
def from_files(
    listens: Path,
    ads: Path,
    out: Path,
    ad: str,
    keep_duplicates: bool,
    libsvm: Path | None,
    encoding: str | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Features and label of every customer of recorded files, without any lake.

    One row a customer with a listen: customer_id, label, the shares morning, afternoon, evening, night, mobile and
    unique (0 to 1, not rounded), and plays, the number of listens.
    Every row counts: no window, no consent, times as written. A row that cannot be read is named and left out. Exits
    with 1 when no listen could be read. docs/model.md has the definitions.
    """
    from analytics.model.file_features import features_of_files, write_csv, write_libsvm

    _check_paths({"--listens": listens, "--ads": ads, "--out": out, "--libsvm": libsvm})
    with progress_bar() as bar:
        task = bar.add_task("reading listens", total=None)
        found = features_of_files(
            listens,
            ads,
            ad,
            keep_duplicates=keep_duplicates,
            encoding=encoding,
            progress=lambda line, lines: bar.update(task, completed=line, total=lines),
        )
        bar.remove_task(task)
    refused = found.listens.refused or found.clicks.refused
    failed = not found.customers or (strict and refused)
    # What an earlier run wrote is better than nothing.
    if not failed:
        write_csv(found.customers, out)
        if libsvm:
            write_libsvm(found.customers, libsvm)
    _print(found, {listens: found.listens, ads: found.clicks}, ad, as_json=as_json)
    if failed:
        click.echo(f"{out} was not written", err=True)
    sys.exit(1 if failed else 0)


def _check_paths(paths: dict[str, Path | None]) -> None:
    """Refuse to write over what is read.

    Raises:
        InputError: Names both options.
    """
    taken: dict[Path, str] = {}
    for option, path in paths.items():
        if path is not None and taken.setdefault(path.resolve(), option) != option:
            raise InputError(f"{taken[path.resolve()]} and {option} are the same file, {path}; name another one")


def _print(found: FileFeatures, files: dict[Path, FileRows], ad: str, *, as_json: bool) -> None:
    positives = sum(one.label for one in found.customers)
    if as_json:
        told: dict[str, Any] = {
            "customers": len(found.customers),
            "positives": positives,
            "clicked_without_listen": found.only_clicked,
            "files": [
                {
                    "file": str(path),
                    "rows": rows.read,
                    "repeats": rows.repeats,
                    "refused": [{"line": row.line, "reason": row.reason, "text": row.text} for row in rows.refused],
                }
                for path, rows in files.items()
            ],
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"{len(found.customers):,} customers, {positives:,} of them clicked {ad}")
    if found.only_clicked:
        click.echo(f"{found.only_clicked:,} more clicked it without any listen; they have no features")
    for path, rows in files.items():
        click.echo(f"{path}: {rows.read:,} rows, {rows.repeats:,} repeats, {len(rows.refused):,} refused")
        print_rows(path, [(row.line, row.reason, row.text) for row in rows.refused])
