"""An operator's commands against the deployed stack: a change that works, one that fails, and no secret anywhere."""

import base64
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from tests.e2e.account import Account
from tests.e2e.conftest import Shop
from tests.e2e.owner import Owner
from tests.e2e.stack import Stack, wait_until
from tests.e2e.test_permissions import event_body

pytestmark = pytest.mark.timeout(1400)


def test_status_finds_nothing_wrong_when_all_events_are_stored(stack: Stack, owner: Owner, stored: list[str]) -> None:
    run = owner.run("status", "--json")

    status = json.loads(run.stdout)
    assert (run.returncode, status["problems"]) == (0, [])
    assert (status["state"], status["healthy"], status["dead_letters"]) == ("CREATE_COMPLETE", True, 0)
    assert status["last_flush"]["errors"] == []


def test_tail_shows_the_flushes_reports_and_ends_when_asked_once(owner: Owner, stored: list[str]) -> None:
    run = owner.run("tail", "--of", "flush", "--once", "--json", "--minutes", "60")

    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, run.stderr
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert {line["source"] for line in lines} == {"flush"}
    assert any('"received"' in line["text"] for line in lines)


def test_flush_writes_one_waiting_event_when_forced(stack: Stack, owner: Owner, shop: Shop) -> None:
    def is_written() -> bool:
        # The schedule may be faster; then this flush finds no event.
        assert stack.post(event_body(stack), origin=shop.url)[0] == 202
        run = owner.run("flush", "--on", "aws", "--force", "--json")
        assert run.returncode == 0, run.stderr
        return bool(json.loads(run.stdout)["logs"])

    wait_until(is_written, "a forced flush of one event")


def test_update_is_planned_first_and_is_in_the_function_after(stack: Stack, owner: Owner) -> None:
    owner.edit(lambda document: document["flush"].update({"min_logs": 50}))
    before = stack.function("flush")["CodeSha256"]

    planned = owner.run("plan")

    assert planned.returncode == 0, planned.stderr
    assert "change       Flush: Moves queued packs into the zones of the bucket. because of Code" in planned.stdout
    assert (stack.status, stack.function("flush")["CodeSha256"]) == ("CREATE_COMPLETE", before)

    done = owner.run("deploy", "--yes", "--json")

    package = (owner.directory / "build" / "functions.zip").read_bytes()
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["stack"], result["changed"], result["endpoint"]) == (
        stack.settings.stack_name, True, stack.outputs["Endpoint"],
    )  # fmt: skip
    assert [app["name"] for app in result["apps"]] == ["web"]
    assert result["probe"]["key"].startswith("raw/")
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.function("flush")["CodeSha256"] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    assert "min_logs = 50" in zipfile.ZipFile(io.BytesIO(package)).read("logdig.toml").decode()


def test_deploy_rolls_back_and_names_the_next_step_when_a_name_is_taken(stack: Stack, owner: Owner, shop: Shop) -> None:
    scheduler, prefix = stack.account.client("scheduler"), stack.settings.prefix
    target = {"Arn": stack.function("flush")["FunctionArn"], "RoleArn": stack.function("flush")["Role"]}
    scheduler.create_schedule(
        Name=f"{prefix}-flush-2", GroupName=prefix, ScheduleExpression="rate(1 day)", Target=target,
        FlexibleTimeWindow={"Mode": "OFF"},
    )  # fmt: skip
    owner.edit(lambda document: document["flush"].update({"flushers": 2, "min_logs": 25}))
    before = stack.function("flush")["CodeSha256"]

    run = owner.run("deploy", "--yes")

    assert run.returncode == 1
    (message,) = [line for line in run.stderr.splitlines() if line.startswith("logdig: ")]
    assert "FlushSchedule2 (AWS::Scheduler::Schedule): Schedule shop-prod-flush-2 already exists" in message
    assert "everything is rolled back; its name is taken" in message
    assert (stack.status, stack.function("flush")["CodeSha256"]) == ("UPDATE_ROLLBACK_COMPLETE", before)
    assert stack.post(event_body(stack), origin=shop.url)[0] == 202
    assert "the stack is UPDATE_ROLLBACK_COMPLETE" in owner.run("status").stdout
    scheduler.delete_schedule(Name=f"{prefix}-flush-2", GroupName=prefix)
    owner.edit(lambda document: document["flush"].update({"flushers": 1, "min_logs": 50}))


def test_deploy_rolls_back_and_names_the_permission_that_is_missing(stack: Stack, owner: Owner, shop: Shop) -> None:
    owner.edit(lambda document: document["flush"].update({"flushers": 2}))

    with owner.without("Schedules"):
        run = owner.run("deploy", "--yes")

    owner.edit(lambda document: document["flush"].update({"flushers": 1}))
    assert run.returncode == 1
    (message,) = [line for line in run.stderr.splitlines() if line.startswith("logdig: ")]
    assert "FlushSchedule2 (AWS::Scheduler::Schedule): " in message
    assert "is not authorized to perform: scheduler:CreateSchedule" in message
    assert "everything is rolled back; give yourself the missing permission" in message
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.post(event_body(stack), origin=shop.url)[0] == 202


def test_no_secret_is_in_any_template_package_log_line_or_object(stack: Stack, owner: Owner, account: Account) -> None:
    places = dict(_places(stack, owner, account))

    leaks = [
        f"{name} in {place}"
        for place, content in places.items()
        for name, secret in owner.secrets.items()
        if any(secret.encode() in text for text in _texts(content))
    ]

    assert leaks == []
    kinds = {place.split(" ")[0] for place in places}
    assert kinds == {"template", "file", "object", "log", "function", "output"}


def _places(stack: Stack, owner: Owner, account: Account) -> Iterator[tuple[str, bytes]]:
    """Everything that a deploy and its use have written."""
    cloudformation, s3 = account.client("cloudformation"), account.client("s3")
    for name in (stack.settings.stack_name, f"{stack.settings.stack_name}-artifacts"):
        template = cloudformation.get_template(StackName=name)["TemplateBody"]
        yield f"template {name}", json.dumps(template).encode()
    for path in owner.directory.rglob("*"):
        if path.is_file() and ("build" in path.parts or path.suffix == ".toml"):
            yield f"file {path}", path.read_bytes()
    for bucket in (stack.settings.bucket_name, stack.settings.artifacts_bucket_name):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                key, number = version["Key"], version["VersionId"]
                body = s3.get_object(Bucket=bucket, Key=key, VersionId=number)["Body"].read()
                yield f"object s3://{bucket}/{key}?{number}", body
    for name in ("collector", "decide", "flush"):
        yield f"log {name}", "\n".join(stack.log_lines(name)).encode()
        yield f"function {name}", json.dumps(stack.function(name)["Environment"]).encode()
    for number, text in enumerate(owner.outputs):
        yield f"output {number}", text.encode()


def _texts(content: bytes) -> Iterator[bytes]:
    """The content, and the content of archives in it."""
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if content[:2] == b"PK":
        archive = zipfile.ZipFile(io.BytesIO(content))
        yield from (archive.read(name) for name in archive.namelist())
