"""`logdig pages`: pictures of pages, which the map of clicks is drawn on."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from cli.aws_options import aws_options, aws_settings
from cli.commands.check import read_page
from cli.options import app_option, find_app, json_option, only_app_option
from cli.program import with_program
from logdig.errors import InputError, LogDigError
from logdig.files.refused_rows import printable
from logdig.times import wire_time

if TYPE_CHECKING:
    from infra.local.page_capture import CaptureOptions
    from infra.local.page_pictures import PagePictures, Target
    from logdig.config.settings import AppSettings, Settings
    from logdig.store.pictures import Picture

WIDTHS = (1440, 820, 390)


def read_pages(context: click.Context, argument: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Accept addresses of pages."""
    return tuple(read_page(context, argument, text) for text in texts)


@click.group("pages")
def command() -> None:
    """Take pictures of pages for the map of clicks, list them, remove them.

    docs/map.md explains what a picture holds, when it fits, and how a release job takes it.
    """


@command.command("capture")
@click.argument("urls", nargs=-1, metavar="[URL]...", callback=read_pages)
@click.option("--top", type=click.IntRange(1, 1000), metavar="N", help="The N most seen pages of the last 28 days.")
@click.option(
    "--width",
    "widths",
    type=click.IntRange(200, 4000),
    multiple=True,
    help="Width of the window in CSS px; repeatable.  [default: 1440, 820, 390]",
)
@click.option(
    "--storage-state",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Cookies and local storage for pages behind a sign-in, as Playwright saves them; the file stays here.",
)
@click.option("--mask", "masks", multiple=True, metavar="SELECTOR", help="Cover these elements; repeatable.")
@click.option(
    "--click",
    "clicks",
    multiple=True,
    metavar="SELECTOR",
    help="Click this first, such as the button of a cookie banner; repeatable.",
)
@app_option
@json_option("Print a JSON list with one object a picture, and one a page that failed.")
@aws_options
def capture(
    urls: tuple[str, ...],
    top: int | None,
    widths: tuple[int, ...],
    storage_state: Path | None,
    masks: tuple[str, ...],
    clicks: tuple[str, ...],
    app: str | None,
    as_json: bool,
) -> None:
    """Open pages in Chromium and store their pictures, with where the elements lie that visitors clicked.

    Give URLs, or --top N. What a page sends to the collector is aborted, so no visit is counted. Elements with
    data-logdig-mask are covered. Three pictures of a page and width are kept. Exits with 1 when a page fails.
    """
    from infra.local.page_capture import CaptureOptions

    if bool(urls) == (top is not None):
        raise InputError("name the pages, or say --top N: one of the two")
    options = CaptureOptions(tuple(widths) or WIDTHS, storage_state, masks, clicks)
    settings = aws_settings()
    site = _app_of(settings, app, urls)
    rows = _capture(settings, site, urls, top or 0, options, quiet=as_json)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    if any("error" in row for row in rows):
        raise SystemExit(1)


def _app_of(settings: Settings, app: str | None, urls: tuple[str, ...]) -> AppSettings:
    from infra.local.page_pictures import app_of

    by_origin = app_of(settings, urls[0]) if urls and app is None else None
    return by_origin or find_app(settings, app)


def _capture(
    settings: Settings, site: AppSettings, urls: tuple[str, ...], top: int, options: CaptureOptions, *, quiet: bool
) -> list[dict[str, Any]]:
    from infra.local.chromium import open_chromium
    from infra.local.page_capture import PageCapture
    from infra.local.page_pictures import PagePictures
    from logdig.aws.clients import s3_store
    from logdig.marts.reader import Marts

    console = Console(stderr=True, highlight=False)
    pages = PagePictures(settings, site, Marts(settings, os.environ), s3_store(settings), lambda: datetime.now(UTC))
    with console.status("reading the tables"):
        targets = [pages.of_address(url) for url in urls] or pages.most_seen()[:top]
    if not targets:
        raise InputError(f"app {site.name} has no page views in the last 28 days; name the pages by their URL")
    rows: list[dict[str, Any]] = []
    with open_chromium() as browser, console.status("opening Chromium") as status:
        taking = PageCapture(browser, options, lambda: datetime.now(UTC))
        for number, target in enumerate(targets, 1):
            status.update(f"{number} of {len(targets)}: {printable(target.addresses[0])}")
            for row in _capture_page(pages, taking, target, options.widths):
                rows.append(row)
                if not quiet:
                    _print_row(row)
    return rows


def _capture_page(pages: PagePictures, taking: Any, target: Target, widths: tuple[int, ...]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    try:
        for captured, picture in pages.capture(taking, target, widths):
            rows.append(_row(picture) | {"addresses": captured.layout.addresses, "notes": list(captured.notes)})
    except LogDigError as err:
        # The other pages are captured all the same.
        rows.append({"page": target.page, "address": target.addresses[0], "error": err.message})
    return rows


@command.command("list")
@only_app_option
@json_option("Print a JSON list with one object a picture.")
@aws_options
def list_pictures(app: str | None, as_json: bool) -> None:
    """List the stored pictures, by page and width, the newest first."""
    from logdig.aws.clients import s3_store
    from logdig.store.pictures import read_pictures

    settings = aws_settings()
    apps = [find_app(settings, app)] if app is not None else list(settings.apps)
    store = s3_store(settings)
    rows = [{"app": site.name, **_row(picture)} for site in apps for picture in read_pictures(store, site.name)]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        _print_row(row)
    if not rows:
        click.echo(with_program("no pictures; 'logdig pages capture --top 10' takes some"), err=True)


@command.command("remove")
@click.argument("page")
@click.option("--width", type=int, help="Only pictures of this width; default: all.")
@app_option
@json_option("Print a JSON list with one object a removed picture.")
@aws_options
def remove(page: str, width: int | None, app: str | None, as_json: bool) -> None:
    """Remove the pictures of PAGE, as `logdig pages list` names it."""
    from logdig.aws.clients import s3_store
    from logdig.store.pictures import remove_pictures

    settings = aws_settings()
    site = find_app(settings, app)
    gone = remove_pictures(s3_store(settings), site.name, page, width)
    if not gone:
        at = f" of {width} px" if width else ""
        raise InputError(f"app {site.name} has no picture{at} of page {page!r}; 'logdig pages list' shows them")
    if as_json:
        click.echo(json.dumps([_row(picture) for picture in gone], indent=1))
        return
    for picture in gone:
        _print_row(_row(picture))


def _row(picture: Picture) -> dict[str, Any]:
    return {
        "page": picture.page, "width": picture.width, "captured_at": wire_time(picture.captured_at),
        "address": picture.address, "height": picture.height, "tiles": picture.tiles, "bytes": picture.bytes,
        "asked": picture.asked, "found": picture.found,
    }  # fmt: skip


def _print_row(row: dict[str, Any]) -> None:
    page = printable(row["page"])
    if "error" in row:
        click.echo(f"{page}  {click.style('failed', fg='red')}  {printable(row['error'])}", err=True)
        return
    elements = f"{row['found']} of {row['asked']} elements" if row["asked"] else "no clicks yet"
    size = f"{row['width']:>5} x {row['height']:<6} px  {row['bytes'] / 1000:>6,.0f} kB"
    click.echo(f"{row['captured_at'][:16]}  {size}  {elements:<24} {page}")
    for note in row.get("notes", []):
        click.echo(f"  {printable(note)}", err=True)
