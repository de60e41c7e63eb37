"""`logdig check`: open a page in Chromium and say whether it records."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
import msgspec
from rich.console import Console

from cli.options import Number, json_option, read_settings
from cli.program import with_program
from logdig.check.findings import NAMES
from logdig.files.refused_rows import printable

if TYPE_CHECKING:
    from logdig.check.facts import Finding


MARKS = {True: ("green", "green"), False: ("red", "red"), None: ("open", "yellow")}


def read_page(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    """Accept a page's address."""
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable() or " " in text:
        raise click.BadParameter(f"{text!r}: an address such as https://shop.example/")
    return text


@click.command("check")
@click.argument("url", callback=read_page)
@click.option("--agree", is_flag=True, help="Answer the consent question with yes for analytics, as a visitor would.")
@click.option(
    "--seconds", type=Number(1, 300), default=10.0, show_default=True, help="Wait so long for the first event."
)
@click.option(
    "--ignore", type=click.Choice(NAMES), multiple=True, help="Do not fail because of this finding; repeatable."
)
@json_option("Print one JSON object with all findings.")
def command(url: str, agree: bool, seconds: float, ignore: tuple[str, ...], as_json: bool) -> None:
    """Open the page URL in Chromium and say, line by line, what keeps it from recording.

    Looks at the tag, the script and its parts, blockers, the security policy, the collector, token, origin, CORS,
    consent and the first event. A line is green, red, or open where nothing is wrong and somebody has to act first.
    Exits with 1 when any line is red. The visit counts as a bot's, so no map shows it.
    """
    from cli.page_visit import visit
    from logdig.check.findings import find
    from logdig.config.apps import Apps

    settings = read_settings()
    apps = Apps.from_settings(settings, os.environ) if settings.apps else None
    with Console(stderr=True).status(f"opening {printable(url)}"):
        facts = visit(url, seconds, agree=agree)
    findings = find(facts, apps, datetime.now(UTC))
    red = [finding.name for finding in findings if finding.ok is False and finding.name not in ignore]
    if as_json:
        rows = [row_of(finding) for finding in findings]
        click.echo(msgspec.json.encode({"url": url, "ok": not red, "findings": rows}).decode())
    else:
        # Without a page nothing else was checked.
        for finding in findings if findings[0].ok else findings[:1]:
            click.echo(line_of(finding))
        click.echo(f"{len(red)} red: {', '.join(red)}" if red else "nothing is red", err=True)
    sys.exit(1 if red else 0)


def row_of(finding: Finding) -> dict[str, object]:
    """A finding as it stands in the JSON report."""
    step = with_program(finding.next_step)
    return {"name": finding.name, "ok": finding.ok, "what": finding.what, "next": step}


def line_of(finding: Finding) -> str:
    """A finding in one line, and its next step below."""
    word, color = MARKS[finding.ok]
    step = f"\n{'':18}next: {with_program(printable(finding.next_step))}" if finding.next_step else ""
    return f"{click.style(f'{word:<6}', fg=color)}{finding.name:<12}{printable(finding.what)}{step}"
