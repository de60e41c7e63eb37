"""One account, one deployed stack and one flow of events, shared by all tests of the road."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from analytics import spark as spark_module
from infra.bootstrap import find_chromium, find_java
from infra.dependencies import HERE
from infra.local import write_settings
from infra.package import build_packages
from infra.template import artifacts_of, build_template
from logdig.settings import AppSettings, FlushSettings, OfferSettings, Settings
from tests.e2e.account import REGION, Account
from tests.e2e.stack import Stack, wait_until
from tests.e2e.traffic import OFFER, TOKEN, bodies, customer_file, recorded_events

EVENTS = 500
BROWSER_CLICKS = 30
PAGE = """<!doctype html><html lang="en"><title>Shop</title><body><button id="buy">Buy</button>
<script async src="/clicktracker.js" data-token="{token}" data-endpoint="{endpoint}"></script></body></html>"""
TRACKER = Path(__file__).resolve().parents[2] / "clicktracker_js" / "dist" / "clicktracker.js"
JOBS = ("ingest", "heat_cells", "listens", "customers", "features", "models", "predictions", "targets")
JOBS_SECONDS = 1200
LOGDIG = Path(sys.executable).with_name("logdig")


def missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"{what} missing; run: make test-e2e")


class Shop:
    """A site with the tracker on its page; ``endpoint`` may be set after it runs."""

    def __init__(self) -> None:
        self.endpoint = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                script = self.path.startswith("/clicktracker.js")
                content = TRACKER.read_bytes() if script else shop.page()
                self.send_response(200)
                self.send_header("Content-Type", "text/javascript" if script else "text/html")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def page(self) -> bytes:
        return PAGE.format(token=TOKEN, endpoint=self.endpoint).encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("account")


@pytest.fixture(scope="session")
def account(directory: Path) -> Iterator[Account]:
    with Account(directory) as account:
        yield account


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def settings(shop: Shop) -> Settings:
    return Settings(
        service="shop",
        apps=(AppSettings(name="web", token=TOKEN, origins=(shop.url,)),),
        offers=(OfferSettings(name=OFFER, holdout_share=0.0),),
        flush=FlushSettings(interval_seconds=60),
    )


@pytest.fixture(scope="session")
def stack(account: Account, settings: Settings, directory: Path) -> Stack:
    """The stack, deployed; its directory holds the settings and the built packages."""
    write_settings(settings, directory / "logdig.toml")
    packages = build_packages(settings, directory / "build", HERE)
    bucket, s3 = "packages", account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for package in packages.all():
        s3.put_object(Bucket=bucket, Key=package.key, Body=package.path.read_bytes(), IfNoneMatch="*")
    template = build_template(settings, artifacts_of(packages, bucket))
    s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(template).encode())
    cloudformation = account.client("cloudformation")
    cloudformation.create_stack(
        StackName=settings.stack_name,
        TemplateURL=f"{account.url}/{bucket}/template.json",
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName=settings.stack_name)["Stacks"][0]["StackStatus"])

    wait_until(lambda: not status().endswith("IN_PROGRESS"), "the stack")
    assert status() == "CREATE_COMPLETE", cloudformation.describe_stack_events(StackName=settings.stack_name)
    return Stack(account, settings, outputs_of(account, settings))


def run_logdig(account: Account, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as the account's owner would."""
    command = [str(LOGDIG), *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "COLUMNS": "200", **account.environment()}
    return subprocess.run(
        command, env=environment, cwd=directory, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def outputs_of(account: Account, settings: Settings) -> dict[str, str]:
    """Outputs of the deployed stack."""
    (found,) = account.client("cloudformation").describe_stacks(StackName=settings.stack_name)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}


@dataclass(frozen=True)
class Posted:
    """What was sent: answers over HTTP, and the page views and clicks that Chromium made."""

    answers: list[tuple[int, Any]]
    browser_events: int


@pytest.fixture(scope="session")
def posted(stack: Stack, shop: Shop) -> Posted:
    """500 events: 30 clicks and their page view from the real tracker, the rest over HTTP."""
    browser_events = _walk(stack, shop)
    events = recorded_events(EVENTS - browser_events, f"{shop.url}/", datetime.now(UTC))
    return Posted([stack.post(body, origin=shop.url) for body in bodies(events)], browser_events)


def _walk(stack: Stack, shop: Shop) -> int:
    """Click in Chromium until everything was acknowledged; return how many events the collector accepted."""
    chromium = find_chromium()
    if chromium is None:
        missing("Chromium")
    identifier = stack.outputs["Endpoint"].split("//")[1].split(".")[0]
    shop.endpoint = f"{stack.account.url}/_aws/lambda-url/{identifier}"
    accepted: list[int] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("response", lambda answer: accepted.append(_accepted(answer)))
        page.goto(shop.url)
        page.wait_for_function("window.clicktracker !== undefined || window.logdig !== undefined", timeout=60_000)
        for _ in range(BROWSER_CLICKS):
            page.click("#buy")
        wanted = BROWSER_CLICKS + 1
        wait_until(lambda: page.wait_for_timeout(200) or sum(accepted) >= wanted, "acknowledgement of all clicks")
        browser.close()
    return sum(accepted)


def _accepted(answer: Any) -> int:
    if not answer.url.endswith("/v1/events") or answer.status != 202:
        return 0
    return int(answer.json()["accepted"])


@pytest.fixture(scope="session")
def stored(stack: Stack, posted: Posted) -> list[str]:
    """Keys in raw once the schedule has emptied the queue."""
    sqs, names = stack.account.client("sqs"), ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def is_empty() -> bool:
        found = sqs.get_queue_attributes(QueueUrl=stack.outputs["QueueUrl"], AttributeNames=names)["Attributes"]
        return all(int(found[name]) == 0 for name in names)

    wait_until(lambda: stack.keys("raw/") and is_empty(), "the scheduled flush")
    return stack.keys("raw/")


@pytest.fixture(scope="session")
def jobs(stack: Stack, stored: list[str], directory: Path) -> dict[str, dict[str, Any]]:
    """Reports of the jobs, run from the archive that EMR Serverless would run."""
    java = find_java()
    if java is None:
        missing("Java 17")
    if not list(spark_module.JARS_FOLDER.glob("*.jar")):
        missing("Spark's archives")
    assert java is not None
    environment = {
        "PATH": os.environ["PATH"],
        **stack.account.environment(),
    }
    (directory / "customers.csv").write_text(customer_file())
    run = run_logdig(stack.account, directory, "load", "customers", "customers.csv")
    assert run.returncode == 0, run.stderr
    environment |= {
        "JAVA_HOME": str(Path(java).resolve().parents[1]),
        "PYTHONPATH": str(directory / "build" / "spark.zip"),
        "LOGDIG_JARS": str(spark_module.JARS_FOLDER),
    }
    run = subprocess.run(
        [sys.executable, str(directory / "build" / "entry.py"), *JOBS],
        env=environment, cwd=directory, capture_output=True, text=True, timeout=JOBS_SECONDS, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-4000:]
    reports = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return {report["name"]: report for report in reports}
