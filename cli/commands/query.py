"""`logdig query`: questions about visitors, pages, elements and goals."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import msgspec

from cli.answers import chosen_format, output_options, tables_text, write_rows
from cli.aws_options import aws_options, aws_settings, progress
from cli.options import app_option, day_type, find_app
from cli.program import with_program
from logdig.aws.clients import s3_store
from logdig.config.frustration import LIMITS, FrustrationSettings
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError
from logdig.files.refused_rows import printable
from logdig.store.state.releases import read_releases

if TYPE_CHECKING:
    from logdig.questions.engine.parameters import Parameters
    from logdig.questions.engine.question import Answer

NAMES = (
    "overview", "trend", "sources", "pages", "depths", "flow", "page_events", "links", "goals", "scroll", "heatmap",
    "movement", "elements", "frustration", "releases", "traffic", "events", "custom", "offers", "uplift", "bands",
    "sessions", "steps", "listens", "listeners", "tracks", "single_listens", "top_listeners", "interests",
    "interest_tracks", "five_minutes",
)  # fmt: skip
"""Questions; a test compares them with `logdig.questions.catalog`, which imports Arrow's readers."""
FLAGS = ("page", "device", "country", "source", "channel", "campaign", "host", "browser", "goal")
"""Filters that have an option of their own."""


def filter_options(function: Any) -> Any:
    """An option for each of FLAGS, and ``--where``."""
    for name in reversed(FLAGS):
        function = click.option(f"--{name}", help=f"Only of this {name}; empty = where none is known.")(function)
    return click.option(
        "--where",
        multiple=True,
        metavar="FILTER=VALUE",
        help="Any filter of the question, such as browser=Firefox or experiment.button=green; repeatable.",
    )(function)


def limit_options(function: Any) -> Any:
    """Options of question ``frustration``."""
    said = {
        "rage_clicks": "Least clicks of a burst; default: as [frustration] of logdig.toml has it.",
        "rage_ms": "Time of any three clicks of a burst, in ms; default: likewise.",
        "rage_px": "Distance of any two of these, in px; default: likewise.",
        "dead_ms": "How long nothing followed a dead click, in ms; default: likewise.",
        "return_ms": "Time until a quick return, in ms; default: likewise.",
    }
    for name in reversed(LIMITS):
        option = click.option(f"--{name.replace('_', '-')}", type=click.IntRange(*LIMITS[name]), help=said[name])
        function = option(function)
    return function


