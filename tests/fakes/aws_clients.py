"""The lean client and botocore's of one endpoint, with the same keys."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.config import Config

from logdig.aws.credentials import Keys
from logdig.aws.http_pool import AUTHORITIES, Endpoint
from logdig.aws.json_client import PROTOCOLS, JsonClient

REGION = "ap-northeast-1"
BODY = 'a "quoted" \\ body'


def lean(url: str, tries: int = 4, service: str = "sqs") -> JsonClient:
    endpoint = Endpoint(url, AUTHORITIES, 3, 20, 4)
    keys = Keys("AKIA1", "secret", "token")
    return JsonClient(PROTOCOLS[service], REGION, endpoint, lambda: keys, tries, sleep=lambda _: None)


def full(endpoint: str, tries: int = 4, service: str = "sqs") -> Any:
    return botocore.session.get_session().create_client(
        service, REGION, endpoint_url=endpoint, aws_access_key_id="AKIA1", aws_secret_access_key="secret",
        aws_session_token="token", config=Config(retries={"mode": "standard", "total_max_attempts": tries}),
    )  # fmt: skip
