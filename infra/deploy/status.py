"""How a deployed stack is: one look at everything an operator asks first."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.aws.account import Account
from infra.aws.cloudformation import Stack, require_stack
from infra.aws.http import ask
from infra.aws.remote import read_log
from infra.cost.model import Workload, bill, total
from infra.cost.prices import read_prices
from infra.template.alarms import sqs_metric
from logdig.config.settings import Settings
from logdig.questions.ledger import broken_sums

FLUSH_HOURS = 24
JOBS_SHOWN = 5
AGE_WINDOW = timedelta(minutes=15)
MONTH = timedelta(days=30)
LATE_FLUSHES = 3
"""So many intervals without a report and the flush counts as stopped."""


@dataclass(slots=True)
class Status:
    """What was found; ``problems`` are what needs somebody."""

    stack: str
    state: str
    endpoint: str
    healthy: bool
    waiting: int
    oldest_seconds: float
    dead_letters: int
    last_flush: dict[str, Any] | None
    jobs: list[dict[str, str]]
    alarms: dict[str, str]
    ledger_day: str | None
    month_usd: float
    problems: list[str] = field(default_factory=list)


def look(account: Account, settings: Settings, ledger: list[dict[str, Any]]) -> Status:
    """Look at everything.

    Args:
        account: Where.
        settings: What.
        ledger: Rows of the ledger of the last 30 days; empty where it was never counted.
    Raises:
        SetupError: There is no such stack.
    """
    stack = require_stack(account, settings.stack_name)
    depth = queue_depth(account, stack.outputs["QueueUrl"])
    found = Status(
        stack=stack.name,
        state=stack.status,
        endpoint=stack.outputs["Endpoint"],
        healthy=ask(f"{stack.outputs['Endpoint']}/healthz", account.endpoint).status == 200,
        waiting=depth,
        oldest_seconds=oldest_seconds(account, settings),
        dead_letters=queue_depth(account, stack.outputs["DeadLettersUrl"]),
        last_flush=last_flush(account, settings),
        jobs=last_jobs(account, stack),
        alarms=alarm_states(account, settings),
        ledger_day=max((str(row["day"]) for row in ledger), default=None),
        month_usd=month_usd(settings, ledger),
    )
    found.problems = problems(found, settings, ledger, account.clock())
    return found


def problems(found: Status, settings: Settings, ledger: list[dict[str, Any]], now: datetime) -> list[str]:
    """What needs somebody, in words."""
    told = []
    if not found.state.endswith("_COMPLETE") or "ROLLBACK" in found.state:
        told.append(f"the stack is {found.state}")
    if not found.healthy:
        told.append(f"{found.endpoint}/healthz does not answer 200")
    if found.dead_letters:
        told.append(f"{found.dead_letters} messages in the dead-letter queue")
    late = timedelta(seconds=LATE_FLUSHES * settings.flush.interval_seconds)
    if found.last_flush is None or now - datetime.fromisoformat(found.last_flush["at"]) > late:
        told.append(f"no flush reported within {late}")
    elif found.last_flush["errors"]:
        told.append(f"the last flush failed: {'; '.join(found.last_flush['errors'])}")
    if found.jobs and found.jobs[0]["state"] == "FAILED":
        told.append(f"the last run of the jobs failed: {found.jobs[0]['details']}")
    told += [f"alarm {name}" for name, state in found.alarms.items() if state == "ALARM"]
    told += [words for row in ledger for words in broken_sums(row)]
    if settings.monthly_budget_usd and found.month_usd > settings.monthly_budget_usd:
        told.append(f"${found.month_usd:,.2f} a month is over the budget of ${settings.monthly_budget_usd:,.2f}")
    return told


def queue_depth(account: Account, url: str) -> int:
    """Messages in a queue, those in work too; SQS calls it approximate."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = account.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)


def oldest_seconds(account: Account, settings: Settings) -> float:
    """Age of the oldest message, the most of the last quarter of an hour."""
    metric = sqs_metric(settings.queue_name, "ApproximateAgeOfOldestMessage", "Maximum")
    now = account.clock()
    answer = account.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace=metric["Namespace"],
        MetricName=metric["MetricName"],
        Dimensions=metric["Dimensions"],
        Statistics=[metric["Statistic"]],
        StartTime=now - AGE_WINDOW,
        EndTime=now,
        Period=int(AGE_WINDOW.total_seconds()),
    )
    return max((float(one["Maximum"]) for one in answer["Datapoints"]), default=0.0)


def last_flush(account: Account, settings: Settings) -> dict[str, Any] | None:
    """The last report of the flush, with its time; None when there is none of the last day."""
    since = account.clock() - timedelta(hours=FLUSH_HOURS)
    lines = read_log(account, settings, ["flush"], since, pattern='"received"')
    for line in reversed(lines):
        try:
            report = json.loads(line.text)
        except ValueError:
            continue
        if isinstance(report, dict) and "received" in report:
            shown = {name: report[name] for name in ("received", "logs", "rejected", "objects", "errors")}
            return {"at": line.at.isoformat(), **shown}
    return None


def last_jobs(account: Account, stack: Stack) -> list[dict[str, str]]:
    """The last runs on EMR Serverless, newest first."""
    if "JobsApplication" not in stack.outputs:
        return []
    answer = account.call(
        "emr-serverless",
        "list_job_runs",
        applicationId=stack.outputs["JobsApplication"],
        maxResults=JOBS_SHOWN,
    )
    return [
        {
            "name": one.get("name", ""),
            "state": one["state"],
            "updated_at": str(one["updatedAt"]),
            "details": one.get("stateDetails", ""),
        }
        for one in answer["jobRuns"]
    ]


def alarm_states(account: Account, settings: Settings) -> dict[str, str]:
    """State of each alarm: OK, ALARM or INSUFFICIENT_DATA."""
    found = account.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{settings.prefix}-")
    return {one["AlarmName"]: one["StateValue"] for one in found}


def month_usd(settings: Settings, ledger: list[dict[str, Any]]) -> float:
    """What a month like the last 30 days costs by the price list."""
    events = float(sum(row["accepted"] or 0 for row in ledger))
    work = Workload(events, front_door=settings.front_door, freshness=settings.freshness)
    return total(bill(work, read_prices()))
