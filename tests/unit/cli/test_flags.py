"""A flag means the same in every command: where it must be, its help, and its type."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from cli.main import cli
from tools.commands_page import command_paths

LAKE = {
    "bad list", "bad retry", "bad show", "dlq list", "dlq redrive", "forget", "jobs status", "ledger",
    "person export", "person show", "query", "rebuild", "release list", "share create", "share list", "share revoke",
    "sql", "verify",
}  # fmt: skip
STACK = {"deploy", "destroy", "plan", "policy", "status", "tail"}
RELEASES = {"release add", "release remove"}
SHARES = {"share create", "share list"}
MODELS = {"model approve", "model compare", "model rollback", "model show"}
TARGETS = {"targets export", "targets list"}
NOTES = {"notes create", "notes export", "notes list", "notes remove", "notes run"}
MESSAGES = {"sms send", "sms stop"}
PAGES = {"pages capture", "pages list", "pages remove"}
SERVERS = {"dashboard", "serve"}
ON = {"flush", "jobs run"}
"""Commands that work on this machine or on the deployed stack."""
AWS = LAKE | STACK | RELEASES | MESSAGES | PAGES | MODELS | TARGETS | SERVERS | ON | {"cost", "events", "load"}
TABLE = {
    "--profile": AWS,
    "--region": AWS | {"init"},
    "--on": ON,
    "--from": {"bad list", "bad retry", "ledger", "query", "rebuild", "verify"},
    "--to": {"bad list", "bad retry", "ledger", "query", "rebuild", "verify"},
    "--app": {
        "bad list", "bad retry", "events", "forget", "ledger", "init", "load", "person export",
        "person show", "query", "release list", "send", *RELEASES, *MESSAGES, *PAGES, *SHARES,
        *MODELS, *TARGETS, *NOTES,
    },
    "--json": {
        "app add", "app list", "app rotate", "bad list", "bad retry", "check", "cost", "deploy", "destroy", "dev env",
        "dlq list", "dlq redrive", "events", "flush", "forget",
        "jobs list", "jobs run", "jobs status", "ledger", "load", "send",
        "package", "person export", "person show", "plan", "query", "rebuild", "release list", "sql", "status", "tail",
        "share revoke", "verify", "features from-files", "model compare", "model show", *RELEASES, *MESSAGES, *PAGES,
        *SHARES, *TARGETS, *NOTES,
    },
    "--yes": {"deploy", "destroy", "dlq redrive", "forget", "init", "notes remove", "rebuild", "send"},
    "--account": {"plan", "policy"},
}  # fmt: skip
"""Flag -> the commands that must have it."""
WRITTEN_BY_INIT = {("--region", "init"), ("--app", "init")}
"""`init` writes what it is given into logdig.toml, so its flags are named like keys."""
LOCAL_DAYS = {("--from", "query"), ("--to", "query")}
"""A question is asked of the app's own days, the others of UTC days of arrival."""


def commands() -> dict[str, click.Command]:
    """Every command that does something, by its words."""
    found = {}
    for path in command_paths(cli, ()):
        command: click.Command = cli
        for name in path:
            assert isinstance(command, click.Group)
            below = command.get_command(click.Context(command), name)
            assert below is not None
            command = below
        if not isinstance(command, click.Group):
            found[" ".join(path)] = command
    return found


def option(command: click.Command, flag: str) -> click.Option | None:
    options = (one for one in command.params if isinstance(one, click.Option) and not one.hidden)
    return next((one for one in options if flag in one.opts), None)


@pytest.mark.parametrize("flag", TABLE)
def test_flag_is_in_every_command_that_can_use_it(flag: str) -> None:
    having = {name for name, command in commands().items() if option(command, flag) is not None}

    assert having == TABLE[flag]


@pytest.mark.parametrize("flag", TABLE)
def test_flag_means_the_same_in_every_command(flag: str) -> None:
    found = {
        name: one
        for name, command in commands().items()
        if (one := option(command, flag)) is not None and (flag, name) not in WRITTEN_BY_INIT | LOCAL_DAYS
    }

    kinds = {
        # The help of --json tells the shape, and --app chooses one app or narrows what is shown.
        (type(one.type), one.is_flag, one.multiple, one.required, "" if flag in ("--json", "--app") else one.help)
        for one in found.values()
    }
    assert len(kinds) == 1, kinds
    if flag == "--json":
        assert [name for name, one in found.items() if "JSON" not in (one.help or "")] == []
    if flag == "--app":
        narrows = {one.help for name, one in found.items() if name in LAKE - {"query", "share create"}}
        chooses = {one.help for name, one in found.items() if name in {"load", "query", "send", *RELEASES}}
        assert (len(narrows), len(chooses)) == (1, 1)


def test_on_takes_its_older_word() -> None:
    (where,) = [one for one in commands()["flush"].params if one.name == "where"]

    assert where.type.convert("here", where, None) == where.type.convert("local", where, None) == "local"


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(cli, arguments)


def test_bad_takes_its_older_day() -> None:
    result = invoke("bad", "list", "--day", "2026-11-24", "--from", "2026-11-25", "--to", "2026-11-24")

    assert "--from 2026-11-25 is after --to 2026-11-24" in str(result.exception)
