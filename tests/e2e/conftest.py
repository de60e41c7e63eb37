"""One account, one deployed stack and one flow of events, shared by all tests of the whole pipeline."""

from __future__ import annotations

import json
import os
import re
import shutil
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
import tomlkit
from playwright.sync_api import sync_playwright

from analytics import spark as spark_module
from infra.local.machine import find_chromium, find_java
from infra.packaging.build import TRACKER, TRACKER_FILES
from infra.resources import lock_table_name
from infra.template.iam import role_name
from logdig.config.settings import Settings
from tests.e2e.account import ACCOUNT_ID, REGION, Account, policy
from tests.e2e.owner import Owner
from tests.e2e.stack import Stack, wait_until
from tests.e2e.traffic import OFFER, bodies, customer_file, recorded_events

EVENTS = 500
BROWSER_CLICKS = 30
FOLDER = Path(__file__).parent
PAGE = """<!doctype html><html lang="en"><title>Shop</title><body><button id="buy">Buy</button>
{tag}</body></html>"""
JOBS = ("ingest", "clicks", "listens", "customers", "features", "models", "predictions", "targets")
JOBS_SECONDS = 1200
CURL_REQUESTS = 10
ORDER = (
    "test_traffic", "test_deployer", "test_queue_to_decision", "test_commands", "test_permissions",
    "test_jobs_role", "test_dashboard", "test_domain", "test_destroy",
)  # fmt: skip
"""One stack lives through all of them: events are counted before more of them come with permissions taken away."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.parent == FOLDER]
    here.sort(key=lambda item: ORDER.index(item.path.stem))
    items[:] = [*(item for item in items if item.path.parent != FOLDER), *here]


def missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"{what} missing; run: make test-e2e")


class Shop:
    """A site with the tracker on its page; ``tag`` is pasted after it runs."""

    def __init__(self) -> None:
        self.tag = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.removeprefix("/")
                script = name in TRACKER_FILES
                content = (TRACKER / "dist" / name).read_bytes() if script else shop.page()
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
        return PAGE.format(tag=self.tag).encode()

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
def owner(account: Account, shop: Shop, directory: Path) -> Owner:
    """Who has a logdig.toml: made by `logdig init`, then edited."""
    owner = Owner(account, directory, shop.url)

    def edit(document: tomlkit.TOMLDocument) -> None:
        document["flush"] = {"interval_seconds": 60}
        offers = tomlkit.aot()
        offers.append(tomlkit.item({"name": OFFER, "holdout_share": 0.0}))
        document["offers"] = offers

    owner.edit(edit)
    return owner


@pytest.fixture(scope="session")
def stack(account: Account, owner: Owner, shop: Shop) -> Stack:
    """The stack, as `logdig deploy` made it; its signing secret lies in the parameter store."""
    secret = owner.secrets["LOGDIG_SIGNING_SECRET_WEB"]
    account.client("ssm").put_parameter(Name="/shop/prod/signing/web", Value=secret, Type="SecureString")
    run = owner.run("deploy", "--yes")
    assert run.returncode == 0, run.stderr
    stack = Stack(account, owner.settings(), outputs_of(account, owner.settings()), run.stdout)
    # The emulator answers for every function's address on its own.
    tag = re.search(r"<script .*</script>", run.stdout)
    assert tag is not None, run.stdout
    shop.tag = tag[0]
    for output in ("Endpoint", "DecideEndpoint"):
        identifier = stack.outputs[output].split("//")[1].split(".")[0]
        shop.tag = shop.tag.replace(stack.outputs[output], f"{account.url}/_aws/lambda-url/{identifier}")
    return stack


def outputs_of(account: Account, settings: Settings) -> dict[str, str]:
    """Outputs of the deployed stack."""
    (stack,) = account.client("cloudformation").describe_stacks(StackName=settings.stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@dataclass(frozen=True)
class Posted:
    """What was sent: answers over HTTP, and the page views and clicks that Chromium made."""

    answers: list[tuple[int, Any]]
    browser_events: int
    curl_answers: list[tuple[int, Any]]


@pytest.fixture(scope="session")
def posted(stack: Stack, shop: Shop) -> Posted:
    """500 events: 30 clicks and their page view from the real tracker, some by curl, the rest by another client."""
    browser_events = _walk(shop)
    sent = list(bodies(recorded_events(EVENTS - browser_events, f"{shop.url}/", datetime.now(UTC)), stack.token))
    # The last of them, which are clicks on the page: requests by curl count as a bot's and train no model.
    by_curl = sent[-CURL_REQUESTS:] if shutil.which("curl") else []
    answers = [stack.post(body, origin=shop.url) for body in sent[: len(sent) - len(by_curl)]]
    return Posted(answers, browser_events, [_curl(stack, shop, body) for body in by_curl])


def _curl(stack: Stack, shop: Shop, body: bytes) -> tuple[int, Any]:
    host = stack.outputs["Endpoint"].removeprefix("https://")
    command = ["curl", "--silent", "--show-error", "--data-binary", "@-", "--write-out", "\n%{http_code}"]
    for header in (f"Host: {host}", f"Origin: {shop.url}", "Content-Type: application/json"):
        command += ["--header", header]
    run = subprocess.run([*command, f"{stack.account.url}/v1/events"], input=body, capture_output=True, check=True)
    answer, status = run.stdout.rsplit(b"\n", 1)
    return int(status), json.loads(answer)


def _walk(shop: Shop) -> int:
    """Click in Chromium until everything was acknowledged; return how many events the collector accepted."""
    chromium = find_chromium()
    if chromium is None:
        missing("Chromium")
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
        counts = sqs.get_queue_attributes(QueueUrl=stack.outputs["QueueUrl"], AttributeNames=names)["Attributes"]
        return all(int(counts[name]) == 0 for name in names)

    wait_until(lambda: stack.keys("raw/") and is_empty(), "the scheduled flush")
    return stack.keys("raw/")


@pytest.fixture(scope="session")
def jobs(stack: Stack, stored: list[str], owner: Owner) -> dict[str, dict[str, Any]]:
    """Reports of the jobs, run as their role from the archive that EMR Serverless would run."""
    java = find_java()
    if java is None:
        missing("Java 17")
    if not list(spark_module.JARS_FOLDER.glob("*.jar")):
        missing("Spark's archives")
    assert java is not None
    # Iceberg's lock stands in for a Glue that loses commits made at once; AWS needs neither it nor this permission.
    locks = policy(("dynamodb:*", f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{lock_table_name(stack.settings)}"))
    role = role_name(stack.settings, "jobs")
    stack.account.client("iam").put_role_policy(RoleName=role, PolicyName="locks", PolicyDocument=locks)
    (owner.directory / "customers.csv").write_text(customer_file())
    run = owner.run("load", "customers", "customers.csv")
    assert run.returncode == 0, run.stderr
    keys = stack.keys_of("jobs")
    owner.secrets |= {f"JOBS_{name}": secret for name, secret in keys.items()}
    environment = {
        "PATH": os.environ["PATH"],
        "JDK_JAVA_OPTIONS": os.environ.get("JDK_JAVA_OPTIONS", ""),
        **stack.account.environment(keys),
        "JAVA_HOME": str(Path(java).resolve().parents[1]),
        "PYTHONPATH": str(owner.directory / "build" / "spark.zip"),
        "LOGDIG_JARS": str(spark_module.JARS_FOLDER),
    }
    run = subprocess.run(
        [sys.executable, str(owner.directory / "build" / "entry.py"), *JOBS],
        env=environment, cwd=owner.directory, capture_output=True, text=True, timeout=JOBS_SECONDS, check=False,
    )  # fmt: skip
    owner.outputs += [run.stdout, run.stderr]
    assert run.returncode == 0, run.stderr[-4000:]
    reports = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return {report["name"]: report for report in reports}
