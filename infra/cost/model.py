"""The cost of collecting and of operating: events and settings in, a line a service out. Source: docs/cost.md.

Unit costs of LogDig's own work (milliseconds, bytes) are measured; the bench of each is named with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from infra.cost.prices import interpolate, stepped
from logdig.errors import InputError

FrontDoor = Literal["function-url", "rest-api", "server"]
Freshness = Literal["daily", "hourly", "live"]
FRONT_DOORS: tuple[FrontDoor, ...] = ("function-url", "rest-api", "server")

MONTH_SECONDS = 730 * 3600
MONTH_DAYS = 365 / 12

EVENT_BYTES = 750
"""One event inside a pack; bench/flusher.py works with 800."""
GZIP_SHARE = 0.16
"""Stored bytes by text bytes, gzip level 4 on such lines."""

REPLY_BYTES = 500
"""Bytes of a response: status, headers, a short JSON."""
SCRIPTS_A_REQUEST = 0.1
"""Loads of the tracker a request of events; a browser keeps the file for a year. An estimate."""
SCRIPT_BYTES = 7_000
"""The tracker, compressed with brotli."""
COLLECTOR_GB = 0.25
COLLECTOR_SECONDS = 0.025
"""Billed time of a request at 256 MB: 2.2 ms of CPU at a seventh of a core, and SQS's 8 to 10 ms."""
FLUSH_GB = 0.5
FLUSH_LOGS_A_SECOND = 29_000
"""100,000 logs a second and core (bench/flusher.py) at the share of a core that 512 MB buys."""
FLUSH_RUN_SECONDS = 3.0
"""A run that finds little waits for two empty receives."""
FLUSHES = 730 * 12
OBJECT_BYTES = 16 * 1024 * 1024
PACK_BYTES = 256 * 1024

SERVER_REQUESTS_A_SECOND = 400
"""Mean of one t4g.small: 2 vCPUs of which 20 % each may be used all day, at 1,000 requests a second and vCPU, well
below what bench/collector.py measures; peaks use the credits that quiet hours save."""
SERVER_DISK_GB = 8

ALARMS = 9
HOURLY_FIGURES = 1
"""Figures of the flush's log lines: one value at least each hour, so all month is paid."""
RUN_FIGURES = 3
"""Figures of the jobs' log lines: paid for the hours of their runs."""
HOURS_WITH_RUNS: dict[Freshness, float] = {"daily": MONTH_DAYS, "hourly": 730, "live": 730}
FLUSH_LOG_BYTES = 600
"""The report of a run. The endpoints log no successful request, and Lambda's own lines are switched off."""
DECIDE_SECONDS = 0.03
DASHBOARD_REQUESTS = 20_000
"""Of a team that opens twenty pages a working day, each with some forty addresses. Assumed, as the time is."""
DASHBOARD_SECONDS = 0.3
DASHBOARD_GB = 2.0
SHOWN_SHARE = 0.2
"""Share of decisions that show an offer; an estimate: `target_share` by default."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What happens in a month.

    Args:
        events: Events accepted.
        events_per_request: Mean; the tracker sends about ten.
        front_door: Where requests arrive.
        freshness: How often Spark runs.
        decisions: Calls of the decision service.
        customers: Profiles written by each run.
        messages: Text messages sent.
        month: Which month since the first event, at its end; every month before it brought as many events.
        raw_days: Days that raw objects and rows of events and marts stay; 0 = for ever.
        dashboard: Whether the dashboard is deployed, too.
        domain: Whether CloudFront stands in front and serves the tracker's files.
        old_files_days: Days that files of tables stay after they were replaced: in snapshots, then as old versions.
    """

    events: float
    events_per_request: float = 10.0
    front_door: FrontDoor = "function-url"
    freshness: Freshness = "daily"
    decisions: float = 0.0
    customers: float = 1_000.0
    messages: float = 0.0
    month: int = 1
    raw_days: int = 400
    old_files_days: int = 14
    dashboard: bool = False
    domain: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.events <= 1e15:
            raise InputError(f"{self.events} events a month: 0 to 1e15")
        if not 1 <= self.events_per_request <= 500:
            raise InputError(f"{self.events_per_request} events a request: 1 to 500")
        if not 0 <= self.decisions <= 1e15:
            raise InputError(f"{self.decisions} decisions a month: 0 to 1e15")
        if not 0 <= self.messages <= 1e9:
            raise InputError(f"{self.messages} messages a month: 0 to 1e9")
        if not 1 <= self.month <= 1200:
            raise InputError(f"month {self.month}: 1 to 1200")

    @property
    def requests(self) -> float:
        return self.events / self.events_per_request

    @property
    def millions(self) -> float:
        return self.events / 1e6

    @property
    def stored_months(self) -> float:
        """Months of events that are stored."""
        return min(self.month, self.raw_days / MONTH_DAYS) if self.raw_days else self.month

    @property
    def old_files_months(self) -> float:
        """The same of replaced files, of which the first month has seen fewer."""
        return min(self.month, self.old_files_days / MONTH_DAYS)


