"""Who deploys: a user with the two printed policies and nothing else; the secrets of the machine must not travel."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomlkit

from infra.deploy.iam_policies import PARTS
from logdig.config.loader import parse_settings
from logdig.config.settings import Settings
from tests.e2e.account import ACCOUNT_ID, OWNER_KEYS, REGION, Account

LOGDIG = Path(sys.executable).with_name("logdig")
USER = "deployer"


class Owner:
    """The owner's machine.

    Args:
        account: Where.
        directory: Holds logdig.toml and what is built.
        origin: Page of the app.
    """

    def __init__(self, account: Account, directory: Path, origin: str) -> None:
        self._account, self.directory = account, directory
        self._keys: dict[str, str] = dict(OWNER_KEYS)
        self.secrets = {
            "LOGDIG_SIGNING_SECRET_WEB": f"canary-signing-{secrets.token_hex(16)}",
            "REGISTRY_TOKEN": f"canary-token-{secrets.token_hex(16)}",
        }
        self.outputs: list[str] = []
        self._policies: dict[str, dict[str, Any]] = {}
        names = ("--service", "shop", "--region", REGION, "--stage", "prod", "--app", "web", "--origin", origin)
        made = self.run("init", *names, "--yes")
        assert made.returncode == 0, made.stderr
        self._keys = self._make_user()

    def _make_user(self) -> dict[str, str]:
        iam = self._account.client("iam")
        iam.create_user(UserName=USER)
        self.grant(*PARTS)
        made = iam.create_access_key(UserName=USER)["AccessKey"]
        self.secrets |= {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
        return {name: self.secrets[name] for name in OWNER_KEYS}

    def grant(self, *parts: str) -> None:
        """Give the deployer printed policies, as an administrator would."""
        for part in parts:
            printed = self.run("policy", part, "--account", ACCOUNT_ID)
            assert printed.returncode == 0, printed.stderr
            self._policies[part] = json.loads(printed.stdout)
        self._allow(self._policies)

    def _allow(self, policies: dict[str, dict[str, Any]]) -> None:
        for part, document in policies.items():
            self._account.client("iam").put_user_policy(
                UserName=USER, PolicyName=part, PolicyDocument=json.dumps(document)
            )

    @contextmanager
    def without(self, statement: str) -> Iterator[None]:
        """Take one statement out of the printed policies for a while."""
        self._allow(
            {
                part: document | {"Statement": [row for row in document["Statement"] if row["Sid"] != statement]}
                for part, document in self._policies.items()
            }
        )
        try:
            yield
        finally:
            self._allow(self._policies)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `logdig` without a terminal."""
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.directory), "COLUMNS": "200",
            **self.secrets, **self._account.environment(self._keys),
        }  # fmt: skip
        done = subprocess.run(
            [str(LOGDIG), *arguments],
            env=environment, cwd=self.directory, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self.outputs += [done.stdout, done.stderr]
        return done

    def edit(self, change: Callable[[tomlkit.TOMLDocument], object]) -> None:
        """Change logdig.toml as its owner does, in an editor."""
        path = self.directory / "logdig.toml"
        document = tomlkit.parse(path.read_text(encoding="utf-8"))
        change(document)
        path.write_text(tomlkit.dumps(document), encoding="utf-8")

    def settings(self) -> Settings:
        """What logdig.toml says."""
        return parse_settings(tomlkit.parse((self.directory / "logdig.toml").read_text(encoding="utf-8")).unwrap())
