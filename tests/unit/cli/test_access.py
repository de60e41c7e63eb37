"""Every command that speaks to AWS names what is wrong with the access in one line, with the command that helps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cli import main

Run = Callable[..., tuple[int, str]]

COMMANDS = (
    ("bad", "list"),
    ("bad", "show", "b-1"),
    ("bad", "retry", "b-1"),
    ("cost", "--from-ledger"),
    ("dashboard", "--port", "0"),
    ("deploy", "--yes"),
    ("destroy", "--yes"),
    ("dlq", "list"),
    ("dlq", "redrive"),
    ("flush",),
    ("flush", "--on", "aws"),
    ("forget", "--user-key", "u"),
    ("jobs", "run", "ingest"),
    ("jobs", "run", "ingest", "--on", "aws"),
    ("events",),
    ("ledger",),
    ("load", "customers", __file__),
    ("plan",),
    ("policy", "data"),
    ("rebuild", "--dry-run"),
    ("serve", "--port", "0"),
    ("status",),
    ("tail", "--once"),
    ("verify",),
)

SSO = "sso_account_id = 123456789012\nsso_role_name = Reader\n"
START = "sso_start_url = https://shop.awsapps.com/start\nsso_region = ap-northeast-2\n"


class Broken(NamedTuple):
    """Broken access: the configuration file, variables, and what the message says."""

    config: str
    variables: dict[str, str]
    cause: str
    remedy: str


BROKEN = {
    "no keys": Broken("", {}, "Unable to locate credentials", "'aws configure'"),
    "no login": Broken(f"[profile shop]\n{START}{SSO}", {"AWS_PROFILE": "shop"}, "SSO", "aws sso login --profile shop"),
    "no login of a session": Broken(
        f"[sso-session all]\n{START}[profile shop]\nsso_session = all\n{SSO}",
        {"AWS_PROFILE": "shop"},
        "SSO login is missing or has expired",
        "aws sso login --profile shop",
    ),
    "no such session": Broken(
        f"[profile shop]\nsso_session = none\n{SSO}", {"AWS_PROFILE": "shop"}, '"none"', "aws configure list"
    ),
    "only the id": Broken("", {"AWS_ACCESS_KEY_ID": "AKIA1"}, "AWS_SECRET_ACCESS_KEY", "aws configure"),
    "only the secret": Broken("", {"AWS_SECRET_ACCESS_KEY": "secret"}, "AWS_ACCESS_KEY_ID", "aws configure"),
    "half a key in the file": Broken(
        "[profile shop]\naws_access_key_id = AKIA1\n",
        {"AWS_PROFILE": "shop"},
        "missing: aws_secret_access_key",
        "aws configure --profile shop",
    ),
    "no configuration": Broken("region = x\n", {}, "Unable to parse config file", "AWS_CONFIG_FILE"),
    "half a section": Broken("[profile shop\nregion = x\n", {}, "Unable to parse config file", "AWS_CONFIG_FILE"),
    "unknown profile": Broken("", {"AWS_PROFILE": "nope"}, "profile (nope)", "aws configure list-profiles"),
    "failing process": Broken(
        "[profile shop]\ncredential_process = false\n", {"AWS_PROFILE": "shop"}, "gave no keys", "credential_process"
    ),
    "missing process": Broken(
        "[profile shop]\ncredential_process = /no/such/program\n",
        {"AWS_PROFILE": "shop"},
        "/no/such/program",
        "credential_process",
    ),
    "process of another language": Broken(
        "[profile shop]\ncredential_process = echo hello\n",
        {"AWS_PROFILE": "shop"},
        "gave no keys",
        "credential_process",
    ),
    "loop of roles": Broken(
        "[profile shop]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n"
        "[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = shop\n",
        {"AWS_PROFILE": "shop"},
        "Infinite loop",
        "aws configure list",
    ),
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command as a shell does, in an empty folder of a user without access; return exit code and stderr."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "LOGDIG_CONFIG", "AWS_ENDPOINT_URL"):
        # Set first, so that what a command sets is undone as well.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOGDIG_SIGNING_SECRET_WEB", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["logdig", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return call


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_command_names_the_cause_and_the_remedy_when_access_is_broken(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...], broken: Broken
) -> None:
    (tmp_path / "config").write_text(broken.config)
    for name, value in broken.variables.items():
        monkeypatch.setenv(name, value)

    code, stderr = run(*arguments)

    (line,) = stderr.splitlines()
    assert code == 1
    assert line.startswith("logdig: AWS access: ")
    assert broken.cause in line
    assert broken.remedy in line.partition(broken.cause)[2]


def test_command_names_the_login_when_its_token_has_expired(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(f"[profile shop]\n{START}{SSO}")
    # botocore names the file by the SHA-1 of the start address.
    name = hashlib.sha1(b"https://shop.awsapps.com/start", usedforsecurity=False).hexdigest()
    cache = tmp_path / ".aws" / "sso" / "cache" / f"{name}.json"
    token = {"startUrl": "https://shop.awsapps.com/start", "accessToken": "t", "expiresAt": "2020-01-01T00:00:00Z"}
    cache.parent.mkdir(parents=True)
    cache.write_text(json.dumps(token))
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", str(cache.parent))

    code, stderr = run("status", "--profile", "shop")

    assert (code, stderr) == (
        1,
        "logdig: AWS access: the SSO login is missing or has expired (profile shop); "
        "run: aws sso login --profile shop\n",
    )
