"""`logdig serve` and `logdig dashboard`: they serve, and fail in one line without settings or with a busy port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.processes import Child, take_port

LOGDIG = str(Path(sys.executable).with_name("logdig"))
COMMANDS = pytest.mark.parametrize(("command", "part"), [("serve", "collector"), ("dashboard", "dashboard")])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    settings = tmp_path / "logdig.toml"
    settings.write_text('[[apps]]\nname = "web"\ntoken = "pk_web_12345678"\norigins = ["http://localhost:3000"]\n')
    credentials = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"}
    # With its address the collector starts without a look-up of the queue.
    queue = {"LOGDIG_QUEUE_URL": "http://127.0.0.1:9/queue"}
    return {**os.environ, **credentials, **queue, "LOGDIG_CONFIG": str(settings), "PYTHONUNBUFFERED": "1"}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LOGDIG, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@COMMANDS
def test_command_serves_until_it_is_stopped(
    environment: dict[str, str], tmp_path: Path, command: str, part: str
) -> None:
    port = take_port(0, part)
    child = Child(command, [LOGDIG, command, "--port", str(port)], environment, tmp_path / "log")
    try:
        child.wait_until_answers(f"http://127.0.0.1:{port}/healthz")
    finally:
        child.stop()

    assert f"{part}: http://127.0.0.1:{port}" in child.log.read_text()


@COMMANDS
def test_command_fails_in_one_line_when_the_port_is_in_use(
    environment: dict[str, str], command: str, part: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run(environment, command, "--port", str(port))

    message = f"logdig: port {port} for the {part} is in use; stop what uses it or name another\n"
    assert (done.returncode, done.stderr) == (1, message)


@COMMANDS
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--port", "70000"), "port 70000 for the {}: 0 to 65535; 0 takes a free one"),
        (("--host", "192.0.2.1", "--port", "0"), "the {} cannot listen on 192.0.2.1:0: "),
    ],
)
def test_command_fails_in_one_line_when_it_cannot_listen_there(
    environment: dict[str, str], command: str, part: str, arguments: tuple[str, ...], reason: str
) -> None:
    done = run(environment, command, *arguments)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"logdig: {reason.format(part)}")


@COMMANDS
def test_command_fails_in_one_line_when_the_settings_are_missing(
    environment: dict[str, str], tmp_path: Path, command: str, part: str
) -> None:
    missing = str(tmp_path / "other.toml")
    done = run(environment | {"LOGDIG_CONFIG": missing}, command)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"logdig: {missing}: ")
