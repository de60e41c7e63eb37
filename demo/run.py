"""`logdig demo`: the pipeline end to end on one machine. Each step prints one line with counts and seconds."""

from __future__ import annotations

import json
import secrets
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.registry import JOBS, MARTS, together
from analytics.jobs.report import JobReport
from analytics.jobs.runs import run_together_noted
from analytics.spark import session
from demo.counts import count_tables, count_zone
from demo.data_feed import LOADED_KINDS, Feeder, generated_files, older_files
from demo.decisions import request_decisions
from demo.files_feed import FilesFeed, kept_files
from demo.generator import OFFER
from demo.month_feed import MonthFeed
from demo.offers import OfferAnswers, said_of, whom_to_sign_in
from demo.server import Site
from demo.stderr_redirect import errors_to
from demo.steps import Steps
from demo.story import trial
from demo.story.asked import Analyst
from demo.story.month import GOAL, month_before
from demo.summary import SentCounts, Summary, print_summary
from demo.visitors import RETURNING, Visits, make_returning, make_visitors
from infra.local.new_pictures import NewPictures
from infra.local.processes import take_port
from infra.local.run_folder import RunFolder
from infra.local.stack import LocalStack
from logdig.aws.clients import s3_store, sqs_queue
from logdig.backfill.sender import Tally
from logdig.collect.factory import new_id
from logdig.config.goals import GoalSettings
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings, Settings
from logdig.flush.run import FlushFailedError, flush_once
from logdig.marts.reader import Marts
from logdig.queue.packs import QueueSink
from logdig.store.object_store import EventStore

REFRESH_SECONDS = 10
FLUSH_SECONDS = 5
EXPOSURE_SECONDS = 0.5
PICTURE_WIDTHS = (1440, 390)
"""Of the windows in which the demo's pages are captured."""
REFRESHED_JOBS = (
    "ingest",
    # The heatmap's first: a visitor who clicks looks for the click there.
    *sorted((name for name in MARTS if "ingest" in JOBS[name].sources), key=lambda name: name != "clicks"),
)
"""Jobs that bring new events into the tables: every mart of events, none of loaded files."""
OTHER_STEPS = ("ingest", "maintain", "ledger", *LOADED_KINDS)
"""Jobs that do not run after ingest: a new lake needs no maintenance, the ledger reads every object and so runs after
the summary, and the loaded kinds are ingested while files are sent."""


def needed_by(name: str) -> set[str]:
    """The job, and every one whose tables it needs, directly or not."""
    return {name}.union(*(needed_by(source) for source in JOBS[name].sources))


