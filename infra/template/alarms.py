"""Alarms, the topic they publish to, and the budget. Each alarm names the next step."""

from __future__ import annotations

from typing import Any

from infra.template.functions import Function, endpoint_functions, flush_function, function_name, topic_policy
from infra.template.resource import Resource, Resources, make, ref, tags
from logdig.config.settings import Settings

QUARTER_SECONDS, HOUR_SECONDS = 900, 3600
REJECTED_PERCENT = 10
BUDGET_PERCENT = 80
JOB_HOURS = {"daily": 26, "hourly": 3, "live": 1}
"""Hours within which an ingest must finish, by freshness."""
FORECAST_PERCENT = 100
FAULTS = ("set_aside", "objects_damaged", "doubled_rows")
"""Notes of jobs' reports, counts that ought to be 0: of `ingest`, `ledger` and `maintain`."""


def namespace(settings: Settings) -> str:
    """CloudWatch namespace of the metrics that are read from log lines."""
    return f"LogDig/{settings.prefix}"


def alarms(settings: Settings) -> Resources:
    """Alarms, topic and budget."""
    return {
        **_topic(settings),
        **_log_figures(settings),
        **_queue_alarms(settings),
        **_error_alarms(settings),
        "RejectedShare": _rejected_share(settings),
        **_job_alarms(settings),
        **_budget(settings),
    }


def _topic(settings: Settings) -> Resources:
    name = f"{settings.prefix}-alarms"
    accepted = {"CKV_AWS_26": "CloudWatch cannot publish to a topic with AWS's key; messages hold names and figures."}
    resources = {
        "AlarmsTopic": make(
            settings, "AWS::SNS::Topic", "Receives the alarms.", {"TopicName": name, "DisplayName": name},
            accepted=accepted,
        ),
        "AlarmsTopicPolicy": topic_policy(
            settings, "AlarmsTopic", ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
        ),
    }  # fmt: skip
    if settings.alarm_email:
        properties = {"TopicArn": ref("AlarmsTopic"), "Protocol": "email", "Endpoint": settings.alarm_email}
        resources["AlarmsMail"] = make(settings, "AWS::SNS::Subscription", "Who reads the alarms.", properties)
    return resources


def _log_figures(settings: Settings) -> Resources:
    # One metric, not two and their quotient: each costs as much a month as three alarms.
    flush = {"RejectedPercent": ("{ $.rejected_percent >= 0 }", "$.rejected_percent")}
    jobs = {
        "Ingests": ('{ $.name = "ingest" }', "1"),
        "LedgerGap": ('{ $.name = "ledger" && $.notes.broken_sums >= 0 }', "$.notes.broken_sums"),
        # One figure for all, as an alarm each would cost more than the ledger.
        "LakeFaults": (" ".join(["{", " || ".join(f"($.notes.{note} > 0)" for note in FAULTS), "}"]), "1"),
    }
    resources = {}
    for group, figures in (("FlushLog", flush), ("JobsLog", jobs)):
        for name, (pattern, value) in figures.items():
            properties = {
                "FilterName": f"{settings.prefix}-{name}",
                "LogGroupName": ref(group),
                "FilterPattern": pattern,
                "MetricTransformations": [
                    {"MetricNamespace": namespace(settings), "MetricName": name, "MetricValue": value}
                ],
            }
            resources[f"{name}Figure"] = make(
                settings, "AWS::Logs::MetricFilter", f"Figure {name} from log lines.", properties
            )
    return resources


def _queue_alarms(settings: Settings) -> Resources:
    late = 3 * max(settings.flush.max_age_seconds, settings.flush.interval_seconds)
    return {
        "DeadLettersAlarm": alarm(
            settings,
            "dead-letters",
            "Messages are in the dead-letter queue; see 'logdig dlq list' and redrive them within 14 days.",
            sqs_metric(settings.dlq_name, "ApproximateNumberOfMessagesVisible", "Maximum"),
            1,
        ),
        "OldestMessageAlarm": alarm(
            settings,
            "oldest-message",
            f"An event has waited over {late} s for the flush; see 'logdig tail --of flush' or set flush.flushers.",
            sqs_metric(settings.queue_name, "ApproximateAgeOfOldestMessage", "Maximum"),
            late,
        ),
    }