@click.command("query")
@click.argument("name", type=click.Choice(NAMES), metavar="QUESTION")
@app_option
@click.option("--from", "start", type=day_type, help="First day in the app's time zone; default: 27 days before --to.")
@click.option("--to", "end", type=day_type, help="Last day, included; default: today.")
@filter_options
@click.option("--by", metavar="DIMENSION", help="Add up by day, source, device, country, experiment.NAME, ...")
@click.option("--compare", is_flag=True, help="Beside each number that of as many days before.")
@click.option("--release", help="Of question releases: name of the release.")
@click.option("--release-day", type=day_type, help="Of question releases: day of the release, instead of its name.")
@limit_options
@output_options
@aws_options
def command(
    *,
    name: str,
    app: str | None,
    start: datetime | None,
    end: datetime | None,
    where: tuple[str, ...],
    by: str | None,
    compare: bool,
    release: str | None,
    release_day: datetime | None,
    form: str | None,
    output: Path | None,
    limit: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Answer a question about the app's visitors, pages, elements, goals and traffic.

    \b
    overview     visitors, sessions, views, bounces, time in use, goals
    trend        the same --by hour or week, and of a page (--page)
    sources      the same by source, or --by medium, campaign, channel
    pages        views, visitors, entries, exits, time in use
    depths       how far each page is seen, goals reached on it
    flow         pages before and after a page (--page)
    page_events  the site's own events on a page (--page)
    links        links that lead out of the site, and downloads
    goals        goals reached, their value, share of the sessions
    scroll       share of a page's views that reached each twentieth
    heatmap      clicks on a page (--page) by cells of its elements
    movement     where the pointer stays on a page (--page)
    elements     elements of a page (--page): clicks, share of visitors
    frustration  bursts of clicks, clicks in vain, quick returns
    releases     what a release changed (--release or --release-day)
    traffic      people, staff, bots and AI crawlers
    events       events of people by type
    custom       the site's own events
    sessions     sessions one by one, the newest first
    steps        what happened in one session, in order
    listens      listens by hour, day, state, track, level, ...
    listeners    who listens: gender, level, age, linked apps, campaign
    tracks       listens by track and gender
    single_listens   the newest listens, one row each
    top_listeners    customers who listened most, one row each
    interests    tracks that customers heard three times within 30 minutes
    interest_tracks  the same by track
    five_minutes     visitors, views and listens of each five minutes, by region
    offers       whom each offer reached: decided on, shown, held out, clicked
    uplift       whether an offer helped: people shown it against people held out
    bands        whom it helped, by bands of the score

    A filter that a question cannot apply is refused, with those that it can. docs/analysis.md explains the answers.
    """
    from logdig.marts.arrow_alone import import_arrow_alone

    import_arrow_alone()
    from logdig.marts.reader import Marts
    from logdig.questions.catalog import question_of
    from logdig.questions.engine.answering import ask
    from logdig.questions.engine.parameters import Parameters, last_days
    from logdig.questions.trials.offers import terms_of

    chosen = chosen_format(form, output, as_json=as_json)
    settings = aws_settings()
    site = find_app(settings, app)
    first, last = last_days(datetime.now(UTC), site.timezone, end=end.date() if end else None)
    limits = {key: options[key] for key in LIMITS if options[key] is not None}
    if limits and name != "frustration":
        raise InputError(f"--{next(iter(limits)).replace('_', '-')} belongs to question frustration, not to {name}")
    if release and not release_day:
        release_day = _noted_day(settings, site, release)
    parameters = Parameters(
        app=site.name,
        start=start.date() if start else first,
        end=last,
        zone=site.timezone,
        where=filters(where, options),
        by=by,
        compare=compare,
        release=release,
        release_day=release_day.date() if release_day else None,
        thresholds=msgspec.structs.replace(settings.frustration, **limits),
        words=msgspec.to_builtins(settings.words),
        terms=terms_of(settings.offers),
    )
    with progress().status("reading the tables"):
        answer = ask(Marts(settings, os.environ), question_of(name), parameters)
    about = {"columns": answer.columns, "account": answer.account, "receipt": answer.receipt}
    write_rows(answer.rows, chosen, output, about, {column.name: column.unit for column in answer.columns}, limit)
    if chosen != "json":
        for line in receipt_lines(answer):
            click.echo(with_program(line), err=True)


def _noted_day(settings: Settings, site: AppSettings, name: str) -> datetime | None:
    """Local time at which the owner noted a release; None = its first view in the time that is asked tells."""
    noted = read_releases(s3_store(settings))
    at = next((release.at for release in noted if (release.app, release.name) == (site.name, name)), None)
    return at.astimezone(ZoneInfo(site.timezone)) if at else None


def filters(where: Sequence[str], options: Mapping[str, Any]) -> dict[str, str]:
    """Read the filters of the options.

    Raises:
        InputError: One has no value, or is given twice.
    """
    given = [(name, options[name]) for name in FLAGS if options.get(name) is not None]
    for text in where:
        key, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"--where {text!r}: FILTER=VALUE, such as browser=Firefox")
        given.append((key, value))
    found: dict[str, str] = {}
    for key, value in given:
        if found.setdefault(key, value) != value:
            raise InputError(f"filter {key} is given as {found[key]!r} and as {value!r}; one value at a time")
    return found


def receipt_lines(answer: Answer) -> list[str]:
    """What a receipt says, for the terminal."""
    receipt, lines = answer.receipt, []
    for offer, said in answer.account.get("offers", {}).items():
        lines += [f"{offer}: {text}" for text in (said["sentence"], *said["warnings"])]
    plain = {key: value for key, value in answer.account.items() if not isinstance(value, Mapping | list)}
    if plain:
        lines.append("  ".join(f"{key.replace('_', ' ')} {_short(value)}" for key, value in plain.items()))
    lines += [printable(line) for line in repeat_prone_lines(answer.account)]
    asked: Parameters = receipt.parameters
    until = f"data until {receipt.data_until:%Y-%m-%d %H:%M} UTC" if receipt.data_until else "no data yet"
    lines.append(f"{asked.app}, {asked.start} to {asked.end} ({asked.zone}); {until}; {tables_text(receipt.tables)}")
    if receipt.data_until is None:
        lines.append("the tables are not there yet; run: logdig jobs run all")
    if receipt.waiting:
        days = ", ".join(str(day) for day in receipt.waiting[:5]) + (" ..." if len(receipt.waiting) > 5 else "")
        lines.append(f"days that wait to be computed again: {days}")
    if receipt.sampled:
        lines.append("the site records a part of its visitors: each stands for 1 / its share, and so do its events")
    if receipt.share < 1:
        lines.append(f"read from {receipt.share:.4g} of the visitors, and multiplied by {1 / receipt.share:.0f}")
    lines += [
        f"of {sample.table} {sample.visitors:,} visitors and {sample.rows:,} rows were read; at 95 % their numbers are "
        f"sure to {sample.visitors_margin:.2%} and {sample.rows_margin:.2%}, those of one visitor in n to sqrt(n) times"
        for sample in receipt.samples
        if sample.visitors_margin is not None and sample.rows_margin is not None
    ]
    if receipt.question == "frustration":
        lines.append(limits_text(asked.thresholds))
    if receipt.ledger is not None:
        known = receipt.ledger
        lost = f"{known.missing / known.sent:.1%} lost in browsers" if known.sent else "nothing sent"
        lines.append(f"ledger up to {known.last_day}: {lost}, {known.waiting:,} events not in the tables yet")
    return lines


def limits_text(limits: FrustrationSettings) -> str:
    """What counted as frustration."""
    return (
        f"rage: {limits.rage_clicks} clicks or more, any three within {limits.rage_ms:,} ms and {limits.rage_px:,} px; "
        f"dead: nothing followed in {limits.dead_ms:,} ms; quick return: within {limits.return_ms:,} ms"
    )


def repeat_prone_lines(account: Mapping[str, Any]) -> list[str]:
    """Elements on which clicking again and again works, apart from those of the table."""
    return [
        f"repeat-prone: {one['page']} {one['selector']}: {one['bursts']:,} bursts, {one['repeated']:,} of "
        f"{one['visitors']:,} visitors repeat what works there; {one['counted']:,} bursts longer than "
        f"{one['usual']:g} clicks count"
        for one in account.get("repeat_prone", ())
    ]


def _short(value: Any) -> str:
    return f"{value:,.0f}" if isinstance(value, float) else str(value)
