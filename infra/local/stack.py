"""The whole stack on one machine: an AWS emulator, the collector, a scheduled flush, the dashboard.

The parts are the ones that run in the cloud; only the endpoint differs. Source: docs/local.md.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.local.processes import Child, take_port
from infra.resources import Table, dlq_attributes, lock_table, profile_table, queue_attributes
from infra.template.storage import lifecycle
from logdig.config.settings import Settings
from logdig.config.signatures import secret_variable
from logdig.config.toml_file import write_settings
from logdig.errors import LogDigError

WATCH_SECONDS = 0.5


def create_resources(settings: Settings, environment: Mapping[str, str]) -> None:
    """Create queue, dead-letter queue, bucket, database and tables; existing ones stay as they are.

    Args:
        settings: Names.
        environment: Holds ``AWS_ENDPOINT_URL`` and credentials.
    """

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=settings.region,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )

    sqs = client("sqs")
    dlq_url = sqs.create_queue(QueueName=settings.dlq_name, Attributes=dlq_attributes())["QueueUrl"]
    dlq = sqs.get_queue_attributes(QueueUrl=dlq_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.create_queue(QueueName=settings.queue_name, Attributes=queue_attributes(dlq))
    location = {"LocationConstraint": settings.region}
    bucket = {"Bucket": settings.bucket_name} | (
        {} if settings.region == "us-east-1" else {"CreateBucketConfiguration": location}
    )
    _ignore_existing(lambda: client("s3").create_bucket(**bucket))
    rules = {"Rules": [_lifecycle_rule(rule) for rule in lifecycle(settings)]}
    client("s3").put_bucket_lifecycle_configuration(Bucket=settings.bucket_name, LifecycleConfiguration=rules)
    _ignore_existing(lambda: client("glue").create_database(DatabaseInput={"Name": settings.database}))
    for table in (profile_table(settings), lock_table(settings)):
        _create_table(client("dynamodb"), table)


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a rule of the template to the form of the S3 API."""
    same = ("Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    converted = {name: rule[name] for name in same if name in rule}
    if "ExpirationInDays" in rule:
        converted["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        converted["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    return converted | {"ID": rule["Id"], "Filter": {"Prefix": rule.get("Prefix", "")}}


def _create_table(dynamodb: Any, table: Table) -> None:
    _ignore_existing(lambda: dynamodb.create_table(**table.create_arguments()))
    if table.ttl_attribute:
        specification = {"Enabled": True, "AttributeName": table.ttl_attribute}
        dynamodb.update_time_to_live(TableName=table.name, TimeToLiveSpecification=specification)


def _ignore_existing(create: Callable[[], object]) -> None:
    try:
        create()
    except ClientError as err:
        existing = ("BucketAlreadyOwnedByYou", "AlreadyExistsException", "ResourceInUseException")
        if err.response["Error"]["Code"] not in existing:
            raise


class LocalStack:
    """The stack; use it as a context manager, or `start` and `stop`.

    Args:
        settings: Written to ``logdig.toml`` in the directory for all parts to read.
        directory: Files and logs of this run.
        environment: What the children inherit, usually ``os.environ``.
        collector_port: 0 takes a free one; likewise dashboard_port.
        flush_seconds: Time between two scheduled flushes; None schedules none.
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
    ) -> None:
        self.settings, self.directory = settings, directory
        aws_port = take_port(0, "AWS emulator")
        self._collector_port = take_port(collector_port, "collector")
        self._dashboard_port = take_port(dashboard_port, "dashboard")
        self._flush_seconds = flush_seconds
        self.aws_url = f"http://127.0.0.1:{aws_port}"
        self.collector_url = f"http://127.0.0.1:{self._collector_port}"
        self.dashboard_url = f"http://127.0.0.1:{self._dashboard_port}"
        self.environment = {**environment, **_local_environment(settings, directory, self.aws_url, environment)}
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
        port = self.aws_url.rsplit(":", 1)[1]
        aws = self._child("AWS emulator", "infra.local.emulator", "-H", "127.0.0.1", "-p", port)
        aws.wait_until_answers(f"{self.aws_url}/moto-api/")
        create_resources(self.settings, self.environment)
        self._environment_before = {key: os.environ.get(key) for key in LOCAL_KEYS}
        os.environ.update({key: self.environment[key] for key in LOCAL_KEYS})
        collector = self._child("collector", "api.server", "--port", str(self._collector_port))
        dashboard = self._child("dashboard", "dashboard", "--port", str(self._dashboard_port))
        collector.wait_until_answers(f"{self.collector_url}/healthz")
        dashboard.wait_until_answers(f"{self.dashboard_url}/healthz")
        if self._flush_seconds is not None:
            self._scheduler = threading.Thread(target=self._flush_on_schedule, args=(self._flush_seconds,), daemon=True)
            self._scheduler.start()

    def _child(self, name: str, module: str, *arguments: str) -> Child:
        log = self.directory / f"{name.replace(' ', '-').lower()}.log"
        child = Child(name, [sys.executable, "-m", module, *arguments], self.environment, log)
        self._children.append(child)
        return child

    def _flush_on_schedule(self, seconds: float) -> None:
        """Flush as EventBridge would; a failed run is reported and the next one tries again."""
        from logdig.flush.run import flush_once

        while not self._stopping.wait(seconds):
            try:
                report = flush_once(self.settings, force=False, seconds=max(seconds, 60))
                self.flush_problem = "; ".join(report.errors)
            except LogDigError as err:
                self.flush_problem = err.message

    def wait(self) -> str:
        """Block until a part ends by itself or `stop` is called; describe what ended."""
        while not self._stopping.wait(WATCH_SECONDS):
            if problem := self.problem():
                return problem
        return ""

    def problem(self) -> str:
        """Say which part has ended by itself; empty while all run."""
        return next((ended for child in self._children if (ended := child.ended())), "")

    def stop(self) -> None:
        """Stop every part, the emulator last, and restore the environment of this process."""
        self._stopping.set()
        if self._scheduler is not None:
            self._scheduler.join(timeout=5)
        for child in reversed(self._children):
            child.stop()
        self._children.clear()
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
        "LOGDIG_CONFIG": str(directory / "logdig.toml"),
        "PYTHONUNBUFFERED": "1",
    }
