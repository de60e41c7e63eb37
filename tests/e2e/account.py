"""An AWS account on this machine that runs functions and judges permissions: ministack, in a process of its own.

Its functions run in the Python beside it, as their roles: each call is signed with the role's session and refused
where no policy allows it.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from infra.local.processes import Child, take_port
from logdig.errors import MissingPartError
from tools.bootstrap import ACCOUNT_ENVIRONMENT

ACCOUNT_ID = "000000000000"
REGION = "ap-northeast-1"
PROGRAM = Path(__file__).with_name("run_account.py")
OWNER_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The account's root: the emulator lets it do everything."""


class Account:
    """The account; use it as a context manager.

    Args:
        directory: For its log.
    """

    def __init__(self, directory: Path) -> None:
        self.port = take_port(0, "emulated account")
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        self._child: Child | None = None

    def __enter__(self) -> Account:
        python = ACCOUNT_ENVIRONMENT / "bin" / "python"
        if not python.exists():
            raise MissingPartError(f"{python} is not there; run: python3 tools/bootstrap.py account")
        # Functions inherit this environment, so it holds nothing but what is named here.
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._directory),
            "TMPDIR": str(self._directory),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "GATEWAY_PORT": str(self.port),
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PYTHONUNBUFFERED": "1",
        }
        self._child = Child("emulated account", [str(python), str(PROGRAM)], environment, self.log)
        self._child.wait_until_answers(f"{self.url}/_ministack/health")
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._child is not None:
            self._child.stop()

    @property
    def log(self) -> Path:
        return self._directory / "account.log"

    def environment(self, keys: Mapping[str, str] = OWNER_KEYS) -> dict[str, str]:
        """What points a program at the account, with the owner's keys or others."""
        return {
            **keys,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, keys: Mapping[str, str] = OWNER_KEYS) -> Any:
        """A boto3 client with the owner's keys or others."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}, read_timeout=120),
        )

    def call(
        self, function_url: str, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request to a function URL: the emulator listens on loopback and tells functions by the Host header.

        Returns:
            Status, headers in lower case, body.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, {**(headers or {}), "Host": urlsplit(function_url).netloc})
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
        finally:
            connection.close()


def policy(*statements: tuple[str | list[str], str | list[str]], effect: str = "Allow") -> str:
    """An IAM policy document of (action, resource) pairs."""
    rows = [{"Effect": effect, "Action": action, "Resource": resource} for action, resource in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": rows})