OF_SESSIONS = next(jobs for jobs in together(JOBS) if "sessions" in jobs)
"""Marts of sessions, which one run computes together."""
FIRST_JOBS = tuple(name for name in JOBS if name in {*needed_by("targets"), *OF_SESSIONS} - {*OTHER_STEPS})
"""Jobs that run before visitors come again, who need targets, and whose pages need pictures."""
LATER_JOBS = tuple(
    name for name in JOBS if name not in OTHER_STEPS and (name in REFRESHED_JOBS or name not in FIRST_JOBS)
)
"""Jobs that run once they have left."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of `logdig demo`."""

    directory: Path
    cache: Path
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
        print_line: Prints one line.
    """

    def __init__(self, options: Options, environment: Mapping[str, str], print_line: Callable[[str], None]) -> None:
        self._options, self._print_line = options, print_line
        self._step = Steps(print_line)
        site_port = take_port(options.site_port, "site")
        origins = tuple(f"http://{host}:{site_port}" for host in ("127.0.0.1", "localhost"))
        self.app = AppSettings(name="music", token=f"pk_music_{secrets.token_hex(8)}", origins=origins)
        goal = GoalSettings(name=GOAL, app=self.app.name, event=GOAL, value_property="value")
        # The rule of 2016, beside the gate's own.
        self._offer = OfferSettings(name=OFFER, max_error=0.10)
        self.settings = Settings(
            service="logdig-demo", apps=(self.app,), offers=(self._offer, trial.OFFER), goals=(goal, trial.GOAL)
        )
        self.stack = LocalStack(
            self.settings,
            options.directory,
            environment,
            collector_port=options.collector_port,
            dashboard_port=options.dashboard_port,
        )
        self.site = Site(site_port, self.app.token, self.stack.collector_url)
        self._visits = Visits(self.site.url, self.stack.collector_url, self.app)
        self._feeder = Feeder(self.stack, self.app, self._step)
        self._days = month_before(datetime.now(UTC), self.app.timezone, self.site.url, options.seed)
        path = options.directory / "data" / "events.ndjson"
        self._month = MonthFeed(self._days, path, options.cache, self.app, self._step)
        generated = kept_files(options.cache, self._days.today, options.seed, options.listens, self.site.url)
        self._sent_files = FilesFeed(self.app.token, self._step, generated if options.data is None else None)
        self._pool = ThreadPoolExecutor(5, thread_name_prefix="demo")
        self._spark: Future[SparkSession] | None = None
        self._entered = ExitStack()
        # While one flush holds messages, another one sees an empty queue.
        self._flush_lock = threading.Lock()

    def __enter__(self) -> Demo:
        folder = RunFolder(self._options.directory)
        with ExitStack() as entering:
            folder.claim(self._print_line)
            entering.callback(folder.release)
            self._step("local AWS, collector and dashboard", lambda: entering.enter_context(self.stack))
            entering.enter_context(self.site)
            entering.callback(self._stop_spark)
            folder.publish(self.stack.shell_environment)
            self._entered = entering.pop_all()
        self._step.note(f"site       {self.site.url}")
        self._step.note(f"dashboard  {self.stack.dashboard_url}")
        # Spark starts while events are sent.
        self._spark = self._pool.submit(self._start_spark)
        return self

    def __exit__(self, *exception: Any) -> None:
        self._entered.__exit__(*exception)

    def _start_spark(self) -> SparkSession:
        with errors_to(self._options.directory / "spark.log"):
            return session(self.settings, self.stack.environment)

    def _stop_spark(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._spark is not None and not self._spark.cancelled() and self._spark.exception() is None:
            self._spark.result().stop()

    @property
    def spark(self) -> SparkSession:
        """The session; waits for its start."""
        if self._spark is None:
            raise RuntimeError("use Demo as a context manager")
        return self._spark.result()

    def run(self) -> Summary:
        """Do every step once and count the events in every store."""
        self._month.start(self._pool)
        files = self._files()
        loaded = {kind: self._feeder.load(kind, files[kind]) for kind in LOADED_KINDS}
        # Generated data ends now; recorded data is years old, and no model predicts over years.
        shift = timedelta() if self._options.data is None else self._feeder.shift_to_now(files)
        sent, store = SentCounts(), s3_store(self.settings)
        with self._flushing():
            first_visits = self._pool.submit(self._visits.make, make_visitors(self._options.seed))
            ingested = self._pool.submit(lambda: [self._job(name) for name in LOADED_KINDS])
            for tally in self._sent_files.send(self._feeder, files, shift, store):
                sent.add_file(tally)
            sent.add_file(self._month.send(self._feeder, store))
            sent.add_file(self._send_trial())
            sent.add_hostile(self._feeder.send_hostile())
            self._step("flush", self.flush, lambda objects: f"{objects} objects")
            kept = self._pool.submit(self._keep_sent, store)
            # Visitors who are still on the site come with the next ingest.
            self._job("ingest")
            ingested.result()
            kept.result()
            sent.add_visits(self._step("visitors on the site", first_visits.result, self._visits.describe))
        self._jobs(FIRST_JOBS)
        pictures = self._pool.submit(self._take_pictures)
        returning = make_returning(self._options.seed, self._best_targets()[:RETURNING])
        second_visits = self._pool.submit(self._visits.make, returning)
        sent.add_visits(self._step("visitors who come again", second_visits.result, self._visits.describe))
        decisions = self._step(
            "three decisions for a server", self._decide, lambda decisions: f"{len(decisions)} responses"
        )
        sent.add_decisions(len(decisions))
        self._step("flush", self._flush_exposures, lambda objects: f"{objects} objects")
        self._job("ingest")
        self._jobs(LATER_JOBS)
        self._step("pictures of pages", pictures.result, lambda count: f"{count} for the map")
        analyst = Analyst(Marts(self.settings, self.stack.environment), self.app.name, self._days)
        found = self._step("questions about the month", analyst.found)
        told = OfferAnswers(
            said=said_of(Marts(self.settings, self.stack.environment), self.app, self.settings.offers, self._days),
            members=whom_to_sign_in(self.app.name, self._offer, self._best_targets(), self._days.today),
        )
        summary = self._count(loaded, sent, decisions, found, told)
        print_summary(summary, self._print_line, self.stack.dashboard_url)
        return summary

    def ledger_adds_up(self) -> bool:
        """Run the job `ledger`; tell whether its sums match."""
        return not self._job("ledger").notes["broken_sums"]

    def refresh_forever(self) -> None:
        """Repeat flush, ingest and marts until a part ends or Ctrl-C; new clicks appear within a minute.

        The ledger runs meanwhile.
        """
        ledger = self._pool.submit(self.ledger_adds_up)
        self._print_line(
            f"\nClick on the site; your click is on the heatmap within a minute: {self.site.url}  (Ctrl-C ends)"
        )
        for line in own_questions(self._options.directory, self.app.name):
            self._print_line(line)
        while not (problem := self.stack.problem()):
            time.sleep(REFRESH_SECONDS)
            if ledger.done():
                ledger.result()
            if self.flush():
                for jobs in together(REFRESHED_JOBS):
                    self._run(jobs)
        self._print_line(f"stopped: {problem}")

    def flush(self) -> int:
        """Write all queued events; return how many objects were written.

        Raises:
            FlushFailedError: A write failed.
        """
        objects = 0
        with self._flush_lock:
            while True:
                report = flush_once(self.settings, force=True)
                if report.errors:
                    raise FlushFailedError("; ".join(report.errors))
                objects += report.objects
                if report.received == 0:
                    return objects

    def _files(self) -> dict[str, Path]:
        if self._options.data is not None:
            return older_files(self._options.data)
        folder, listens = self._options.directory / "data", self._options.listens
        generate = lambda: generated_files(folder, self._options.seed, listens)  # noqa: E731
        return self._step(
            "data generated", generate, lambda files: f"{len(files)} files, {listens:,} listens in {folder}"
        )

    @contextmanager
    def _flushing(self) -> Iterator[None]:
        """Flush in the background, as a schedule does: the emulated queue slows down with its depth."""
        done = threading.Event()

        def keep_flushing() -> None:
            while not done.wait(FLUSH_SECONDS):
                with self._flush_lock:
                    flush_once(self.settings, force=False)

        flushing = self._pool.submit(keep_flushing)
        try:
            yield
        finally:
            done.set()
            flushing.result()

    def _decide(self) -> list[dict[str, Any]]:
        return request_decisions(self.stack.collector_url, self.app, self._feeder.secret, self._best_targets()[:2])

    def _send_trial(self) -> Tally:
        made = list(trial.events(self.app.name, self._days))
        decisions = [event for event in made if trial.is_decision(event)]
        trial.commit(decisions, QueueSink(sqs_queue(self.settings), new_id), self.app)
        reached = [event for event in made if not trial.is_decision(event)]
        path = self._options.directory / "data" / "trial.ndjson"
        tally = self._feeder.send("events", trial.write(reached, path)).tally
        return Tally(tally.sent + len(decisions), tally.accepted + len(decisions), tally.duplicates, tally.refusals)

    def _keep_sent(self, store: EventStore) -> None:
        self._month.keep(store)
        self._sent_files.keep(store)

    def _take_pictures(self) -> int:
        source, store = Marts(self.settings, self.stack.environment), s3_store(self.settings)
        now = lambda: datetime.now(UTC)  # noqa: E731
        return NewPictures(self.settings, source, store, now, self._step.note, PICTURE_WIDTHS).take()

    def _best_targets(self) -> list[str]:
        return [row["customer_id"] for row in sorted(self._rows("targets"), key=lambda row: int(row["rank"]))]

    def _flush_exposures(self) -> int:
        # The collector queues exposures without making the page wait; give it time to do so.
        time.sleep(EXPOSURE_SECONDS)
        return self.flush()

    def _job(self, name: str) -> JobReport:
        return self._step(f"job {name}", lambda: self._run([name])[0], _job_line)

    def _run(self, names: Sequence[str]) -> list[JobReport]:
        """Run a group of jobs, and note it for page Data health."""
        return run_together_noted(names, self.spark, self.settings, lambda: datetime.now(UTC))

    def _jobs(self, names: Sequence[str]) -> None:
        """Run jobs, those that do not need the marts of sessions beside these: one alone leaves a core idle."""
        others = [name for name in names if name not in OF_SESSIONS]
        beside = [name for name in others if not needed_by(name) & {*OF_SESSIONS}]
        running = self._pool.submit(lambda: [self._job(name) for name in beside])
        of_sessions = [name for name in names if name in OF_SESSIONS]
        for report in self._run(of_sessions):
            self._step.done(report.seconds, f"job {report.name}", _job_line(report))
        running.result()
        for name in others:
            if name not in beside:
                self._job(name)

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return [row.asDict(recursive=True) for row in tables.read(self.spark, self.settings, name).collect()]

    def _count(
        self,
        loaded: Mapping[str, int],
        sent: SentCounts,
        decisions: list[dict[str, Any]],
        found: Mapping[str, Any],
        told: OfferAnswers,
    ) -> Summary:
        store = s3_store(self.settings)
        return Summary(
            sent=sent,
            raw=count_zone(store, "raw"),
            bad=count_zone(store, "bad"),
            counted=count_tables(self.spark, self.settings),
            loaded=loaded,
            browser=self._visits.browser,
            decisions=decisions,
            tables={name: self._rows(name) for name in ("models", "targets")},
            seconds=self._step.seconds,
            is_open=not self._options.once,
            planted=self._month.truth,
            found=found,
            offers=told,
        )


def own_questions(directory: Path, app: str) -> list[str]:
    """Say how questions and notes in another terminal find the demo that runs in a folder."""
    return [
        "\nAsk your own questions in a second terminal, in the same folder as this one:\n",
        f'  eval "$(logdig dev env --directory {shlex.quote(str(directory.resolve()))})"',
        f"  logdig query pages --app {app}",
        f"  logdig notes export --app {app} --algorithm sessions --format ipynb",
        f"\nThen open {app}-sessions.ipynb in Jupyter, started in that terminal (docs/notebooks.md).\n",
    ]


def _job_line(report: JobReport) -> str:
    notes = "; ".join(f"{key}: {value}" for key, value in report.notes.items())
    return f"{report.rows:>8,} rows  {notes}".rstrip()


def write_summary(summary: Summary, path: Path) -> None:
    """Write the summary as JSON."""
    path.write_text(json.dumps(summary.as_json(), indent=2) + "\n", encoding="utf-8")
