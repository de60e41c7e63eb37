"""Packages are built for real, by pip, and run in a Python that has nothing else."""

import base64
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.packaging.build import (
    DASHBOARD_LIMIT_BYTES,
    TRACKER,
    build_dashboard,
    build_functions,
    build_spark,
    build_tracker,
)
from infra.packaging.dependencies import AWS_SERVICES, HERE, LAMBDA_TARGET
from logdig.config.loader import load_settings
from logdig.config.settings import AppSettings, Settings

SETTINGS = Settings(
    service="shop", apps=(AppSettings(name="web", token="pk_web_0123456789", origins=("https://shop.example",)),)
)

ASK_EVERY_FUNCTION = """
import json, os
os.environ.update(LOGDIG_QUEUE_URL="http://127.0.0.1:9/q", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
os.environ.update(AWS_ENDPOINT_URL="http://127.0.0.1:9")
from lambdas import app

def ask(method, path, body=""):
    http = {"method": method, "path": path, "sourceIp": "8.8.8.8"}
    event = {"requestContext": {"http": http}, "rawPath": path, "headers": {"origin": "https://shop.example"}}
    return app.function_url(event | {"body": body}, None)["statusCode"]

# Nothing listens at the queue's address: everything up to the send has been imported and run.
event = {"event_id": "e" * 20, "seq": 1, "type": "page", "timestamp": "2026-11-27T00:00:00Z", "user_key": "u",
         "session_id": "s", "page_view_id": "p", "current_page": "https://shop.example/", "load_count": 1,
         "spent_milli_sec": 1, "consent": {"analytics": True, "ads": True}, "page": {}}
posted = ask("POST", "/v1/events", json.dumps({"token": "pk_web_0123456789", "events": [event]}))
print(json.dumps([ask("GET", "/healthz"), posted, callable(app.scheduled), callable(app.run)]))
"""


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_functions(SETTINGS, tmp_path_factory.mktemp("here"), HERE).path


def _run_alone(folder: Path, code: str) -> str:
    """Run code that sees the folder and the standard library only."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n{code}"
    command = [sys.executable, "-I", "-S", "-c", code]
    run = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_functions_answer_when_nothing_else_is_installed(functions: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(functions).extractall(tmp_path)

    said = _run_alone(tmp_path, ASK_EVERY_FUNCTION)

    assert json.loads(said.splitlines()[-1]) == [200, 503, True, True]


def test_functions_know_every_aws_service_they_are_given(functions: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(functions).extractall(tmp_path)

    said = _run_alone(tmp_path, "import boto3, json; print(json.dumps(boto3.Session().get_available_services()))")

    assert json.loads(said.splitlines()[-1]) == sorted(AWS_SERVICES)


def test_functions_for_lambda_hold_arm_code_and_no_other(tmp_path: Path) -> None:
    package = build_functions(SETTINGS, tmp_path, LAMBDA_TARGET)

    with zipfile.ZipFile(package.path) as archive:
        compiled = {name: archive.read(name)[:20] for name in archive.namelist() if name.endswith(".so")}
    assert compiled
    assert {content[18:20] for content in compiled.values()} == {b"\xb7\x00"}  # ELF's number of AArch64
    assert package.unpacked_bytes < 20 * 1024 * 1024


def test_packages_have_equal_digests_when_built_again_from_files_with_other_times(tmp_path: Path) -> None:
    first = [build_functions(SETTINGS, tmp_path / "a", HERE), build_spark(SETTINGS, tmp_path / "a")]
    os.utime(Path(__file__).resolve().parents[2] / "logdig" / "events" / "types.py")
    again = [build_functions(SETTINGS, tmp_path / "b", HERE), build_spark(SETTINGS, tmp_path / "b")]
    other = build_spark(Settings(service="other"), tmp_path / "c")

    assert [(one.key, one.sha256) for one in again] == [(one.key, one.sha256) for one in first]
    assert other.key != first[1].key


def test_functions_find_the_settings_they_were_packed_with(functions: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(functions).extract("logdig.toml", tmp_path)

    assert load_settings(tmp_path / "logdig.toml", {}) == SETTINGS


def test_packages_hold_neither_command_lines_nor_traces_of_this_machine(functions: Path, tmp_path: Path) -> None:
    here = str(Path(__file__).resolve().parents[2]).encode()
    for path in (functions, build_spark(SETTINGS, tmp_path).path):
        with zipfile.ZipFile(path) as archive:
            assert not [name for name in archive.namelist() if name.startswith("bin/") or "__pycache__" in name]
            assert not [name for name in archive.namelist() if here in archive.read(name)]


def test_packages_hold_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    canary = "canary-that-must-never-leave"
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LOGDIG_SIGNING_SECRET_WEB"):
        monkeypatch.setenv(name, canary)

    for path in (build_functions(SETTINGS, tmp_path, HERE).path, build_spark(SETTINGS, tmp_path).path):
        with zipfile.ZipFile(path) as archive:
            assert not [name for name in archive.namelist() if canary.encode() in archive.read(name)]


def test_tracker_key_and_integrity_follow_from_the_script(tmp_path: Path) -> None:
    script, *parts = build_tracker(tmp_path)

    digest = subprocess.run(
        ["openssl", "dgst", "-sha384", "-binary", str(script.path)], capture_output=True, check=True
    ).stdout
    assert script.integrity == f"sha384-{base64.b64encode(digest).decode()}"
    folder, name = script.key.rsplit("/", 1)
    assert re.fullmatch(r"tracker/1\.0\.0-[0-9a-f]{8}", folder)
    assert name == "clicktracker.js"
    # The script looks for its parts beside itself.
    assert {part.key.rsplit("/", 1)[0] for part in parts} == {folder}
    assert {part.path.name for part in parts} == {path.name for path in (TRACKER / "dist").glob("clicktracker.*.js")}


@pytest.mark.full
def test_dashboard_for_lambda_holds_arm_code_and_fits(tmp_path: Path) -> None:
    package = build_dashboard(SETTINGS, tmp_path, LAMBDA_TARGET)

    with zipfile.ZipFile(package.path) as archive:
        compiled = [archive.read(name)[:20] for name in archive.namelist() if name.endswith(".so")]
        assert {"dashboard/function.py", "dashboard/static/index.html"} <= set(archive.namelist())
    assert {content[18:20] for content in compiled} == {b"\xb7\x00"}
    assert package.unpacked_bytes < DASHBOARD_LIMIT_BYTES
