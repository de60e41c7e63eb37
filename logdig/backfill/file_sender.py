"""Send a recorded file: rows to batches, a checkpoint of how far it came, and a report at the end."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, cast

from logdig.backfill.batches import Ready, group_events
from logdig.backfill.checkpoint import Checkpoint
from logdig.backfill.event_files import EventRow, read_event_lines
from logdig.backfill.recorded_files import Row, event_of, read_row
from logdig.backfill.repeats import Repeats
from logdig.backfill.sender import BATCH_EVENTS, EventSender, Tally
from logdig.errors import InputError
from logdig.files.columns import Kind
from logdig.files.file_format import read_lines
from logdig.files.moments import Span, TimeRules, shift_to
from logdig.files.records import SourceFile, read_source
from logdig.files.refused_rows import RefusedRow

PACE_SECONDS = (1.0, 0.5, 2.0, 0.8, 0.3, 0.1, 3.0)
PACE_WEIGHTS = (30, 20, 20, 10, 10, 5, 5)
"""The older generator's delays between two rows; their mean is 1.065 s."""
PROGRESS_ROWS = 1000
SHOWN_REPEATS = 20


@dataclass(frozen=True, slots=True)
class SendOptions:
    """What is sent, and how.

    Args:
        kind: What the file holds.
        source: The file.
        times: What its times are judged by.
        ads_consent: Whether the people in it agreed to ads; None where events say it themselves.
        columns: The file's own names by column.
        rate: Events a second; None = as fast as the collector takes them.
        pace: One row at a time with the older delays.
    """

    kind: Kind | Literal["events"]
    source: SourceFile
    times: TimeRules
    ads_consent: bool | None
    columns: Mapping[str, str] = field(default_factory=dict)
    rate: float | None = None
    pace: bool = False


@dataclass(frozen=True, slots=True)
class FileScan:
    """What a first reading found: readable rows, and their newest and oldest times."""

    rows: int
    span: Span

    def shift(self, times: TimeRules) -> timedelta:
        """Whole days by which times move so that the newest row is just past.

        Raises:
            InputError: The newest row is alone, and --newest says nothing of it.
        """
        if self.span.newest is None:
            return timedelta()
        if times.newest is None:
            self.span.check()
        return shift_to(times.local(times.now), self.span.newest)


@dataclass(slots=True)
class FileReport:
    """What became of a file: readable rows, those refused here and those that repeat others, then the answers."""

    rows: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    repeats: int = 0
    first_repeats: list[tuple[int, int]] = field(default_factory=list)
    """Some of them: line, and the line on which the same event came first."""
    resumed_after: int = 0
    shift: timedelta = timedelta()
    tally: Tally = field(default_factory=Tally)

    @property
    def is_failure(self) -> bool:
        """Whether nothing of the file was right."""
        return self.rows == 0 or (self.tally.sent > 0 and len(self.tally.refusals) == self.tally.sent)

    @property
    def is_complete(self) -> bool:
        """Whether no row was refused, here or by the collector."""
        return not (self.refused or self.tally.refusals)


def scan(options: SendOptions, progress: Callable[[int], None] = lambda _line: None) -> FileScan:
    """Read a file once: count its readable rows and find their oldest and newest times.

    Raises:
        InputError: The file lacks columns, or cannot be read.
    """
    span, rows = Span(), 0
    for row in _readable(options):
        if isinstance(row, Row | EventRow):
            rows += 1
            span.add(options.times.local(row.moment), row.line)
        if row.line % PROGRESS_ROWS == 0:
            progress(row.line)
    return FileScan(rows, span)


def send_file(
    options: SendOptions,
    sender: EventSender,
    shift: timedelta,
    checkpoint: Checkpoint,
    *,
    progress: Callable[[int], None] = lambda _line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> FileReport:
    """Send every readable row after the checkpoint.

    Args:
        options: What to send.
        sender: Where to.
        shift: From `FileScan.shift`; a sending that goes on keeps its own.
        checkpoint: How far an earlier run came.
        progress: Called with the line up to which all is answered.
        sleep: Waits for rate and pace.
    """
    after, shift = checkpoint.read(shift)
    report = FileReport(resumed_after=after, shift=shift)
    with Repeats() as repeats:
        size = 1 if options.pace else min(BATCH_EVENTS, max(1, int(options.rate or BATCH_EVENTS)))
        batches = group_events(_events(options, report, repeats), size, _pause(options, sleep))
        for batch, tally in sender.send_all(batches):
            report.tally.add(tally)
            checkpoint.write(batch.complete_to, shift)
            progress(batch.complete_to)
    checkpoint.clear()
    return report


def _readable(options: SendOptions) -> Iterator[Row | EventRow | RefusedRow]:
    """Rows whose columns and times are right, and the others."""
    for row in _rows(options):
        if isinstance(row, RefusedRow):
            yield row
            continue
        try:
            options.times.instant(row.moment)
            yield row
        except ValueError as err:
            yield RefusedRow(row.line, str(err), row.shown)


def _rows(options: SendOptions) -> Iterator[Row | EventRow | RefusedRow]:
    source = options.source
    if options.kind != "events":
        return map(read_row, read_source(source, options.kind, options.columns))
    if source.form.is_parquet:
        raise InputError(f"{source.path}: is Parquet; events come as NDJSON, one JSON object a line")
    ads = options.ads_consent
    consent = None if ads is None else {"analytics": True, "ads": ads}
    return read_event_lines(read_lines(source.path, source.form), consent, str(source.path))


def _events(options: SendOptions, report: FileReport, repeats: Repeats) -> Iterator[Ready]:
    """Events after the checkpoint, each once; what else the file holds goes into the report."""
    for row in _readable(options):
        if isinstance(row, RefusedRow):
            report.refused.append(row)
            continue
        try:
            ready = _ready(row, options, report.shift)
        except ValueError as err:
            report.refused.append(RefusedRow(row.line, str(err), row.shown))
            continue
        report.rows += 1
        first = repeats.first_line(str(ready.event["event_id"]), row.line)
        if first is not None:
            report.repeats += 1
            if len(report.first_repeats) < SHOWN_REPEATS:
                report.first_repeats.append((row.line, first))
        elif row.line > report.resumed_after:
            yield ready


def _pause(options: SendOptions, sleep: Callable[[float], None]) -> Callable[[int], None]:
    """What is waited after a batch of so many events."""
    chooser = random.Random(0)  # noqa: S311 (delays)

    def pause(events: int) -> None:
        if options.pace:
            sleep(chooser.choices(PACE_SECONDS, PACE_WEIGHTS)[0])
        elif options.rate:
            sleep(events / options.rate)

    return pause


def _ready(row: Row | EventRow, options: SendOptions, shift: timedelta) -> Ready:
    instant = options.times.instant(row.moment, shift)
    east = options.times.minutes_east(instant)
    if isinstance(row, EventRow):
        return Ready(row.line, east, row.event, len(json.dumps(row.event)))
    event = event_of(cast(Kind, options.kind), row, instant, ads_consent=bool(options.ads_consent))
    return Ready(row.line, east, event)
