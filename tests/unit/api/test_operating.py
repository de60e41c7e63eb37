"""What an operator sees: /metrics, log lines, CloudWatch lines, and the page that names them all."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api import asgi, group_commit, group_log, metrics, server
from api.group_commit import GroupResult
from infra.template.alarms import alarms
from lambdas.emf import METRICS, SEND_LATENCY, MeasuredCollector
from logdig.collect import rate_limits
from logdig.collect.http import RefusedError, Request
from logdig.counters import COUNTERS, SEND_SECONDS, Counters
from logdig.errors import QueueUnavailableError
from logdig.queue.counted import CountedSender
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, body, collector, event, post
from tests.unit.infra.template.test_template import SETTINGS

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
HELD = {"logdig_held_requests": 2.0, "logdig_held_bytes": 3.0}
SENT = GroupResult("shop", 3, 5, 1, 1, 4096, 0.0123, None)


def ask(address: str | None = "127.0.0.1", method: str = "GET", **headers: str) -> Request:
    lower = tuple((name.lower().replace("_", "-"), value) for name, value in headers.items())
    return Request(method, "/metrics", "", lower, b"", address)


def test_metrics_page_shows_every_counter_gauge_and_latency_once() -> None:
    counters = Counters()
    counters.add("logdig_accepted_events_total", 1_234_567, app="shop")
    counters.observe_send(0.007)

    lines = metrics.MetricsPage(counters, None).page(ask(), HELD).body.decode().splitlines()

    assert 'logdig_accepted_events_total{app="shop"} 1234567' in lines
    assert "logdig_held_bytes 3" in lines
    assert f'{SEND_SECONDS}_bucket{{le="0.005"}} 0' in lines
    assert f'{SEND_SECONDS}_bucket{{le="0.01"}} 1' in lines
    assert f'{SEND_SECONDS}_bucket{{le="+Inf"}} 1' in lines
    kinds = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert sorted(kinds) == sorted([*COUNTERS, *metrics.GAUGES, SEND_SECONDS])
    assert all(re.fullmatch(r'# .*|[a-z_]+(\{([a-z]+="[^"\\]*",?)+\})? [0-9.]+', line) for line in lines)


@pytest.mark.parametrize(
    ("token", "request_", "may"),
    [
        (None, ask(), True),
        (None, ask("::1"), True),
        (None, ask("10.0.0.1"), False),
        (None, ask(None), False),
        (None, ask(x_forwarded_for="203.0.113.9"), False),
        ("secret", ask("203.0.113.9", authorization="Bearer secret"), True),
        ("secret", ask(authorization="Bearer other"), False),
        ("secret", ask(), False),
    ],
)
def test_metrics_are_shown_with_the_token_or_without_one_on_this_machine_only(
    token: str | None, request_: Request, may: bool
) -> None:
    guarded = metrics.MetricsPage(Counters(), token)

    if may:
        assert guarded.page(request_, HELD).status == 200
    else:
        with pytest.raises(RefusedError) as refused:
            guarded.page(request_, HELD)
        assert refused.value.http_status == 403


def test_metrics_take_no_other_method() -> None:
    with pytest.raises(RefusedError) as refused:
        metrics.MetricsPage(Counters(), None).page(ask(method="POST"), HELD)

    assert refused.value.http_status == 405


def test_group_line_tells_counts_sizes_and_times() -> None:
    line = json.loads(group_log.group_line(SENT, datetime(2026, 11, 24, 12, tzinfo=UTC), 99))

    assert line == {
        "at": "2026-11-24T12:00:00.000Z", "event": "group", "outcome": "ok", "app": "shop", "requests": 3, "events": 5,
        "rejected": 1, "messages": 1, "bytes": 4096, "send_ms": 12.3, "held_bytes": 99,
    }  # fmt: skip


def test_group_line_names_the_failure() -> None:
    failed = GroupResult("shop", 1, 1, 0, 1, 10, 0.1, QueueUnavailableError("SQS is away"))

    line = json.loads(group_log.group_line(failed, datetime(2026, 11, 24, tzinfo=UTC), 0))

    assert (line["outcome"], line["error"]) == ("failed", "SQS is away")


class Sends:
    """A sink of one counted message a batch."""

    def __init__(self, counters: Counters) -> None:
        self._sender = CountedSender(self, counters, iter([1.0, 1.5]).__next__)

    def send(self, body: str) -> None:
        pass

    def commit(self, batch: Any) -> None:
        self._sender.send("12345")


def test_lambda_line_holds_what_one_request_added(capsys: pytest.CaptureFixture[str]) -> None:
    counters = Counters()
    measured = MeasuredCollector(collector(Sends(counters), counters=counters), "logdig-dev")

    measured.handle(post(body(event(), event(seq=-1))))
    measured.handle(Request("GET", "/healthz"))

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["Accepted"], first["Rejected"], first["SentMessages"], first[SEND_LATENCY]) == (1, 1, 1, 500)
    assert (first["app"], first["reason"], first["status"]) == (["shop"], ["wrong_value"], ["202"])
    assert (second["Accepted"], second["Bytes"], second["path"]) == (0, 0, ["/healthz"])
    assert SEND_LATENCY not in second
    (directive,) = first["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} <= set(first)
    assert directive["Dimensions"] == [["service"]]


def test_lambda_line_names_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    measured = MeasuredCollector(collector(MemorySink()), "logdig-dev")

    measured.handle(Request("POST", "/v1/events", "", BROWSER, body(event(user_key="person-7719")), "203.0.113.9"))

    line = capsys.readouterr().out
    assert not [text for text in ("7719", "203.0.113.9", "Mozilla") if text in line]


def test_operations_page_names_every_metric_reason_setting_and_field() -> None:
    line = json.loads(group_log.group_line(SENT, datetime(2026, 11, 24, tzinfo=UTC), 0))
    names = {*COUNTERS, SEND_SECONDS, *metrics.GAUGES, *METRICS, SEND_LATENCY, "HeldRequests", *line, "error"}
    names |= {metrics.TOKEN_VARIABLE, "requests_per_minute", "address_requests_per_minute"}
    root = Path(__file__).resolve().parents[3]
    for path in (root / "logdig").rglob("*.py"):
        names |= set(re.findall(r'code="(\w+)"', path.read_text(encoding="utf-8")))
    names |= {kind for kind in re.findall(r'"(\w+)"\)', (root / "logdig/counters.py").read_text()) if "_" in kind}

    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


def test_operations_page_tells_the_limits_of_the_source() -> None:
    mib = 1024 * 1024
    for said in (
        f"{asgi.HELD_REQUESTS_LIMIT:,} requests",
        f"{asgi.BODY_BYTES_LIMIT // mib} MiB of bodies",
        f"{group_commit.HELD_BYTES_LIMIT // mib} MiB of events",
        f"{asgi.BODY_SECONDS:g} s for a body",
        f"{server.HEADER_SECONDS} s for a head",
        f"{server.HEADER_BYTES_LIMIT // 1024} KiB for a head",
        f"{server.CONNECTIONS_LIMIT:,} connections",
        f"{group_commit.ANSWER_SECONDS:g} s for an answer",
        f"{group_commit.LINGER_SECONDS * 1000:g} ms of linger",
        f"{group_commit.SENDERS} sends",
        f"{rate_limits.BUCKETS_LIMIT:,} buckets",
        f"{server.OPEN_SECONDS + server.END_SECONDS} s to end",
    ):
        assert said in PAGE, said


def test_functions_log_our_warnings_where_lambda_reads_them() -> None:
    import lambdas.app  # noqa: F401 (making the application is what could silence them)

    log = logging.getLogger("logdig.queue.event_queue")

    assert log.isEnabledFor(logging.WARNING)
    assert logging.getLogger("logdig").propagate
    assert logging.getLogger("logdig").handlers == []


@pytest.mark.parametrize("front_door", ["function-url", "rest-api", "server"])
def test_operations_page_says_what_to_do_at_each_alarm(front_door: str) -> None:
    settings = msgspec.structs.replace(SETTINGS, front_door=front_door)
    properties = [
        alarm["Properties"] for alarm in alarms(settings).values() if alarm["Type"] == "AWS::CloudWatch::Alarm"
    ]
    names = {propertie["AlarmName"].removeprefix(f"{settings.prefix}-") for propertie in properties}

    assert len(names) >= 7
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []
