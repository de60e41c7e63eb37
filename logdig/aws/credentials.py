"""Where AWS is and with which keys it is called, as AWS's standard chain says it. [aws]

In a function everything stands in the environment, so botocore, whose import takes longer than all else there, is not
asked; anywhere else it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from logdig.aws.http_pool import AUTHORITIES
from logdig.aws.sigv4 import Credentials

ORDINARY_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")
"""Regions of the partition whose endpoints end in amazonaws.com."""
FURTHER_VARIABLES = re.compile(
    "AWS_(ENDPOINT_URL_.*|CREDENTIAL_EXPIRATION|USE_(FIPS|DUALSTACK)_ENDPOINT|(DEFAULT_)?PROFILE|CONFIG_FILE|CA_BUNDLE"
    "|SHARED_CREDENTIALS_FILE|DATA_PATH)|REQUESTS_CA_BUNDLE|BOTO_CONFIG"
)
"""Whoever sets one of these wants more than a function's environment says."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a client needs besides its region: ``credentials`` gives the keys of the moment, None where there are none;
    ``authorities`` is a file of certificates."""

    endpoint: str
    credentials: Callable[[], Credentials | None]
    authorities: str


class Keys(NamedTuple):
    """Keys that do not change while the process lives."""

    access_key: str
    secret_key: str
    token: str | None


def of_function(service: str, region: str, endpoint: str | None, environment: Mapping[str, str]) -> Surroundings | None:
    """Read what Lambda puts into a function's environment; None where that is not all."""
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    is_function = "AWS_LAMBDA_FUNCTION_NAME" in environment and not any(map(FURTHER_VARIABLES.fullmatch, environment))
    if not (is_function and access_key and secret_key and (endpoint or ORDINARY_REGION.fullmatch(region))):
        return None
    keys = Keys(access_key, secret_key, environment.get("AWS_SESSION_TOKEN"))
    return Surroundings(endpoint or f"https://{service}.{region}.amazonaws.com", lambda: keys, AUTHORITIES)


def of_botocore(service: str, region: str, endpoint: str | None, environment: Mapping[str, str]) -> Surroundings:
    """Ask botocore: files, roles, further variables; keys that end are renewed by it.

    Raises:
        BotoCoreError: They contradict each other.
    """
    found = session()
    credentials = found.get_credentials()
    return Surroundings(
        endpoint or found.create_client(service, region_name=region).meta.endpoint_url,
        credentials.get_frozen_credentials if credentials else lambda: None,
        found.get_config_variable("ca_bundle") or environment.get("REQUESTS_CA_BUNDLE") or AUTHORITIES,
    )


@lru_cache(maxsize=1)
def session() -> Any:
    """Share credentials between clients. boto3's session is this one and s3transfer, whose import costs as much."""
    import botocore.session

    return botocore.session.get_session()
