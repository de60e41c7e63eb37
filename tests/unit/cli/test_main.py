"""The `logdig` command itself: an error is one line that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli import main
from cli.commands.jobs import reason_of
from logdig.aws import clients
from tests.unit.infra.aws.test_http import answering

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command as a shell does, in an empty folder; return its exit code and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOGDIG_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["logdig", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return call


def test_error_names_the_way_to_credentials_when_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "LOGDIG_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["logdig", "bad", "list"])
    # A client that an earlier test made has its credentials already.
    clients.client.cache_clear()
    clients.session.cache_clear()

    with pytest.raises(SystemExit) as ended:
        main.main()

    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 1
    assert line.startswith("logdig: ")
    assert line.endswith(
        "Unable to locate credentials; set up AWS access ('aws configure'), or use an emulator ('logdig dev')"
    )


COMMANDS = (
    ("bad", "list"),
    ("events",),
    ("verify",),
    ("dlq", "list"),
    ("ledger",),
    ("rebuild", "--dry-run"),
    ("jobs", "run", "ingest"),
    ("forget", "--user-key", "u"),
    ("policy", "data"),
    ("plan",),
    ("deploy", "--yes"),
    ("destroy", "--yes"),
)


@pytest.mark.parametrize("body", [b"<html>Log in to the wireless network</html>", b'{"a": 1}'])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_command_fails_in_one_line_when_the_response_is_not_from_aws(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], body: bytes
) -> None:
    with answering(lambda _headers, _body: (200, body)) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        code, stderr = run(*arguments)

    assert code == 1
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1].startswith("logdig: ")


@pytest.mark.parametrize("address", ["", "nonsense", "localhost:4566", "ftp://127.0.0.1", "http://a b", "http://"])
def test_command_names_the_variable_when_the_endpoint_is_no_address(
    run: Run, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)

    code, stderr = run("verify")

    assert (code, stderr.splitlines()) == (
        1,
        [f"logdig: AWS_ENDPOINT_URL = {address!r}: an address such as http://127.0.0.1:4566; unset it for AWS itself"],
    )


def test_unexpected_error_is_one_line_and_its_traceback_is_written(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(**_options: object) -> None:
        raise KeyError("queue")

    monkeypatch.setattr(main, "cli", fail)

    code, stderr = run("verify")

    log = tmp_path / "cache" / "logdig" / "last-error.txt"
    assert (code, stderr) == (1, f"logdig: unexpected KeyError: 'queue'; the traceback is in {log}\n")
    assert "in fail" in log.read_text()


def test_error_names_the_file_when_it_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logdig.toml").mkdir()

    code, stderr = run("app", "add", "web")

    assert code == 1
    assert stderr.startswith("logdig: logdig.toml: ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("tail", "--minutes", "nan"),
        ("tail", "--minutes", "-5"),
        ("tail", "--minutes", "1e300"),
        ("app", "rotate", "web", "--grace-days", "nan"),
        ("app", "rotate", "web", "--grace-days", "1e300"),
        ("app", "rotate", "web", "--grace-days", "-1"),
        ("app", "add", "web", "--endpoint", 'https://a" onload="x'),
        ("app", "add", "web", "--endpoint", "javascript:x"),
        ("dev", "--collector-port", "70000"),
        ("dev", "--flush-seconds", "nan"),
        ("policy", "data", "--account", '1"2'),
    ],
    ids=" ".join,
)
def test_option_is_refused_when_its_value_makes_no_sense(run: Run, arguments: tuple[str, ...]) -> None:
    code, stderr = run(*arguments)

    assert code == 2
    assert f"Invalid value for '{arguments[-2]}'" in stderr


@pytest.mark.parametrize("command", ["verify", "ledger", "rebuild"])
def test_days_are_refused_when_the_range_is_reversed(run: Run, command: str) -> None:
    code, stderr = run(command, "--from", "2026-11-24", "--to", "2026-11-23")

    assert (code, stderr) == (1, "logdig: --from 2026-11-24 is after --to 2026-11-23\n")


def test_reason_of_a_job_names_the_object_that_cannot_be_read() -> None:
    spark = (
        "Task failed: [FAILED_READ_FILE.NO_HINT] Encountered error while reading file "
        "s3a://shop/raw/dt=2026-11-24/a.jsonl.gz. SQLSTATE: KD001\n\tat org.apache"
    )

    assert reason_of(Exception(spark)).startswith("s3a://shop/raw/dt=2026-11-24/a.jsonl.gz cannot be read; 'logdig ve")
    assert reason_of(Exception("no such column\n\tat org.apache")) == "no such column"
