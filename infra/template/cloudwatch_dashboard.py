"""The CloudWatch dashboard for operators."""

from __future__ import annotations

import json
from typing import Any

from infra.template.alarms import namespace
from infra.template.functions import endpoint_functions, flush_function, function_name
from infra.template.resource import Resources, make
from logdig.config.settings import Settings

WIDTH, HEIGHT = 12, 6
FIVE_MINUTES = 300

Metrics = list[list[Any]]


def dashboard(settings: Settings) -> Resources:
    """The dashboard; two graphs a row."""
    graphs = [
        _graph(settings, title, metrics, number) for number, (title, metrics) in enumerate(_contents(settings).items())
    ]
    properties = {"DashboardName": settings.prefix, "DashboardBody": json.dumps({"widgets": graphs})}
    return {"Dashboard": make(settings, "AWS::CloudWatch::Dashboard", "What an operator looks at first.", properties)}


def _contents(settings: Settings) -> dict[str, Metrics]:
    queue, dlq = settings.queue_name, settings.dlq_name
    names = [
        function_name(settings, function.name) for function in (*endpoint_functions(settings), flush_function(settings))
    ]
    own = namespace(settings)

    def of_functions(metric: str, stat: str) -> Metrics:
        return [["AWS/Lambda", metric, "FunctionName", name, {"stat": stat}] for name in names]

    def of_queue(metric: str, name: str, stat: str) -> list[Any]:
        return ["AWS/SQS", metric, "QueueName", name, {"stat": stat}]

    function_graphs: dict[str, Metrics] = {
        "Calls of the functions": of_functions("Invocations", "Sum"),
        "Errors and throttles": of_functions("Errors", "Sum") + of_functions("Throttles", "Sum"),
        "Milliseconds, 99 of 100 calls": of_functions("Duration", "p99"),
    }
    return function_graphs | {
        "Messages waiting": [
            of_queue("ApproximateNumberOfMessagesVisible", queue, "Maximum"),
            of_queue("ApproximateNumberOfMessagesVisible", dlq, "Maximum"),
        ],
        "Age of the oldest message, s": [of_queue("ApproximateAgeOfOldestMessage", queue, "Maximum")],
        "Packs queued": [of_queue("NumberOfMessagesSent", queue, "Sum")],
        "Events rejected, % of a flush": [[own, "RejectedPercent", {"stat": "Maximum"}]],
        "Ingests that finished": [[own, "Ingests", {"stat": "Sum"}]],
        "Sums of the ledger that do not match": [[own, "LedgerGap", {"stat": "Maximum"}]],
        "Runs with unreadable objects or doubled rows": [[own, "LakeFaults", {"stat": "Sum"}]],
    }


def _graph(settings: Settings, title: str, metrics: Metrics, number: int) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": number % 2 * WIDTH,
        "y": number // 2 * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": settings.region,
            "view": "timeSeries",
            "period": FIVE_MINUTES,
            "metrics": metrics,
        },
    }
