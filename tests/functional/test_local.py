"""The whole stack on one machine: it starts, carries an event into S3, names what went wrong, and leaves nothing."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import pytest

from infra.local.processes import Child
from infra.local.stack import LOCAL_KEYS, LocalStack
from logdig.config.settings import AppSettings, FlushSettings, Settings
from logdig.errors import MissingPartError

ORIGIN = "http://localhost:3000"
SETTINGS = Settings(
    apps=(AppSettings(name="music", token="pk_music_12345678", origins=(ORIGIN,)),), flush=FlushSettings(min_logs=1)
)
WAIT_SECONDS = 60
CLICK = {
    "token": "pk_music_12345678",
    "events": [
        {
            "event_id": "local-stack-event-0001", "seq": 1, "page_view_id": "v1", "type": "custom",
            "user_key": "u1", "session_id": "s1", "current_page": f"{ORIGIN}/", "load_count": 1, "spent_milli_sec": 5,
            "consent": {"analytics": True, "ads": False}, "custom": {"name": "hello"},
        }
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> LocalStack:
    folder = tmp_path_factory.mktemp("stack")
    with LocalStack(SETTINGS, folder, os.environ, flush_seconds=0.5) as running:
        yield running


def post(url: str) -> int:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    body = {**CLICK, "events": [{**CLICK["events"][0], "timestamp": now}]}
    headers = {"Content-Type": "application/json", "Origin": ORIGIN}
    request = urllib.request.Request(f"{url}/v1/events", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def ports(stack: LocalStack) -> list[int]:
    return [int(url.rsplit(":", 1)[1]) for url in (stack.aws_url, stack.collector_url, stack.dashboard_url)]


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until_closed(wanted: list[int]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while still := [port for port in wanted if is_open(port)]:
        assert time.monotonic() < deadline, f"somebody still listens on {still}"
        time.sleep(0.05)


def test_stack_carries_an_event_into_s3_on_its_schedule(stack: LocalStack) -> None:
    assert post(stack.collector_url) == 202

    s3 = boto3.client("s3", endpoint_url=stack.aws_url, region_name=SETTINGS.region)
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := s3.list_objects_v2(Bucket=SETTINGS.bucket_name, Prefix="raw/").get("Contents", [])):
        assert time.monotonic() < deadline, stack.flush_problem
        time.sleep(0.1)
    body = s3.get_object(Bucket=SETTINGS.bucket_name, Key=found[0]["Key"])["Body"].read()

    assert [json.loads(line)["event_id"] for line in gzip.decompress(body).splitlines()] == ["local-stack-event-0001"]


def test_stack_serves_the_dashboard_with_empty_marts(stack: LocalStack) -> None:
    with urllib.request.urlopen(f"{stack.dashboard_url}/data/summary", timeout=30) as answer:
        totals = json.load(answer)["totals"]

    assert set(totals.values()) == {0}


def test_stack_makes_queue_and_tables_as_described(stack: LocalStack) -> None:
    sqs, dynamodb = (
        boto3.client(name, endpoint_url=stack.aws_url, region_name=SETTINGS.region) for name in ("sqs", "dynamodb")
    )

    url = sqs.get_queue_url(QueueName=SETTINGS.queue_name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    ttl = dynamodb.describe_time_to_live(TableName=SETTINGS.profile_table_name)["TimeToLiveDescription"]

    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 50
    assert (attributes["VisibilityTimeout"], attributes["MessageRetentionPeriod"]) == ("300", str(14 * 24 * 3600))
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("expires_at", "ENABLED")
    assert f"{SETTINGS.prefix}-locks" in dynamodb.list_tables()["TableNames"]


def test_stack_stops_everything_and_forgets_its_address(tmp_path: Path) -> None:
    before = {key: os.environ.get(key) for key in LOCAL_KEYS}

    with LocalStack(SETTINGS, tmp_path, os.environ) as running:
        assert all(is_open(port) for port in ports(running))

    assert not any(is_open(port) for port in ports(running))
    assert {key: os.environ.get(key) for key in LOCAL_KEYS} == before


def test_stack_names_the_part_that_ended(tmp_path: Path) -> None:
    with LocalStack(SETTINGS, tmp_path, os.environ) as running:
        collector = next(child for child in running._children if child.name == "collector")
        os.kill(collector.pid, signal.SIGKILL)

        problem = running.wait()

    assert problem.startswith("collector ended with code -9")
    assert not any(is_open(port) for port in ports(running))


def test_stack_names_the_port_that_is_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(MissingPartError, match=f"port {port} for the dashboard is in use"):
            LocalStack(SETTINGS, tmp_path, os.environ, dashboard_port=port)


def test_child_tells_its_last_words_when_it_does_not_start(tmp_path: Path) -> None:
    child = Child("part", [sys.executable, "-c", "raise SystemExit('no flour')"], os.environ, tmp_path / "part.log")

    with pytest.raises(MissingPartError, match="part ended with code 1: no flour"):
        child.wait_until_answers("http://127.0.0.1:9")

    child.stop()


def dev(folder: Path) -> subprocess.Popen[str]:
    script = "from cli.commands.dev import command; command()"
    ports_ = ["--collector-port", "0", "--dashboard-port", "0"]
    command = [sys.executable, "-c", script, *ports_, "--directory", str(folder / "run")]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)


def printed_ports(process: subprocess.Popen[str]) -> list[int]:
    lines = [process.stdout.readline() for _ in range(3)]
    return [int(line.split()[1].rsplit(":", 1)[1]) for line in lines]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children of a killed parent")
def test_dev_leaves_no_process_when_it_is_killed(tmp_path: Path) -> None:
    with dev(tmp_path) as process:
        wanted = printed_ports(process)
        assert all(is_open(port) for port in wanted)

        process.kill()

    wait_until_closed(wanted)


def test_dev_stops_all_parts_when_interrupted(tmp_path: Path) -> None:
    with dev(tmp_path) as process:
        wanted = printed_ports(process)

        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert process.returncode == 0
    assert "stopped" in rest
    assert not any(is_open(port) for port in wanted)
