"""Status of a deployed stack: health, queue, flush, jobs, alarms, ledger and cost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.aws.account import Account
from infra.aws.cloudformation import Stack, find_stack, require_stack
from infra.aws.http import send_request
from infra.aws.remote import read_log
from infra.cost.bill import bill, workload
from infra.cost.model import total
from infra.cost.prices import read_prices
from infra.deploy.domain import domain_account, records
from infra.template.alarms import sqs_metric
from infra.template.domain import domain_stack
from logdig.config.settings import Settings
from logdig.questions.ledger import broken_sums

FLUSH_HOURS = 24
JOBS_SHOWN = 5
AGE_WINDOW = timedelta(minutes=15)
LATE_FLUSHES = 3
"""The flush counts as stopped after this many intervals without a report."""


@dataclass(frozen=True, slots=True)
class DomainStatus:
    """The domain in front; ``dns`` are the CNAME records that the owner's DNS must hold, name -> value."""

    name: str
    state: str
    healthy: bool
    dns: dict[str, str]


@dataclass(slots=True)
class Status:
    """Status of a stack; ``problems`` need an operator."""

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
    domain: DomainStatus | None = None
    problems: list[str] = field(default_factory=list)


def read_status(account: Account, settings: Settings, ledger: list[dict[str, Any]]) -> Status:
    """Read every part of the status.

    Args:
        account: Where.
        settings: Names, prices and limits.
        ledger: Rows of the ledger of the last 30 days; empty where it was never counted.
    Raises:
        SetupError: There is no such stack.
    """
    stack = require_stack(account, settings.stack_name)
    depth = queue_depth(account, stack.outputs["QueueUrl"])
    status = Status(
        stack=stack.name,
        state=stack.status,
        endpoint=stack.outputs["Endpoint"],
        healthy=send_request(f"{stack.outputs['Endpoint']}/healthz", account.endpoint).status == 200,
        waiting=depth,
        oldest_seconds=oldest_seconds(account, settings),
        dead_letters=queue_depth(account, stack.outputs["DeadLettersUrl"]),
        last_flush=last_flush(account, settings),
        jobs=last_jobs(account, stack),
        alarms=alarm_states(account, settings),
        ledger_day=max((str(row["day"]) for row in ledger), default=None),
        month_usd=month_usd(settings, ledger),
        domain=domain_status(account, settings),
    )
    status.problems = problems(status, settings, ledger, account.clock())
    return status


def problems(status: Status, settings: Settings, ledger: list[dict[str, Any]], now: datetime) -> list[str]:
    """Describe what needs an operator."""
    lines = []
    if not _is_settled(status.state):
        lines.append(f"the stack is {status.state}")
    if not status.healthy:
        lines.append(f"{status.endpoint}/healthz does not answer 200")
    lines += domain_problems(status.domain)
    if status.dead_letters:
        lines.append(f"{status.dead_letters} messages in the dead-letter queue")
    late = timedelta(seconds=LATE_FLUSHES * settings.flush.interval_seconds)
    if status.last_flush is None or now - datetime.fromisoformat(status.last_flush["at"]) > late:
        lines.append(f"no flush reported within {late}")
    elif status.last_flush["errors"]:
        lines.append(f"the last flush failed: {'; '.join(status.last_flush['errors'])}")
    if status.jobs and status.jobs[0]["state"] == "FAILED":
        lines.append(f"the last run of the jobs failed: {status.jobs[0]['details']}")
    lines += [f"alarm {name}" for name, state in status.alarms.items() if state == "ALARM"]
    lines += [broken for row in ledger for broken in broken_sums(row)]
    if settings.monthly_budget_usd and status.month_usd > settings.monthly_budget_usd:
        lines.append(f"${status.month_usd:,.2f} a month is over the budget of ${settings.monthly_budget_usd:,.2f}")
    return lines


def domain_status(account: Account, settings: Settings) -> DomainStatus | None:
    """How the domain is; None where the settings have none."""
    if not settings.domain:
        return None
    stack = find_stack(domain_account(account), domain_stack(settings))
    if stack is None:
        return DomainStatus(settings.domain, "missing", False, {})
    healthy = send_request(f"https://{settings.domain}/healthz", account.endpoint).status == 200
    return DomainStatus(settings.domain, stack.status, healthy, records(account, settings, stack))


def domain_problems(domain: DomainStatus | None) -> list[str]:
    """What keeps the domain from answering."""
    if domain is None or (domain.healthy and _is_settled(domain.state)):
        return []
    if domain.state == "missing":
        return [f"{domain.name} has no stack yet; run: logdig deploy"]
    lines = [] if _is_settled(domain.state) else [f"the stack of {domain.name} is {domain.state}"]
    if not domain.healthy:
        wanted = "; ".join(f"{name} CNAME {value}" for name, value in domain.dns.items())
        lines.append(
            f"https://{domain.name}/healthz does not answer 200" + (f"; its DNS needs {wanted}" if wanted else "")
        )
    return lines


def _is_settled(state: str) -> bool:
    return state.endswith("_COMPLETE") and "ROLLBACK" not in state


def queue_depth(account: Account, url: str) -> int:
    """Messages in a queue, in flight too; SQS calls the number approximate."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = account.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=names)
    return sum(int(response["Attributes"][name]) for name in names)


def oldest_seconds(account: Account, settings: Settings) -> float:
    """Age of the oldest message, the maximum of the last 15 minutes."""
    metric = sqs_metric(settings.queue_name, "ApproximateAgeOfOldestMessage", "Maximum")
    now = account.clock()
    statistics = account.call(
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
    return max((float(point["Maximum"]) for point in statistics["Datapoints"]), default=0.0)


def last_flush(account: Account, settings: Settings) -> dict[str, Any] | None:
    """The last report of the flush, with its time; None when there is none in the last day."""
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
    response = account.call(
        "emr-serverless",
        "list_job_runs",
        applicationId=stack.outputs["JobsApplication"],
        maxResults=JOBS_SHOWN,
    )
    return [
        {
            "name": run.get("name", ""),
            "state": run["state"],
            "updated_at": str(run["updatedAt"]),
            "details": run.get("stateDetails", ""),
        }
        for run in response["jobRuns"]
    ]


def alarm_states(account: Account, settings: Settings) -> dict[str, str]:
    """State of each alarm: OK, ALARM or INSUFFICIENT_DATA."""
    alarms = account.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=f"{settings.prefix}-")
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


def month_usd(settings: Settings, ledger: list[dict[str, Any]]) -> float:
    """What a month like the last 30 days costs by the price list."""
    events = float(sum(row["accepted"] or 0 for row in ledger))
    return total(bill(workload(settings, events), read_prices()))
