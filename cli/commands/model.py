"""`logdig model`: which model scores for each offer, how good it is, and the owner's word on it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from cli.aws_options import aws_options, aws_settings, progress
from cli.options import app_option, find_app, json_option
from logdig.errors import InputError

if TYPE_CHECKING:
    from logdig.config.settings import Settings
    from logdig.store.state.model_choices import Choice

offer_option = click.option("--offer", help="Offer; default: the only one of logdig.toml.")
FIGURES = ("brier", "average_precision", "error", "roc_auc")


@click.group("model")
def command() -> None:
    """Show, compare, approve and roll back the models that choose targets.

    A model serves when it passed its gate; else the last good one serves on. docs/model.md explains the figures.
    """


@command.command("show")
@click.argument("version", required=False)
@app_option
@offer_option
@json_option("Print the model, its card and its coefficients as one JSON object.")
@aws_options
def show(version: str | None, app: str | None, offer: str | None, as_json: bool) -> None:
    """Describe the model that serves an offer, or model VERSION, in words."""
    from logdig.questions.trials.model_card import card

    known = _known(app, offer)
    row = known.named(version) if version else known.served or known.newest
    described = card(row, serves=known.serves(row))
    if as_json:
        click.echo(json.dumps({**_plain(row), **described}, default=str))
        return
    click.echo(f"model {row['model_version']} for {row['offer']} ({row['app']}): {described['state']}")
    click.echo(f"trained {row['trained_at']:%Y-%m-%d %H:%M} UTC")
    for line in described["lines"]:
        click.echo(line)
    click.echo(f"gate: {row['reason']}")


@command.command("compare")
@app_option
@offer_option
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Most models.")
@json_option("Print a JSON list of the models.")
@aws_options
def compare(app: str | None, offer: str | None, limit: int, as_json: bool) -> None:
    """List the models that were trained for an offer, the newest first, side by side."""
    known = _known(app, offer)
    rows = sorted(known.rows, key=lambda row: row["trained_at"], reverse=True)[:limit]
    if as_json:
        click.echo(json.dumps([{**_plain(row), "serves": known.serves(row)} for row in rows], default=str))
        return
    from logdig.questions.trials.model_card import card

    click.echo(f"{'version':12}  {'trained':16}  {'state':18}  " + "  ".join(f"{name[:9]:>9}" for name in FIGURES))
    for row in rows:
        state = card(row, serves=known.serves(row))["state"]
        figures = "  ".join(f"{row[name]:9.4f}" if row[name] is not None else f"{'-':>9}" for name in FIGURES)
        click.echo(f"{row['model_version'] or '-':12}  {row['trained_at']:%Y-%m-%d %H:%M}  {state:18}  {figures}")


@command.command("approve")
@click.argument("version")
@app_option
@offer_option
@aws_options
def approve(version: str, app: str | None, offer: str | None) -> None:
    """Let model VERSION serve, which passed but would leave fewer than half of the targets; ends a rollback."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.model_choices import approve as note

    known = _known(app, offer)
    row = known.named(version)
    if not row["passed"]:
        raise InputError(f"model {version} did not pass its gate: {row['reason']}", version=version)
    note(s3_store(known.settings), row["app"], row["offer"], version)
    _next(f"model {version} is approved")


@command.command("rollback")
@app_option
@offer_option
@click.option("--model", "version", help="Version to go back to; default: the good one before the one that serves.")
@aws_options
def rollback(app: str | None, offer: str | None, version: str | None) -> None:
    """Let an earlier model serve, until `logdig model approve` names another."""
    from logdig.aws.clients import s3_store
    from logdig.store.state.model_choices import pin

    known = _known(app, offer)
    row = known.named(version) if version else known.before()
    if not row["passed"]:
        raise InputError(f"model {row['model_version']} did not pass its gate: {row['reason']}")
    pin(s3_store(known.settings), row["app"], row["offer"], row["model_version"])
    _next(f"model {row['model_version']} of {row['trained_at']:%Y-%m-%d} serves again")


class _Known:
    """Models of one offer of an app, and the one that serves."""

    def __init__(self, settings: Settings, rows: Sequence[Mapping[str, Any]], choice: Choice) -> None:
        from logdig.store.state.model_choices import serving

        self.settings, self.rows = settings, [row for row in rows if row["trained_at"] is not None]
        self.served = serving(self.rows, choice)

    @property
    def newest(self) -> Mapping[str, Any]:
        return max(self.rows, key=lambda row: row["trained_at"])

    def serves(self, row: Mapping[str, Any]) -> bool:
        return self.served is not None and row["model_version"] == self.served["model_version"]

    def named(self, version: str) -> Mapping[str, Any]:
        found = [row for row in self.rows if row["model_version"] == version]
        if not found:
            raise InputError(f"no model is called {version!r}; 'logdig model compare' lists them", version=version)
        return max(found, key=lambda row: row["trained_at"])

    def before(self) -> Mapping[str, Any]:
        """The good model before the one that serves."""
        served = self.served
        earlier = [
            row
            for row in self.rows
            if served
            and row["passed"]
            and row["trained_at"] < served["trained_at"]
            and row["model_version"] != served["model_version"]
        ]
        if not earlier:
            raise InputError("there is no good model before the one that serves; 'logdig model compare' lists all")
        return max(earlier, key=lambda row: row["trained_at"])


def _known(app: str | None, offer: str | None) -> _Known:
    from logdig.aws.clients import s3_store
    from logdig.marts.reader import Marts
    from logdig.store.state.model_choices import Choice, choice_key, read_choices

    settings = aws_settings()
    site, name = find_app(settings, app), find_offer(settings, offer)
    with progress().status("reading the models"):
        rows = Marts(settings, os.environ).table("models", where=[("app", "=", site.name)]).to_pylist()
        choices = read_choices(s3_store(settings))
    own = [row for row in rows if row["offer"] == name]
    if not own:
        raise InputError(f"no model was trained for {name} yet; run: logdig jobs run all", offer=name)
    return _Known(settings, own, choices.get(choice_key(site.name, name), Choice()))


def find_offer(settings: Settings, name: str | None) -> str:
    """The offer that is named, or the only one.

    Raises:
        InputError: There is none, or several.
    """
    names = [offer.name for offer in settings.offers]
    if name is None and len(names) == 1:
        return names[0]
    if name not in names:
        there = f"there are: {', '.join(names)}" if names else "add one to logdig.toml, docs/settings.md, [[offers]]"
        raise InputError(f"no offer is called {name!r}; {there}" if name else f"name one with --offer; {there}")
    return str(name)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its JSON columns as values."""
    held = {name: json.loads(row[name]) if row[name] else None for name in ("coefficients", "details")}
    return {**row, **held}


def _next(done: str) -> None:
    click.echo(f"{done}; it scores from the next daily run on, or now: logdig jobs run predictions, then targets")
