"""Commands to the deployed stack: flush now, start jobs, read log lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from infra.aws.account import Account
from infra.aws.cloudformation import Stack
from infra.template.functions import function_name
from infra.template.jobs import job_log, run_arguments
from logdig.config.settings import Settings
from logdig.errors import LogDigError, SetupError, TransientError

JOB_POLL_SECONDS = 5.0
JOB_SECONDS = 6 * 3600
FLUSH_SECONDS = 240
"""A forced flush ends after this time at the latest."""
ENDED = ("SUCCESS", "FAILED", "CANCELLED")
SOURCES = ("collector", "decide", "flush", "jobs")


def flush_now(account: Account, stack: Stack, *, force: bool) -> dict[str, Any]:
    """Run the deployed flush and return its report.

    Raises:
        LogDigError: It failed; what it left comes with the next run.
    """
    payload = json.dumps({"force": force}).encode()
    response = account.call("lambda", "invoke", FunctionName=stack.outputs["FlushFunction"], Payload=payload)
    report: dict[str, Any] = json.loads(response["Payload"].read() or b"{}")
    if "FunctionError" in response:
        reason = report.get("errorMessage", "no reason given")
        raise LogDigError(f"the deployed flush failed: {reason}; nothing is lost, the next run goes on")
    return report


def start_job(account: Account, settings: Settings, stack: Stack, names: Sequence[str]) -> str:
    """Start jobs on EMR Serverless; return the run's id.

    Raises:
        SetupError: The stack has no EMR Serverless application.
    """
    application = _application(stack)
    arguments = run_arguments(settings, tuple(names), stack.outputs["JobsEntry"], stack.outputs["JobsParameters"])
    response = account.call(
        "emr-serverless",
        "start_job_run",
        applicationId=application,
        executionRoleArn=stack.outputs["JobsRole"],
        clientToken=str(uuid4()),
        **arguments,
    )
    return str(response["jobRunId"])


def follow_job(account: Account, stack: Stack, run: str, on_state: Callable[[str], None]) -> None:
    """Wait for a run's end, reporting each new state.

    Raises:
        LogDigError: It failed or was cancelled; a rerun is harmless.
        TransientError: AWS cannot be asked any more; the run goes on.
    """
    state, details = "", ""

    def has_ended() -> bool:
        nonlocal state, details
        try:
            job = account.call("emr-serverless", "get_job_run", applicationId=_application(stack), jobRunId=run)
        except TransientError as err:
            raise TransientError(f"{err.message}; run {run} goes on: see 'logdig status'") from err
        job = job["jobRun"]
        if job["state"] != state:
            on_state(job["state"])
        state, details = job["state"], job.get("stateDetails", "")
        return state in ENDED

    if not account.wait(has_ended, every_seconds=JOB_POLL_SECONDS, at_most_seconds=JOB_SECONDS):
        raise LogDigError(f"run {run} is still {state} after {JOB_SECONDS} s; see 'logdig status'")
    if state != "SUCCESS":
        raise LogDigError(f"run {run} is {state}: {details}; running it again is harmless")


def _application(stack: Stack) -> str:
    if "JobsApplication" not in stack.outputs:
        raise SetupError(
            f"stack {stack.name} has no EMR Serverless application; run the jobs on this machine: --on local"
        )
    return stack.outputs["JobsApplication"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log; ``source`` is one of SOURCES."""

    at: datetime
    source: str
    text: str


def log_groups(settings: Settings) -> dict[str, str]:
    """Log group of each source."""
    groups = {name: f"/aws/lambda/{function_name(settings, name)}" for name in SOURCES if name != "jobs"}
    return {**groups, "jobs": job_log(settings)}


def read_log(
    account: Account, settings: Settings, sources: Sequence[str], since: datetime, *, pattern: str = ""
) -> list[LogLine]:
    """Log lines since a time, oldest first; a group that does not exist has none."""
    groups = log_groups(settings)
    lines = [line for name in sources for line in _lines(account, name, groups[name], since, pattern)]
    return sorted(lines, key=lambda line: line.at)


def _lines(account: Account, source: str, group: str, since: datetime, pattern: str) -> Iterator[LogLine]:
    start = int(since.timestamp() * 1000)
    arguments: dict[str, Any] = {"logGroupName": group, "startTime": start}
    if pattern:
        arguments["filterPattern"] = pattern
    if account.find("logs", "filter_log_events", "ResourceNotFound", **arguments, limit=1) is None:
        return
    for event in account.pages("logs", "filter_log_events", "events", **arguments):
        yield LogLine(datetime.fromtimestamp(event["timestamp"] / 1000, UTC), source, event["message"].rstrip())
