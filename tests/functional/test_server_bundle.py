"""The server bundle: what Docker would do with it is read from its Dockerfile, and the same command is run here."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.stack import create_resources
from infra.packaging.build import build_server
from infra.packaging.dependencies import HERE, install
from infra.paths import ROOT
from logdig.config.settings import AppSettings, Settings
from tests.functional.conftest import free_port

APP = AppSettings(name="web", token="pk_web_0123456789", origins=("https://shop.example",))
START_SECONDS = 120


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked."""
    folder = tmp_path_factory.mktemp("bundle")
    settings = Settings(service="bundled", apps=(APP,))
    zipfile.ZipFile(build_server(settings, folder).path).extractall(folder / "unpacked")
    return folder / "unpacked"


def _instructions(bundle: Path) -> dict[str, list[str]]:
    """Arguments of each instruction of the Dockerfile, in order."""
    text = re.sub(r"\\\n", " ", (bundle / "Dockerfile").read_text())
    versions: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, arguments = line.partition(" ")
            versions.setdefault(name, []).append(arguments)
    return versions


def test_dockerfile_runs_as_no_root_on_a_slim_image_with_a_health_check(bundle: Path) -> None:
    said = _instructions(bundle)

    assert said["FROM"] == ["python:3.11-slim"]
    assert said["USER"] == ["10001"]
    assert "--require-hashes" in said["RUN"][0]
    assert "/healthz" in said["HEALTHCHECK"][0]
    assert said["EXPOSE"] == ["8080"]


def test_dockerfile_copies_only_what_is_in_the_bundle(bundle: Path) -> None:
    for arguments in _instructions(bundle)["COPY"]:
        assert (bundle / arguments.split()[0]).exists()


def test_bundle_has_equal_digests_when_built_twice(tmp_path: Path) -> None:
    settings = Settings(service="bundled", apps=(APP,))

    assert build_server(settings, tmp_path / "a").key == build_server(settings, tmp_path / "b").key


def test_environment_checks_health_and_rolls_updates_out_one_by_one(bundle: Path) -> None:
    options = yaml.safe_load((bundle / ".ebextensions" / "logdig.config").read_text())["option_settings"]

    assert options["aws:elasticbeanstalk:environment:process:default"]["HealthCheckPath"] == "/healthz"
    assert options["aws:elasticbeanstalk:command"]["DeploymentPolicy"] == "RollingWithAdditionalBatch"
    assert options["aws:autoscaling:updatepolicy:rollingupdate"]["RollingUpdateType"] == "Health"
    assert all(isinstance(value, str) for part in options.values() for value in part.values())


@pytest.fixture
def running(bundle: Path, moto_url: str, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The container's command with the container's dependencies, and nothing else to import."""
    lock = ROOT / "requirements-server.txt"
    names = set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(), re.MULTILINE))
    vendor = install(lock, names, HERE, tmp_path.parent / "server-vendor")
    environment = {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    create_resources(Settings(service="bundled"), environment)
    port = free_port()
    command: list[str] = json.loads(_instructions(bundle)["CMD"][0])
    code = (
        f"import sys, os; sys.path[:0] = [{str(bundle)!r}, {str(vendor)!r}]\n"
        f"import runpy; sys.argv = ['server', *{command[3:]!r}]\n"
        "if __name__ == '__main__': runpy.run_module('api.server', run_name='__main__')"
    )
    code = code.replace("0.0.0.0", "127.0.0.1").replace("8080", str(port))  # noqa: S104 (what it replaces)
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        cwd=bundle,
        env={**environment, "PYTHONPATH": f"{bundle}:{vendor}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    yield f"http://127.0.0.1:{port}", process
    process.kill()
    process.wait(30)
    assert process.stdout is not None
    process.stdout.close()


def _ask(url: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    deadline = time.monotonic() + START_SECONDS
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "text/plain", "Origin": "https://shop.example"} if body else {}
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "the server did not answer"
            time.sleep(0.2)


def test_bundle_serves_with_its_own_command_and_ends_when_docker_stops_it(
    running: tuple[str, subprocess.Popen[bytes]],
) -> None:
    url, process = running

    assert _ask(f"{url}/healthz") == (200, {"status": "ok"})
    assert _ask(f"{url}/v1/events", {"token": APP.token, "events": []})[0] == 202
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
