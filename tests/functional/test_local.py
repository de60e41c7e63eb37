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
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
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
WAIT_SECONDS = 300
MAIN = "from cli.main import main; main()"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
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
    with urllib.request.urlopen(f"{stack.dashboard_url}/data/overview/trend", timeout=30) as answer:
        [row] = json.load(answer)["rows"]

    assert {row[name] for name in ("visitors", "sessions", "views", "conversions")} == {0}


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


@contextmanager
def dev(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command as a user does, on free ports; end it with the test, however that ends."""
    ports_ = ("--collector-port", "0", "--dashboard-port", "0")
    command = [sys.executable, "-c", MAIN, "dev", *ports_, "--directory", str(folder / "run"), *options]
    with (
        (folder / "dev.err").open("a") as errors,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            yield process
            process.wait(WAIT_SECONDS)
        finally:
            process.kill()


def logdig(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


class Printed:
    """What a running `logdig dev` has printed: its addresses, its token, and the lines of its parts."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        head = self.lines_until("Ctrl-C stops")
        urls = {line.split()[0]: line.split()[1] for line in head if "http" in line and not line.startswith(" ")}
        self.collector, self.dashboard, self.aws = urls["collector"], urls["dashboard"], urls["AWS"]
        self.tag = next(line.strip() for line in head if "<script" in line)
        self.token = self.tag.split('data-token="')[1].split('"')[0]
        self.ports = [int(url.rsplit(":", 1)[1]) for url in urls.values()]

    def lines_until(self, text: str) -> list[str]:
        """Lines up to the one with a text; fails when the process ends before."""
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if text in line:
                return lines
        pytest.fail(f"ended with {self._process.wait()} before it printed {text!r}: {lines}, errors in dev.err")


def send(printed: Printed, name: str, *, origin: str = "http://localhost:5173", token: str = "") -> int:
    """Post a click of a page on this machine as a browser does; return the status."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = CLICK["events"][0] | {
        "event_id": name, "type": "click", "timestamp": now, "current_page": f"{origin}/cart", "x": 10, "y": 20,
        "element": {"selector": "#buy", "ex": 100, "ey": 100, "w": 40, "h": 20, "fixed": False},
        "view": {"vw": 1000, "vh": 700, "dw": 1000, "dh": 1400, "sx": 0, "sy": 0, "dpr": 1},
    }  # fmt: skip
    del event["custom"]
    headers = {"Content-Type": "application/json", "Origin": origin, "User-Agent": BROWSER}
    body = json.dumps({"token": token or printed.token, "events": [event]}).encode()
    request = urllib.request.Request(f"{printed.collector}/v1/events", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["accepted"] == 1
            return answer.status
    except urllib.error.HTTPError as err:
        return err.code


def summary(printed: Printed) -> tuple[int, int]:
    """Clicks in the events and in the marts, as the dashboard shows them."""
    with urllib.request.urlopen(f"{printed.dashboard}/data/overview/traffic", timeout=120) as answer:
        events = sum(row["events"] for row in json.load(answer)["rows"])
    with urllib.request.urlopen(f"{printed.dashboard}/data/map/heatmap?page=/cart", timeout=120) as answer:
        return events, json.load(answer)["account"]["clicks"]


def descendants(pid: int) -> set[int]:
    """Processes that a process has started, and those that these have."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rsplit(")", 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, wanted = set[int](), {pid}
    while wanted:
        wanted = {child for child, parent in parents.items() if parent in wanted} - found
        found |= wanted
    return found


def runs(pid: int) -> bool:
    """Tell whether a process exists and is no zombie, which nobody may reap in a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_ended(pids: set[int]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while still := [pid for pid in pids if runs(pid)]:
        assert time.monotonic() < deadline, f"processes still run: {still}"
        time.sleep(0.05)


# Spark starts twice and makes all marts three times, which a busy machine may take very long for.
@pytest.mark.timeout(2400)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children of a killed parent")
def test_dev_shows_an_event_in_the_marts_and_keeps_it_when_it_starts_again(tmp_path: Path) -> None:
    with dev(tmp_path, "--flush-seconds", "0.5") as process:
        first = Printed(process)
        assert send(first, "click-before-restart-1", origin="http://127.0.0.1:4321") == 202
        first.lines_until("are in the tables")
        assert summary(first) == (1, 1)

        parts = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        assert "stopped" in process.stdout.read()
    wait_until_ended(parts)

    with dev(tmp_path, "--flush-seconds", "0.5") as process:
        second = Printed(process)
        second.lines_until("marts: 1 events and 0 rejected are in the tables")
        assert (summary(second), second.token) == ((1, 1), first.token)

        assert send(second, "click-after-restart-01", origin="http://[::1]:9") == 202
        second.lines_until("marts: 1 events and 0 rejected are in the tables")
        assert summary(second) == (2, 2)

        parts = descendants(process.pid)
        process.kill()
    wait_until_ended(parts)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children of a killed parent")
def test_dev_loses_nothing_and_starts_again_when_it_is_killed(tmp_path: Path) -> None:
    with dev(tmp_path, "--no-jobs", "--flush-seconds", "3600") as process:
        first = Printed(process)
        assert send(first, "click-before-the-kill-1") == 202
        parts = descendants(process.pid)
        process.kill()

    # At once: the parts of the killed run may still end.
    with dev(tmp_path, "--no-jobs", "--flush-seconds", "0.2") as process:
        second = Printed(process)
        raw = wait_for_raw(second.aws)
        process.send_signal(signal.SIGINT)

    assert [line["event_id"] for line in raw] == ["click-before-the-kill-1"]
    assert second.token == first.token
    wait_until_ended(parts)
    wait_until_closed([*first.ports, *second.ports])


def wait_for_raw(aws_url: str) -> list[dict[str, object]]:
    """Stored lines of the default settings' bucket, once there are any."""
    s3 = boto3.client("s3", endpoint_url=aws_url, region_name=Settings().region)
    deadline = time.monotonic() + WAIT_SECONDS
    while not (found := s3.list_objects_v2(Bucket=Settings().bucket_name, Prefix="raw/").get("Contents", [])):
        assert time.monotonic() < deadline, "nothing was flushed"
        time.sleep(0.1)
    bodies = [s3.get_object(Bucket=Settings().bucket_name, Key=each["Key"])["Body"].read() for each in found]
    return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