Part = Literal["collect", "store", "analyse", "operate"]
PARTS: tuple[Part, ...] = ("collect", "store", "analyse", "operate")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a bill."""

    service: str
    what: str
    usd: float
    part: Part = "collect"


def total(lines: Sequence[Line]) -> float:
    """Sum of a bill in dollars."""
    return sum(line.usd for line in lines)


def collection(work: Workload, prices: dict[str, Any]) -> list[Line]:
    """From the browser to S3, and the raw objects that are stored there."""
    return [*_front_door(work, prices), *edge(work, prices), *_queue(work, prices), *_flush(work, prices)]


def edge(work: Workload, prices: dict[str, Any]) -> list[Line]:
    """CloudFront in front: every request, with what it brings, and the tracker's files. Origins send to it for free."""
    if not work.domain:
        return []
    scripts = work.requests * SCRIPTS_A_REQUEST
    requests = work.requests + work.decisions + scripts
    sent_gb = (requests * REPLY_BYTES + scripts * SCRIPT_BYTES) / 1e9
    price, brought_gb = prices["cloudfront"], (work.events * EVENT_BYTES + work.decisions * REPLY_BYTES) / 1e9
    return [
        Line("CloudFront", f"bodies to the collector, {brought_gb:,.1f} GB", brought_gb * price["to_origin_gb"]),
        Line("CloudFront", f"{requests:,.0f} requests", requests * price["request"]),
        Line("CloudFront", f"replies and scripts, {sent_gb:,.1f} GB", sent_gb * price["out_gb"]),
    ]


def _front_door(work: Workload, prices: dict[str, Any]) -> list[Line]:
    sent_gb = 0.0 if work.domain else work.requests * REPLY_BYTES / 1e9
    reply = Line("data out", f"replies, {sent_gb:,.1f} GB", sent_gb * prices["transfer"]["out_gb"])
    if work.front_door == "server":
        mean_rate = work.requests / MONTH_SECONDS
        server = prices["server"]
        machines = max(1, ceil(mean_rate / SERVER_REQUESTS_A_SECOND))
        hours = machines * 730 * (server["machine_hour"] + server["address_hour"])
        disks = machines * SERVER_DISK_GB * server["disk_gb_month"]
        return [
            Line("EC2", f"{machines} t4g.small all month, with address and disk", hours + disks),
            Line("load balancer", f"{mean_rate:,.1f} requests/s", interpolate(server["balancer_steps"], mean_rate)),
            reply,
        ]
    seconds = work.requests * COLLECTOR_SECONDS
    lines = [
        Line("Lambda", f"collector, {work.requests:,.0f} requests", work.requests * prices["lambda"]["request"]),
        Line("Lambda", f"collector, {seconds:,.0f} s at 256 MB", _gb_seconds(seconds * COLLECTOR_GB, prices)),
        reply,
    ]
    if work.front_door == "rest-api":
        lines.append(Line("API Gateway", "REST requests", stepped(prices["rest_api"]["steps"], work.requests)))
    return lines


def _queue(work: Workload, prices: dict[str, Any]) -> list[Line]:
    unit, price = prices["sqs"]["unit_bytes"], prices["sqs"]["request"]
    text = work.events * EVENT_BYTES
    if work.front_door == "server":
        messages, sends = ceil(text / PACK_BYTES), ceil(text / unit)
        receives = sends
    else:
        messages = ceil(work.requests)
        message_bytes = work.events_per_request * EVENT_BYTES
        sends = messages * ceil(message_bytes / unit)
        receives = ceil(messages / 10) * ceil(10 * message_bytes / unit)
    idle = 2 * FLUSHES
    return [
        Line("SQS", f"{sends:,} sends", sends * price),
        Line("SQS", f"{receives + idle:,} receives", (receives + idle) * price),
        Line("SQS", f"{ceil(messages / 10):,} deletes of ten", ceil(messages / 10) * price),
    ]


