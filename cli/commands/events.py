"""`logdig events`: the last events, and new ones as they are stored."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from cli.aws_options import aws_options, aws_settings
from cli.options import Number, find_app, json_option, only_app_option
from cli.program import with_program
from cli.terminal import report_unreadable
from logdig.errors import InputError
from logdig.files.refused_rows import printable
from logdig.times import parse_wire_time

if TYPE_CHECKING:
    from logdig.store.recent_events import EventFeed, RecentEvent

TYPES = ("page", "click", "submit", "scroll", "move", "listen", "ad", "custom", "identify")
PAUSE_SECONDS, LOCAL_PAUSE_SECONDS = 5.0, 0.5
"""Between two looks: each lists the objects of two days, which AWS bills."""
MOST_WAIT_SECONDS = 24 * 3600


def read_time(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    """Read a time with zone."""
    moment = parse_wire_time(text) if text is not None else None
    if text is not None and moment is None:
        raise click.BadParameter(f"{text!r}: a time with zone, such as 2026-11-24T13:00:00Z")
    return moment


@click.command("events")
@click.option("--follow", is_flag=True, help="Go on with new events until Ctrl-C.")
@click.option(
    "--wait",
    "wait_seconds",
    type=Number(0, MOST_WAIT_SECONDS),
    help="End at the first accepted event, or with 1 if none comes within so many seconds.",
)
@click.option("--type", "types", type=click.Choice(TYPES), multiple=True, help="Only of this type; repeatable.")
@only_app_option
@click.option(
    "--since",
    callback=read_time,
    metavar="TIME",
    help="Only what the collector received since then, such as 2026-11-24T13:00:00Z; with --wait, by default as many "
    "seconds ago as it waits.",
)
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Most events of the past.")
@json_option("Print one JSON object for each event.")
@aws_options
def command(
    *,
    follow: bool,
    wait_seconds: float | None,
    types: tuple[str, ...],
    app: str | None,
    since: datetime | None,
    last: int,
    as_json: bool,
) -> None:
    """Show the last events, accepted and rejected, oldest first; times are UTC.

    An event shows when the flush has written it: on AWS up to ten minutes after it was received, with `logdig dev`
    within seconds. `logdig tail` shows log lines instead, `logdig bad show` a rejected event whole.
    """
    from logdig.aws.clients import s3_store
    from logdig.store.recent_events import EventFeed, EventFilter

    if follow and wait_seconds is not None:
        raise InputError("--follow goes on until Ctrl-C and --wait ends by itself; choose one")
    settings, started = aws_settings(), now()
    if app is not None:
        find_app(settings, app)
    if wait_seconds is not None and since is None:
        since = started - timedelta(seconds=wait_seconds)
    feed = EventFeed(s3_store(settings), EventFilter(types, app, since), now, report_unreadable)
    events = feed.last(last)
    show(events, as_json=as_json)
    if wait_seconds is not None:
        sys.exit(0 if _wait(feed, events, wait_seconds, as_json=as_json) else _no_event(types, wait_seconds))
    if follow:
        click.echo("new events show after each flush; Ctrl-C ends", err=True)
        _follow(feed, as_json=as_json)
    elif not events:
        click.echo("no events of the last 14 days; new ones show after the next flush", err=True)


def now() -> datetime:
    """Time in UTC."""
    return datetime.now(UTC)


def show(events: Iterable[RecentEvent], *, as_json: bool) -> None:
    """Print events, one a line."""
    for event in events:
        click.echo(msgspec.json.encode(event).decode() if as_json else line_of(event))


def line_of(event: RecentEvent) -> str:
    """One event in one line: time, type, page, element or name, visitor; of a rejected one the reasons too."""
    what = event.element or event.name
    parts = [
        event.received_at[:19].replace("T", " "),
        f"{event.type or '-':<8}",
        event.page or "-",
        what or "",
        f"visitor {event.visitor}" if event.visitor else "",
        f"customer {event.customer}" if event.customer else "",
        "(bot)" if event.bot else "",
        f"REJECTED {'; '.join(event.reasons)} ({event.id})" if event.rejected else "",
    ]
    return printable("  ".join(part for part in parts if part))


def _follow(feed: EventFeed, *, as_json: bool) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            _pause(PAUSE_SECONDS)
            show(feed.new(), as_json=as_json)


def _wait(feed: EventFeed, events: list[RecentEvent], seconds: float, *, as_json: bool) -> bool:
    """Show events until one is accepted; false when none is in time."""
    deadline = time.monotonic() + seconds
    while all(event.rejected for event in events):
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        _pause(left)
        events = feed.new()
        show(events, as_json=as_json)
    return True


def _pause(at_most: float) -> None:
    """Sleep until the next look; an emulator is asked more often."""
    usual = LOCAL_PAUSE_SECONDS if os.environ.get("AWS_ENDPOINT_URL") else PAUSE_SECONDS
    time.sleep(min(usual, at_most))


def _no_event(types: tuple[str, ...], seconds: float) -> int:
    what = " or ".join(types) or "event"
    said = (
        f"no {what} was stored within {seconds:g} s; 'logdig check URL' says what keeps a page from recording, "
        "and an event may still wait for the next flush"
    )
    click.echo(with_program(said), err=True)
    return 1