def _error_alarms(settings: Settings) -> Resources:
    resources = {}
    for function in (*endpoint_functions(settings), flush_function(settings)):
        resources[f"{function.logical_id}ErrorsAlarm"] = _errors(settings, function)
    if settings.front_door == "server":
        metric = {
            "Namespace": "AWS/ElasticBeanstalk",
            "MetricName": "EnvironmentHealth",
            "Dimensions": [{"Name": "EnvironmentName", "Value": f"{settings.prefix}-server"}],
            "Statistic": "Maximum",
        }
        # 0 ok, 15 warning, 20 degraded, 25 severe.
        resources["ServerHealthAlarm"] = alarm(
            settings, "server-health", "The servers are degraded; see Elastic Beanstalk's events.", metric, 20
        )
    return resources


def _errors(settings: Settings, function: Function) -> Resource:
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": function_name(settings, function.name)}],
        "Statistic": "Sum",
    }
    description = f"{function.name} failed; see 'logdig tail --of {function.name}'. Events wait in tracker or queue."
    return alarm(settings, f"{function.name}-errors", description, metric, 1)


def _rejected_share(settings: Settings) -> Resource:
    share = {"Namespace": namespace(settings), "MetricName": "RejectedPercent", "Statistic": "Maximum"}
    description = "Many events of a flush were rejected; see the reasons with 'logdig bad list'."
    return alarm(settings, "rejected-share", description, share, REJECTED_PERCENT, period=HOUR_SECONDS)


def _job_alarms(settings: Settings) -> Resources:
    hours = JOB_HOURS[settings.freshness]
    own = namespace(settings)
    gap = {"Namespace": own, "MetricName": "LedgerGap", "Statistic": "Maximum"}
    faults = {"Namespace": own, "MetricName": "LakeFaults", "Statistic": "Sum"}
    done = {"Namespace": own, "MetricName": "Ingests", "Statistic": "Sum"}
    return {
        "LedgerGapAlarm": alarm(
            settings, "ledger-gap", "The ledger does not add up; see 'logdig ledger --check'.", gap, 1,
            period=HOUR_SECONDS,
        ),
        "LakeFaultsAlarm": alarm(
            settings, "lake-faults",
            "Objects cannot be read, or events were doubled; see 'logdig tail --of jobs', 'logdig verify'.", faults, 1,
            period=HOUR_SECONDS,
        ),
        "JobAgeAlarm": alarm(
            settings,
            "job-age",
            f"No ingest finished within {hours} h; see 'logdig status'. Events are safe in the bucket.",
            done,
            1,
            period=HOUR_SECONDS,
            periods=hours,
            below=True,
        ),
    }  # fmt: skip


def sqs_metric(queue: str, name: str, statistic: str) -> dict[str, Any]:
    """A metric of a queue."""
    dimensions = [{"Name": "QueueName", "Value": queue}]
    return {"Namespace": "AWS/SQS", "MetricName": name, "Dimensions": dimensions, "Statistic": statistic}


def _about(settings: Settings, name: str, description: str) -> dict[str, Any]:
    return {
        "AlarmName": f"{settings.prefix}-{name}",
        "AlarmDescription": description,
        "AlarmActions": [ref("AlarmsTopic")],
        "OKActions": [ref("AlarmsTopic")],
    }


def alarm(
    settings: Settings,
    name: str,
    description: str,
    metric: dict[str, Any],
    threshold: float,
    *,
    period: int = QUARTER_SECONDS,
    periods: int = 1,
    below: bool = False,
) -> Resource:
    """An alarm at or above the threshold; with ``below``, under it or without data."""
    properties = {
        **_about(settings, name, description),
        **metric,
        "Period": period,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": periods,
        "Threshold": threshold,
        "ComparisonOperator": "LessThanThreshold" if below else "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "breaching" if below else "notBreaching",
    }
    return make(settings, "AWS::CloudWatch::Alarm", description, properties)


def _budget(settings: Settings) -> Resources:
    if settings.monthly_budget_usd == 0:
        return {}
    notices = [("ACTUAL", BUDGET_PERCENT), ("FORECASTED", FORECAST_PERCENT)]
    subscriber = {"SubscriptionType": "SNS", "Address": ref("AlarmsTopic")}
    properties = {
        "Budget": {
            "BudgetName": f"{settings.prefix}-{settings.region}",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": settings.monthly_budget_usd, "Unit": "USD"},
        },
        "NotificationsWithSubscribers": [
            {
                "Notification": {
                    "NotificationType": kind,
                    "ComparisonOperator": "GREATER_THAN",
                    "ThresholdType": "PERCENTAGE",
                    "Threshold": percent,
                },
                "Subscribers": [subscriber],
            }
            for kind, percent in notices
        ],
        "ResourceTags": tags(settings),
    }
    meaning = "Warns before the month costs more than planned."
    return {"Budget": make(settings, "AWS::Budgets::Budget", meaning, properties, after=("AlarmsTopicPolicy",))}
