"""`logdig person`: what is stored of a person, for a request of access."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from cli.aws_options import aws_options, aws_settings
from cli.options import json_option
from cli.person_options import check_app, named_person, person_options

if TYPE_CHECKING:
    from logdig.config.settings import Settings
    from logdig.privacy.person import Person
    from logdig.privacy.person_data import PersonData


id_argument = click.argument("identity", metavar="[ID]", required=False)
"""A customer's id may stand alone."""


@click.group("person")
def command() -> None:
    """Show or export what is stored of a person: what `logdig forget` with the same options would remove."""


@command.command("show")
@id_argument
@person_options
@json_option("Print one JSON object: counts by place, and damaged objects.")
@aws_options
def show(
    *, identity: str | None, user_key: str | None, customer_id: str | None, app: str | None, as_json: bool
) -> None:
    """Count a person's lines, rows and profiles by place. Changes nothing. ID is a customer's.

    Exits with 1 when an object cannot be read, which may hold the person.
    """
    person = named_person(user_key, customer_id, app, identity)
    with Console(stderr=True).status("looking") as status:
        data = person_data(aws_settings(), person, _shows(status.update))
        counts = data.count()
    if as_json:
        click.echo(json.dumps({"counts": counts, "damaged": data.damaged}))
    else:
        for place, count in counts.items():
            if count:
                click.echo(f"{place:<24} {count:>10,}")
        click.echo(f"{sum(counts.values()):,} in all")
    _end(data)


@command.command("export")
@id_argument
@person_options
@click.option(
    "--file", type=click.Path(dir_okay=False, path_type=Path), help="Archive to write; default: person-DATE.zip."
)
@json_option("Print one JSON object: the file, counts by place, and damaged objects.")
@aws_options
def export(
    *,
    identity: str | None,
    user_key: str | None,
    customer_id: str | None,
    app: str | None,
    file: Path | None,
    as_json: bool,
) -> None:
    """Write a person's lines, rows and profiles as JSON lines into a zip archive, with a page on its columns.

    ID is a customer's.

    The archive is personal data: only you can read the file; remove it when it is handed over. Exits with 1 when an
    object cannot be read, which may hold the person.
    """
    from logdig.privacy.person_archive import write_archive

    person, now = named_person(user_key, customer_id, app, identity), datetime.now(UTC)
    path = file or Path(f"person-{now:%Y-%m-%d}.zip")
    with Console(stderr=True).status("looking") as status:
        data = person_data(aws_settings(), person, _shows(status.update))
        counts = write_archive(path, data, now)
    if as_json:
        click.echo(json.dumps({"file": str(path), "counts": counts, "damaged": data.damaged}))
    else:
        click.echo(f"wrote {path}: {sum(counts.values()):,} lines of {sum(map(bool, counts.values()))} places")
    _end(data)


def person_data(settings: Settings, person: Person, on_step: Callable[[str], None]) -> PersonData:
    """Open what is stored of a person.

    Raises:
        InputError: logdig.toml has no such app.
    """
    from logdig.aws.clients import profile_store, s3_store
    from logdig.decide.profiles import keys_of
    from logdig.marts.stored_tables import StoredTables
    from logdig.privacy.person_data import PersonData

    check_app(settings, person)
    apps = [person.app] if person.app else [app.name for app in settings.apps]
    profiles = profile_store(settings)
    found = {key: profiles.known_of(key) or None for key in keys_of(apps, person.field, person.value)}
    return PersonData(s3_store(settings), StoredTables(settings, os.environ), found, person, on_step)


def _shows(update: Callable[[str], object]) -> Callable[[str], None]:
    """Progress: the place, and how many objects and tables were looked at."""
    looked = itertools.count(1)

    def shows(place: str) -> None:
        update(f"{place}: {next(looked):,} objects and tables looked at")

    return shows


def _end(data: PersonData) -> None:
    for key in data.damaged:
        click.echo(f"CANNOT BE READ  {key}; it may hold the person", err=True)
    sys.exit(1 if data.damaged else 0)