def test_dev_forgets_events_and_keeps_the_token_when_it_is_reset(tmp_path: Path) -> None:
    with dev(tmp_path, "--no-jobs", "--flush-seconds", "0.2") as process:
        first = Printed(process)
        send(first, "click-before-the-reset")
        wait_for_raw(first.aws)
        process.send_signal(signal.SIGTERM)

    with dev(tmp_path, "--no-jobs", "--reset") as process:
        second = Printed(process)
        s3 = boto3.client("s3", endpoint_url=second.aws, region_name=Settings().region)
        found = s3.list_objects_v2(Bucket=Settings().bucket_name)
        process.send_signal(signal.SIGINT)

    assert "Contents" not in found
    assert second.token == first.token


def test_dev_names_each_refused_sender_once_and_serves_the_tracker(tmp_path: Path) -> None:
    with dev(tmp_path, "--no-jobs") as process:
        printed = Printed(process)
        for number in range(2):
            assert send(printed, f"click-of-another-site-{number}", origin="https://other.example") == 403
            assert send(printed, f"click-of-a-wrong-token{number}", token="pk_wrong_123") == 401
        lines = printed.lines_until("refused token")
        script = printed.tag.split('src="')[1].split('"')[0]
        parts = [script, script.replace(".js", ".options.js"), f"{printed.collector}/clicktracker.decide.js"]
        answers = [urllib.request.urlopen(part, timeout=60) for part in parts]
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()

    assert [line.split("  ", 1)[1].split(":")[0] for line in lines if "refused" in line] == [
        "refused origin 'https", "refused token 'pk_wrong_123'",
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Content-Type"].startswith("text/javascript")
        assert answer.read()


def test_dev_env_points_other_commands_at_the_run_and_a_second_run_is_refused(tmp_path: Path) -> None:
    none = logdig(tmp_path, "dev", "env", "--directory", "run")
    with dev(tmp_path, "--no-jobs", "--flush-seconds", "3600") as process:
        printed = Printed(process)
        second = logdig(tmp_path, "dev", "--directory", "run")
        send(printed, "click-for-another-shell")
        shell = logdig(tmp_path, "dev", "env", "--directory", "run").stdout
        script = f"{shell}\n'{sys.executable}' -c '{MAIN}' flush --force"
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "LOGDIG_"))}
        flush = subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=clean, capture_output=True, text=True, check=True
        )
        variables = json.loads(logdig(tmp_path, "dev", "--directory", "run", "env", "--json").stdout)
        raw = wait_for_raw(printed.aws)
        process.send_signal(signal.SIGINT)
    after = logdig(tmp_path, "dev", "env", "--directory", "run")

    assert [line["event_id"] for line in raw] == ["click-for-another-shell"], flush.stdout
    assert variables["AWS_ENDPOINT_URL"] == printed.aws
    assert variables["LOGDIG_CONFIG"] == str(tmp_path / "run" / "logdig.toml")
    assert (second.returncode, "already runs in" in second.stderr, second.stderr.count("\n")) == (1, True, 1)
    for refused in (none, after):
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "no 'logdig dev' runs in" in refused.stderr


def test_dev_names_the_port_that_is_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = logdig(tmp_path, "dev", "--directory", "run", "--collector-port", str(port))

    assert (found.returncode, found.stdout) == (1, "")
    assert f"port {port} for the collector is in use" in found.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children of a killed parent")
def test_dev_leaves_no_process_when_it_is_killed(tmp_path: Path) -> None:
    with dev(tmp_path, "--no-jobs") as process:
        printed = Printed(process)
        assert all(is_open(port) for port in printed.ports)

        process.kill()

    wait_until_closed(printed.ports)


def test_dev_stops_all_parts_when_interrupted(tmp_path: Path) -> None:
    with dev(tmp_path, "--no-jobs") as process:
        printed = Printed(process)

        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert process.returncode == 0
    assert "stopped" in rest
    assert not any(is_open(port) for port in printed.ports)


def test_stack_starts_the_jobs_again_when_they_were_killed(tmp_path: Path) -> None:
    told: list[str] = []
    with LocalStack(SETTINGS, tmp_path, os.environ, flush_seconds=60, with_jobs=True) as running:
        jobs = running._jobs
        os.kill(jobs.pid, signal.SIGKILL)

        def end(line: str) -> None:
            told.append(line)
            running._stopping.set()

        assert running.wait(end) == ""
        assert running._jobs is not jobs
        assert not running.problem()

    assert told[0].startswith("jobs ended with code -9")
    assert told[0].endswith("started again")
