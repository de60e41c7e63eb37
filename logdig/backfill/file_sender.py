"""Send a recorded file: rows to batches, a mark of how far it came, and a report at the end."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from logdig.backfill.recorded_files import Kind, RefusedRow, Row, event_of, minutes_east, read_rows, shift_to
from logdig.backfill.sender import BATCH_EVENTS, Batch, Sender, Tally
from logdig.errors import InputError

PACE_SECONDS = (1.0, 0.5, 2.0, 0.8, 0.3, 0.1, 3.0)
PACE_WEIGHTS = (30, 20, 20, 10, 10, 5, 5)
"""The older generator's delays between two rows; their mean is 1.065 s."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is sent.

    Args:
        kind: What the file holds.
        path: The file.
        zone: Zone of its times.
        ads_consent: Whether the people in it agreed to ads.
        shift_now: Time in that zone, without zone, to which the newest row is moved; None = times stay.
        rate: Events a second; None = as fast as the collector takes them.
        pace: One row at a time with the older delays.
    """

    kind: Kind
    path: Path
    zone: ZoneInfo
    ads_consent: bool
    shift_now: datetime | None = None
    rate: float | None = None
    pace: bool = False


@dataclass(slots=True)
class FileReport:
    """What became of a file: readable rows and those refused here, then what the collector said."""

    rows: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    resumed_after: int = 0
    tally: Tally = field(default_factory=Tally)


class Mark:
    """Remembers in a small file up to which line everything was answered, and how far times were moved.

    Args:
        folder: Where marks lie.
        identity: What makes two sendings the same one: file, collector, app, consent.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.json"

    def read(self, shift: timedelta) -> tuple[int, timedelta]:
        """The line after which to go on and the shift to go on with; 0 and the given shift at the start.

        Who goes on tomorrow must not move times by a day more: the same rows would become other events.
        """
        try:
            found = json.loads(self._path.read_text())
            return int(found["line"]), timedelta(days=int(found["shift_days"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0, shift

    def write(self, line: int, shift: timedelta) -> None:
        """Remember a line; a crash leaves the mark before it or this one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps({"line": line, "shift_days": shift.days}))
        part.replace(self._path)

    def clear(self) -> None:
        """Forget: the file is through."""
        self._path.unlink(missing_ok=True)


def scan(plan: Plan) -> tuple[int, timedelta]:
    """Count the rows of a file and find the shift of its times.

    Raises:
        InputError: No such file, or no text.
    """
    lines, newest = 0, None
    for row in _rows(plan):
        lines = row.line
        if isinstance(row, Row):
            newest = row.moment if newest is None else max(newest, row.moment)
    if plan.shift_now is None or newest is None:
        return lines, timedelta()
    return lines, shift_to(plan.shift_now, newest)


def send_file(
    plan: Plan,
    sender: Sender,
    shift: timedelta,
    mark: Mark,
    *,
    progress: Callable[[int], None] = lambda _line: None,
    sleep: Callable[[float], None] = time.sleep,
) -> FileReport:
    """Send every readable row after the mark.

    Args:
        plan: What to send.
        sender: Where to.
        shift: From `scan`; a sending that goes on keeps its own.
        mark: How far an earlier run came.
        progress: Called with the line up to which all is answered.
        sleep: Waits for rate and pace.
    """
    after, shift = mark.read(shift)
    report = FileReport(resumed_after=after)
    for batch, tally in sender.send_all(_batches(plan, shift, report, sleep)):
        report.tally.add(tally)
        mark.write(max(batch.lines), shift)
        progress(max(batch.lines))
    mark.clear()
    return report


def _batches(plan: Plan, shift: timedelta, report: FileReport, sleep: Callable[[float], None]) -> Iterator[Batch]:
    size = 1 if plan.pace else min(BATCH_EVENTS, max(1, int(plan.rate or BATCH_EVENTS)))
    chooser = random.Random(0)  # noqa: S311 (delays)
    waiting: list[Row] = []
    east = 0
    for row in _rows(plan):
        if isinstance(row, RefusedRow):
            report.refused.append(row)
            continue
        report.rows += 1
        if row.line <= report.resumed_after:
            continue
        before, east = east, minutes_east(row, shift, plan.zone)
        if waiting and east != before:
            yield _batch(plan, shift, waiting)
            waiting = []
        waiting.append(row)
        if len(waiting) >= size:
            yield _batch(plan, shift, waiting)
            waiting = []
            if plan.pace:
                sleep(chooser.choices(PACE_SECONDS, PACE_WEIGHTS)[0])
            elif plan.rate:
                sleep(size / plan.rate)
    if waiting:
        yield _batch(plan, shift, waiting)


def _batch(plan: Plan, shift: timedelta, rows: list[Row]) -> Batch:
    events = (event_of(plan.kind, row, shift=shift, zone=plan.zone, ads_consent=plan.ads_consent) for row in rows)
    return Batch(minutes_east(rows[0], shift, plan.zone), tuple(events), tuple(row.line for row in rows))


def _rows(plan: Plan) -> Iterator[Row | RefusedRow]:
    try:
        with plan.path.open(encoding="utf-8-sig", errors="replace", newline="\n") as lines:
            yield from read_rows(plan.kind, lines)
    except OSError as err:
        raise InputError(f"{plan.path}: {err.strerror}") from err