def _flush(work: Workload, prices: dict[str, Any]) -> list[Line]:
    text = work.events * EVENT_BYTES
    objects = min(FLUSHES, ceil(work.events)) + ceil(text / OBJECT_BYTES)
    seconds = FLUSHES * FLUSH_RUN_SECONDS + work.events / FLUSH_LOGS_A_SECOND
    stored_gb = text * GZIP_SHARE / 1e9 * work.stored_months
    return [
        Line("Lambda", f"flush, {seconds:,.0f} s at 512 MB", _gb_seconds(seconds * FLUSH_GB, prices)),
        Line("Lambda", f"flush, {FLUSHES:,} runs", FLUSHES * prices["lambda"]["request"]),
        Line("EventBridge", f"{FLUSHES:,} schedules", FLUSHES * prices["scheduler"]["invocation"]),
        Line("S3", f"{objects:,} objects put", objects * prices["s3"]["put"]),
        Line("S3", f"raw, {stored_gb:,.1f} GB stored", stored_gb * prices["s3"]["gb_month"], "store"),
    ]


def decisions(work: Workload, prices: dict[str, Any]) -> list[Line]:
    """The decision service: each decision is a call, a read of one unit, and an exposure in the queue; each show a
    write."""
    count, shows, endpoint = work.decisions, work.decisions * SHOWN_SHARE, []
    if count == 0:
        return []
    if work.front_door != "server":
        calls = count * prices["lambda"]["request"] + _gb_seconds(count * DECIDE_SECONDS * COLLECTOR_GB, prices)
        endpoint.append(Line("Lambda", f"{count:,.0f} decisions", calls, "analyse"))
    if work.front_door == "rest-api":
        after_events = stepped(prices["rest_api"]["steps"], work.requests + count)
        requests = after_events - stepped(prices["rest_api"]["steps"], work.requests)
        endpoint.append(Line("API Gateway", f"{count:,.0f} decisions", requests, "analyse"))
    return [
        *endpoint,
        # Two items each, profile and counts, of half a unit.
        Line("DynamoDB", f"{count:,.0f} profiles read", count * prices["dynamodb"]["read"], "analyse"),
        Line("DynamoDB", f"{shows:,.0f} showings counted", shows * prices["dynamodb"]["write"], "analyse"),
        Line("SQS", f"{count:,.0f} exposures", count * 1.2 * prices["sqs"]["request"], "analyse"),
    ]


def messages(work: Workload, prices: dict[str, Any]) -> list[Line]:
    """Text messages: SNS's price of one piece of 160 characters in the US, without the carrier's fee."""
    if work.messages == 0:
        return []
    return [Line("SNS", f"{work.messages:,.0f} messages", work.messages * prices["sns"]["message"], "analyse")]


def operation(work: Workload, prices: dict[str, Any]) -> list[Line]:
    """Alarms, figures, dashboard and log lines."""
    watch = prices["cloudwatch"]
    log_gb = FLUSHES * FLUSH_LOG_BYTES / 1e9
    figures = HOURLY_FIGURES + RUN_FIGURES * HOURS_WITH_RUNS[work.freshness] / 730
    shown = []
    if work.dashboard:
        seconds = DASHBOARD_REQUESTS * DASHBOARD_SECONDS
        usd = DASHBOARD_REQUESTS * prices["lambda"]["request"] + _gb_seconds(seconds * DASHBOARD_GB, prices)
        shown = [Line("Lambda", f"dashboard, {DASHBOARD_REQUESTS:,} requests", usd, "operate")]
    return [
        *shown,
        Line("CloudWatch", f"{ALARMS} alarms", ALARMS * watch["alarm"], "operate"),
        Line(
            "CloudWatch", f"{HOURLY_FIGURES + RUN_FIGURES} figures of log lines", figures * watch["figure"], "operate"
        ),
        Line("CloudWatch", "dashboard", watch["dashboard"], "operate"),
        Line("CloudWatch", f"{log_gb:,.2f} GB of log lines", log_gb * watch["log_gb"], "operate"),
    ]


def _gb_seconds(amount: float, prices: dict[str, Any]) -> float:
    return float(amount * prices["lambda"]["arm_gb_second"])
