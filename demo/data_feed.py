"""Data of the demo besides its visitors: customers and tracks loaded, listens and ads sent, bad input."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from demo.generator import generate
from demo.hostile import HostileReport, post_hostile
from demo.steps import Steps
from infra.local.stack import LocalStack
from logdig.backfill.checkpoint import Checkpoint
from logdig.backfill.file_sender import FileReport, SendOptions, scan, send_file
from logdig.backfill.reference_files import LoadReport, load_file
from logdig.backfill.sender import EventSender
from logdig.config.settings import AppSettings
from logdig.config.signatures import signing_secret
from logdig.errors import InputError
from logdig.files.columns import Kind
from logdig.files.moments import TimeRules
from logdig.files.records import open_source
from logdig.files.refused_rows import RefusedRow

OLDER_FILES = {
    "customers": "cust.csv",
    "tracks": "music.csv",
    "listens": "tracks_head.csv",
    "clicks": "clicks_head.csv",
}
SentKind = Kind | Literal["events"]
LOADED_KINDS = ("customers", "tracks")
SENT_KINDS: tuple[Kind, ...] = ("listens", "clicks", "views")


def older_files(folder: Path) -> dict[str, Path]:
    """Files of the older system by kind.

    Raises:
        InputError: One is missing.
    """
    files = {kind: folder / name for kind, name in OLDER_FILES.items()}
    missing = [path.name for path in files.values() if not path.is_file()]
    if missing:
        raise InputError(f"{folder} has no {', '.join(missing)}; the demo needs {', '.join(OLDER_FILES.values())}")
    return files


def generated_files(folder: Path, seed: int, listens: int) -> dict[str, Path]:
    """Generated files of a music service, ending now, by kind."""
    return generate(folder, datetime.now(UTC).replace(tzinfo=None), seed=seed, listens=listens)


class Feeder:
    """Loads and sends files to a running stack.

    Args:
        stack: The running stack.
        app: App of the customers.
        step: Runs and reports each step.
    """

    def __init__(self, stack: LocalStack, app: AppSettings, step: Steps) -> None:
        self._stack, self._app, self._step = stack, app, step

    @property
    def secret(self) -> bytes:
        """The app's signing secret."""
        return signing_secret(self._app.name, self._stack.environment) or b""

    def load(self, kind: str, path: Path) -> int:
        """Load customers or tracks; return how many rows could be read."""
        settings, now = self._stack.settings, datetime.now(UTC)
        report: LoadReport = self._step(
            f"{kind} loaded",
            lambda: load_file(settings, kind, path, self._app.name, now),
            lambda report: f"{report.loaded:,} rows, {len(report.refused):,} refused",
        )
        self._report_refused(path, report.refused)
        return report.loaded

    def shift_to_now(self, files: Mapping[str, Path]) -> timedelta:
        """Whole days that bring the newest row of all sent files close to now; one shift keeps files together."""
        sendings = [self._options(kind, files[kind]) for kind in SENT_KINDS if kind in files]
        return min(scan(options).shift(options.times) for options in sendings)

    def send(self, kind: SentKind, path: Path, shift: timedelta = timedelta()) -> FileReport:
        """Send listens, clicks or views, their times moved by a shift, or events, which keep theirs."""
        options = self._options(kind, path)
        report = self._step(f"{kind} sent", lambda: self._send(options, shift), _describe_sent)
        self._report_refused(path, report.refused)
        return report

    def send_hostile(self) -> HostileReport:
        """Post bad input among good."""
        url, run = self._stack.collector_url, secrets.token_hex(4)
        return self._step(
            "bad input among good", lambda: post_hostile(url, self._app, self.secret, run), _describe_hostile
        )

    def _options(self, kind: SentKind, path: Path) -> SendOptions:
        times = TimeRules(ZoneInfo(self._app.timezone), datetime.now(UTC))
        ads_consent = None if kind == "events" else True
        return SendOptions(kind, open_source(path, kind, {}), times, ads_consent)

    def _send(self, options: SendOptions, shift: timedelta) -> FileReport:
        sender = EventSender(self._stack.collector_url, self._app.token, self.secret)
        checkpoint = Checkpoint(self._stack.directory / "send", f"{options.kind} {options.source.path}")
        return send_file(options, sender, shift, checkpoint)

    def _report_refused(self, path: Path, rows: list[RefusedRow]) -> None:
        for row in rows:
            self._step.note(f"refused {path}:{row.line}: {row.reason}: {row.text}")


def _describe_sent(report: FileReport) -> str:
    tally = report.tally
    return f"{tally.accepted:,} accepted, {len(tally.refusals):,} rejected, {len(report.refused):,} rows refused"


def _describe_hostile(report: HostileReport) -> str:
    refused = ", ".join(f"{body} {status}" for body, status in report.refused.items())
    return f"{report.accepted} accepted, {report.rejected} rejected; {refused}"
