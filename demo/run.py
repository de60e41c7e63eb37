"""The main job, end to end on one machine: `logdig demo`. Each step prints one line with counts and seconds."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs import names_of, run
from analytics.spark import session
from demo.counts import TableCounts, count_tables, count_zone
from demo.generator import OFFER, generate
from demo.hostile import post_hostile
from demo.server import Site
from demo.summary import Summary, print_summary
from demo.visitors import VisitReport, visit
from infra.local import LocalStack
from infra.processes import take_port
from lambdas.flush import FlushFailedError, flush_once
from logdig.apps import signing_secret
from logdig.cli.load import load_file
from logdig.clients import s3_store
from logdig.recorded import Kind
from logdig.sendfile import FileReport, Mark, Plan, scan, send_file
from logdig.sending import Sender
from logdig.settings import AppSettings, OfferSettings, Settings

T = TypeVar("T")
OLDER_FILES = {
    "customers": "cust.csv",
    "tracks": "music.csv",
    "listens": "tracks_head.csv",
    "clicks": "clicks_head.csv",
}
REFRESH_SECONDS = 10
FLUSH_SECONDS = 5
"""The emulated queue slows down with its depth, so it is flushed while it is filled."""
REFRESHED = ("ingest", "heat_cells", "listens")


@dataclass(frozen=True, slots=True)
class Options:
    """What `logdig demo` was asked for."""

    directory: Path
    data: Path | None = None
    once: bool = False
    listens: int = 200_000
    seed: int = 7
    site_port: int = 0
    collector_port: int = 0
    dashboard_port: int = 0


class Demo:
    """One run. Use it as a context manager: it owns the stack, the site and Spark.

    Args:
        options: See `Options`.
        environment: Usually ``os.environ``; it is pointed at the local AWS.
        say: Prints one line.
    """

    def __init__(self, options: Options, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._options, self._say = options, say
        self._started = time.monotonic()
        site_port = take_port(options.site_port, "site")
        self.app = AppSettings(
            name="music", token=f"pk_music_{secrets.token_hex(8)}", origins=(f"http://127.0.0.1:{site_port}",)
        )
        self.settings = Settings(service="logdig-demo", apps=(self.app,), offers=(OfferSettings(name=OFFER),))
        self.stack = LocalStack(
            self.settings,
            options.directory,
            environment,
            collector_port=options.collector_port,
            dashboard_port=options.dashboard_port,
            flush_seconds=FLUSH_SECONDS,
        )
        self.site = Site(site_port, self.app.token, self.stack.collector_url)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="demo")
        self._spark: Future[SparkSession] | None = None
        self._entered: list[Any] = []

    def __enter__(self) -> Demo:
        try:
            self._entered.append(self._step("local AWS, collector and dashboard", self.stack.__enter__))
            self._entered.append(self.site.__enter__())
        except BaseException:
            self.__exit__()
            raise
        self._say(f"          site       {self.site.url}")
        self._say(f"          dashboard  {self.stack.dashboard_url}")
        # Starting takes seconds that sending does not need.
        self._spark = self._pool.submit(session, self.settings, self.stack.environment)
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._spark is not None and self._spark.exception() is None:
            self._spark.result().stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for part in reversed(self._entered):
            part.__exit__(None, None, None)

    @property
    def spark(self) -> SparkSession:
        """The session; waits for its start."""
        if self._spark is None:
            raise RuntimeError("the demo was not entered")
        return self._spark.result()

    def run(self) -> Summary:
        """Do every step once and count everything where it lies."""
        files = self._files()
        loaded = {kind: self._load(kind, files[kind]) for kind in ("customers", "tracks")}
        visits_under_way = self._pool.submit(self._visit)
        kinds: list[Kind] = [kind for kind in ("listens", "clicks", "views") if kind in files]
        reports: dict[str, FileReport] = {kind: self._send(kind, files[kind]) for kind in kinds}
        hostile = self._step("bad input among good", self._hostile, lambda h: f"answers {h.refused}")
        visits = self._step("visitors on the site", visits_under_way.result, VisitReport.line)
        self._step("flush", self.flush, lambda objects: f"{objects} objects")
        self._step("Spark", lambda: self.spark, lambda _: "ready")
        jobs = {name: self._job(name) for name in names_of("all")}
        decisions = self._step(
            "three decisions", lambda: self._decide(jobs["targets"].rows), lambda d: f"{len(d)} answers"
        )
        self._step("flush of the exposures", self._flush_until_exposed, lambda objects: f"{objects} objects")
        for name in REFRESHED:
            self._job(name)
        summary = Summary.of(
            reports=reports,
            hostile=hostile,
            visits=visits,
            decisions=decisions,
            loaded=loaded,
            raw=count_zone(s3_store(self.settings), "raw"),
            bad=count_zone(s3_store(self.settings), "bad"),
            counted=count_tables(self.spark, self.settings),
            tables={name: self._rows(name) for name in ("heat_cells", "models", "targets")},
            seconds=time.monotonic() - self._started,
            is_open=not self._options.once,
        )
        print_summary(summary, self._say, self.stack.dashboard_url)
        return summary

    def refresh_forever(self) -> None:
        """Keep flush, ingest and marts going until a part ends or Ctrl-C; new clicks appear within a minute."""
        self._say(f"\nClick on the site; your click is on the heatmap within a minute: {self.site.url}  (Ctrl-C ends)")
        while not (problem := self.stack.problem()):
            time.sleep(REFRESH_SECONDS)
            if self.flush():
                for name in REFRESHED:
                    run(name, self.spark, self.settings, datetime.now(UTC))
        self._say(f"stopped: {problem}")

    def _files(self) -> dict[str, Path]:
        if self._options.data is None:
            folder, now = self._options.directory / "data", datetime.now(UTC).replace(tzinfo=None)
            make = lambda: generate(folder, now, seed=self._options.seed, listens=self._options.listens)  # noqa: E731
            return self._step("data made", make, lambda files: f"{len(files)} files in {folder}")
        return {kind: self._options.data / name for kind, name in OLDER_FILES.items()}

    def _load(self, kind: str, path: Path) -> int:
        def load() -> int:
            count, refused = load_file(self.settings, kind, path, self.app.name, datetime.now(UTC))
            for row in refused:
                self._say(f"          refused {path}:{row.line}: {row.reason}: {row.text}")
            return count

        return self._step(f"{kind} loaded", load, lambda count: f"{count:,}")

    def _send(self, kind: Kind, path: Path) -> FileReport:
        plan = Plan(kind, path, ZoneInfo(self.app.timezone), ads_consent=True)
        report = self._step(f"{kind} sent", lambda: self._send_plan(plan), lambda r: f"{r.tally.accepted:,} accepted")
        for row in report.refused:
            self._say(f"          refused {path}:{row.line}: {row.reason}: {row.text}")
        return report

    def _send_plan(self, plan: Plan) -> FileReport:
        sender = Sender(self.stack.collector_url, self.app.token, self.secret)
        _, shift = scan(plan)
        return send_file(plan, sender, shift, Mark(self._options.directory / "send", str(plan)))

    @property
    def secret(self) -> bytes:
        """The signing secret of the demo's app."""
        return signing_secret(self.app.name, self.stack.environment) or b""

    def _hostile(self) -> Any:
        return post_hostile(self.stack.collector_url, self.app, self.secret, secrets.token_hex(4))

    def _visit(self) -> VisitReport:
        return visit(self.site.url, self.stack.collector_url, self.app, seed=self._options.seed)

    def flush(self) -> int:
        """Write everything that is queued; return how many objects that made.

        Raises:
            FlushFailedError: Something was not written.
        """
        objects = 0
        while True:
            report = flush_once(self.settings, force=True)
            if report.errors:
                raise FlushFailedError("; ".join(report.errors))
            objects += report.objects
            if report.received == 0:
                return objects

    def _flush_until_exposed(self) -> int:
        # The collector hands exposures over without making the page wait; give it the moment it may take.
        time.sleep(0.5)
        return self.flush()

    def _job(self, name: str) -> Any:
        return self._step(f"job {name}", lambda: run(name, self.spark, self.settings, datetime.now(UTC)), _job_line)

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return [row.asDict(recursive=True) for row in tables.read(self.spark, self.settings, name).collect()]

    def _decide(self, target_count: int) -> list[dict[str, Any]]:
        from demo.decisions import ask

        targets = [row["customer_id"] for row in sorted(self._rows("targets"), key=lambda row: int(row["rank"]))]
        return ask(self.stack.collector_url, self.app, self.secret, targets[: min(target_count, 2)])

    def _step(self, name: str, work: Callable[[], T], tell: Callable[[T], str] = lambda _: "") -> T:
        started = time.monotonic()
        result = work()
        self._say(f"{time.monotonic() - started:6.1f} s  {name:<36} {tell(result)}".rstrip())
        return result


def _job_line(report: Any) -> str:
    notes = "; ".join(f"{key}: {value}" for key, value in report.notes.items())
    return f"{report.rows:>8,} rows  {notes}".rstrip()


def write_summary(summary: Summary, path: Path) -> None:
    """Write the summary as JSON."""
    path.write_text(json.dumps(summary.as_json(), indent=2) + "\n", encoding="utf-8")


__all__ = ["Demo", "Options", "TableCounts", "write_summary"]
