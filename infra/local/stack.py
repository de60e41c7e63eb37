"""The whole stack on one machine: an AWS emulator, the collector, a scheduled flush, jobs, the dashboard.

The parts are the ones that run in the cloud; only the endpoint differs. Source: docs/local.md.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.local.aws_resources import create_resources
from infra.local.jobs import CANNOT_START
from infra.local.notices import NoticeReader
from infra.local.processes import Child, reserve_port, take_port
from infra.local.run_folder import FOLDER_VARIABLE
from logdig.config.apps import LOOPBACK_VARIABLE
from logdig.config.settings import Settings
from logdig.config.signatures import secret_variable
from logdig.config.toml_file import write_settings
from logdig.errors import LogDigError

WATCH_SECONDS = 0.5
PARTS = ("AWS emulator", "collector", "dashboard", "jobs")


class LocalStack:
    """The stack; use it as a context manager, or `start` and `stop`.

    Args:
        settings: Written to ``logdig.toml`` in the directory for all parts to read.
        directory: Files and logs of this run.
        environment: What the children inherit, usually ``os.environ``.
        collector_port: 0 takes a free one; likewise dashboard_port.
        flush_seconds: Time between two scheduled flushes; None schedules none.
        data: Folder in which the emulator keeps objects and messages; None keeps them in memory only.
        with_jobs: Run ingest and marts after each flush; needs Java 17 and flush_seconds.
        inherited: File descriptors that the parts hold until they end.
    """

    def __init__(
        self,
        settings: Settings,
        directory: Path,
        environment: Mapping[str, str],
        *,
        collector_port: int = 0,
        dashboard_port: int = 0,
        flush_seconds: float | None = None,
        data: Path | None = None,
        with_jobs: bool = False,
        inherited: Sequence[int] = (),
    ) -> None:
        self.settings, self.directory = settings, directory
        self._collector_port = take_port(collector_port, "collector")
        self._dashboard_port = take_port(dashboard_port, "dashboard")
        # The emulator takes seconds to listen; meanwhile its port could be given to another process.
        self._reserved = reserve_port()
        aws_port = self._reserved.getsockname()[1]
        self._flush_seconds = flush_seconds
        self.aws_url = f"http://127.0.0.1:{aws_port}"
        self.collector_url = f"http://127.0.0.1:{self._collector_port}"
        self.script_url = f"{self.collector_url}/logdig.js"
        self.dashboard_url = f"http://127.0.0.1:{self._dashboard_port}"
        self.environment = {**environment, **_local_environment(settings, directory, self.aws_url, environment)}
        if data is not None:
            self.environment[FOLDER_VARIABLE] = str(data)
        self._with_jobs, self._inherited = with_jobs, tuple(inherited)
        self._jobs: Child | None = None
        self._notices = NoticeReader([self._log(name) for name in PARTS])
        self._environment_before: dict[str, str | None] = {}
        self._children: list[Child] = []
        self._stopping = threading.Event()
        self._scheduler: threading.Thread | None = None
        self.flush_problem = ""

    def __enter__(self) -> LocalStack:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start every part and return when all respond.

        Raises:
            MissingPartError: A part ended or did not answer; the message names it and its log.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        write_settings(self.settings, self.directory / "logdig.toml")
        for name in PARTS:
            self._log(name).unlink(missing_ok=True)
        port = self.aws_url.rsplit(":", 1)[1]
        if sys.platform != "linux":
            self._reserved.close()
        aws = self._child("AWS emulator", "infra.local.emulator", "-H", "127.0.0.1", "-p", port)
        aws.wait_until_answers(f"{self.aws_url}/moto-api/")
        create_resources(self.settings, self.environment)
        self._environment_before = {key: os.environ.get(key) for key in LOCAL_KEYS}
        os.environ.update({key: self.environment[key] for key in LOCAL_KEYS})
        collector = self._child("collector", "infra.local.collector", "--port", str(self._collector_port))
        dashboard = self._child("dashboard", "dashboard", "--port", str(self._dashboard_port))
        collector.wait_until_answers(f"{self.collector_url}/healthz")
        dashboard.wait_until_answers(f"{self.dashboard_url}/healthz")
        if self._flush_seconds is not None:
            self._scheduler = threading.Thread(target=self._flush_on_schedule, args=(self._flush_seconds,), daemon=True)
            self._scheduler.start()
            if self._with_jobs:
                self._jobs = self._start_jobs(self._flush_seconds)

    def _start_jobs(self, every_seconds: float) -> Child:
        return self._child("jobs", "infra.local.jobs", "--every", str(every_seconds))

    def _log(self, name: str) -> Path:
        return self.directory / f"{name.replace(' ', '-').lower()}.log"

    def _child(self, name: str, module: str, *arguments: str) -> Child:
        command = [sys.executable, "-m", module, *arguments]
        child = Child(name, command, self.environment, self._log(name), self._inherited)
        self._children.append(child)
        return child

    def _flush_on_schedule(self, seconds: float) -> None:
        """Flush as EventBridge would; a failed run is reported and the next one tries again."""
        from logdig.flush.run import flush_once

        while not self._stopping.wait(seconds):
            try:
                # Whoever tries the stack waits for one event; no object is too small here.
                report = flush_once(self.settings, force=True, seconds=max(seconds, 60))
                self.flush_problem = "; ".join(report.errors)
            except LogDigError as err:
                self.flush_problem = err.message

    def wait(self, tell: Callable[[str], None] = lambda _: None) -> str:
        """Block until a part ends by itself or `stop` is called; describe what ended.

        Args:
            tell: Takes each line that the parts have for the user meanwhile.
        """
        told = ""
        while not self._stopping.wait(WATCH_SECONDS):
            for line in self._notices.new():
                tell(line)
            if self.flush_problem != told and (told := self.flush_problem):
                tell(f"flush: {told}; the next one tries again")
            if ended := self._restart_jobs():
                tell(ended)
            if problem := self.problem():
                return problem
        return ""

    def _restart_jobs(self) -> str:
        """Start the jobs again when they have ended, unless they cannot start; describe what ended."""
        jobs = self._jobs
        ended = jobs.ended() if jobs is not None else ""
        if jobs is None or self._flush_seconds is None or not ended:
            return ""
        # Java may have outlived it.
        jobs.stop()
        self._children.remove(jobs)
        can_start = jobs.exit_code != CANNOT_START
        self._jobs = self._start_jobs(self._flush_seconds) if can_start else None
        return f"{ended}; started again" if can_start else ""

    def problem(self) -> str:
        """Say which part has ended by itself; empty while all run. The jobs start again, `wait` sees to it."""
        parts = (child for child in self._children if child is not self._jobs)
        return next((ended for child in parts if (ended := child.ended())), "")

    @property
    def shell_environment(self) -> dict[str, str]:
        """Variables that point a command or a notebook at this stack."""
        names = [*LOCAL_KEYS, *(secret_variable(app.name) for app in self.settings.apps), "JAVA_HOME"]
        return {name: self.environment[name] for name in names if name in self.environment}

    def stop(self) -> None:
        """Stop every part, the emulator last, and restore the environment of this process."""
        self._stopping.set()
        if self._scheduler is not None:
            self._scheduler.join(timeout=5)
        for child in reversed(self._children):
            child.stop()
        self._children.clear()
        self._reserved.close()
        for key, value in self._environment_before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        self._environment_before.clear()


LOCAL_KEYS = (
    "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION",
    "AWS_EC2_METADATA_DISABLED", "LOGDIG_CONFIG",
)  # fmt: skip
"""Variables that point every part, and this process, at the local AWS."""


def _local_environment(
    settings: Settings, directory: Path, aws_url: str, environment: Mapping[str, str]
) -> dict[str, str]:
    names = [secret_variable(app.name) for app in settings.apps]
    secrets_of_apps = {name: environment.get(name) or secrets.token_urlsafe(32) for name in names}
    return secrets_of_apps | {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOGDIG_CONFIG": str(directory.resolve() / "logdig.toml"),
        LOOPBACK_VARIABLE: "1",
        "PYTHONUNBUFFERED": "1",
    }
