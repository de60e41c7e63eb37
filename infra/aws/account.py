"""One AWS account in one region: plan, deploy, status and destroy make every call through it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from logdig.aws.access import ACCESS_ERRORS, access_error
from logdig.aws.clients import client
from logdig.errors import LogDigError, SetupError, TransientError

READ_TIMEOUT_SECONDS = 300
"""A forced flush responds when it is done, after at most 240 s."""
TRIES = 6
PAGE_TOKENS = ("NextToken", "nextToken")
"""Names of the token for the next page, in request and response: AWS spells it either way."""
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403")
"""S3 gives no code for a HEAD request that it refuses, only the status."""
EXPIRED = (
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException", "InvalidToken",
)  # fmt: skip


class RefusedByAwsError(LogDigError):
    """AWS refused a call; ``code`` and ``reason`` are AWS's own."""

    def __init__(self, call: str, code: str, reason: str) -> None:
        super().__init__(f"AWS refused {call}: {code}: {reason}", call=call, code=code)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """Account number, and the ARN of the caller."""

    account: str
    arn: str


class Account:
    """One account in one region.

    Args:
        region: AWS region.
        endpoint: Of an emulator; None is AWS. Credentials and profile come from AWS's standard chain.
        sleep: Waits so many seconds.
        clock: UTC now.
    """

    def __init__(
        self,
        region: str,
        endpoint: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.region = region
        self.endpoint = endpoint
        self.sleep = sleep
        self.clock = clock

    def in_region(self, region: str) -> Account:
        """The same account in another region."""
        return Account(region, self.endpoint, sleep=self.sleep, clock=self.clock)

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call AWS.

        Args:
            service: As boto3 names it.
            operation: Method of boto3's client.
            arguments: As boto3 takes them.
        Raises:
            SetupError: No or expired credentials, no such profile, or a permission is missing.
            TransientError: AWS cannot be reached.
            RefusedByAwsError: Anything else that AWS refused.
        """
        name = f"{service}:{operation}"
        try:
            boto_client = client(service, self.region, self.endpoint, READ_TIMEOUT_SECONDS, TRIES)
            response: dict[str, Any] = getattr(boto_client, operation)(**arguments)
        except ACCESS_ERRORS as err:
            raise access_error(err, os.environ) from err
        except ClientError as err:
            raise _translate(name, err) from err
        except (ResponseParserError, KeyError) as err:
            # botocore cannot parse what is not AWS, such as a proxy's page.
            raise TransientError(f"{name}: the response is not from AWS; check AWS_ENDPOINT_URL and the proxy") from err
        except BotoCoreError as err:
            hint = "check AWS_ENDPOINT_URL" if self.endpoint else "check the network and the proxy"
            raise TransientError(f"{name}: {' '.join(str(err).split())}; {hint}, and try again") from err
        return response

    def find(self, service: str, operation: str, missing: str, **arguments: Any) -> dict[str, Any] | None:
        """Call AWS; None when the resource does not exist (``missing`` is in AWS's code or reason)."""
        try:
            return self.call(service, operation, **arguments)
        except RefusedByAwsError as err:
            if missing in err.code or missing in err.reason:
                return None
            raise

    def pages(self, service: str, operation: str, items: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items of every page of a response.

        Args:
            service: See `call`.
            operation: See `call`.
            items: Name of the list in the response.
            arguments: See `call`.
        """
        next_page: dict[str, Any] = {}
        while True:
            response = self.call(service, operation, **arguments, **next_page)
            yield from response.get(items, [])
            next_page = {name: response[name] for name in PAGE_TOKENS if response.get(name)}
            if not next_page:
                return

    def identity(self) -> Identity:
        """Account number and caller."""
        caller = self.call("sts", "get_caller_identity")
        return Identity(caller["Account"], caller["Arn"])

    def wait(self, is_done: Callable[[], bool], *, every_seconds: float, at_most_seconds: float) -> bool:
        """Poll until it is done; False after ``at_most_seconds``."""
        end = self.clock().timestamp() + at_most_seconds
        while not is_done():
            if self.clock().timestamp() >= end:
                return False
            self.sleep(every_seconds)
        return True


def _translate(call: str, err: ClientError) -> LogDigError:
    error = err.response.get("Error", {})
    code, reason = error.get("Code", "?"), error.get("Message", str(err))
    if code in DENIED:
        return SetupError(
            f"AWS does not let you call {call}: {reason}; 'logdig policy data' and "
            "'logdig policy work' print what a deploy needs (and with a domain 'logdig policy domain')",
            code=code,
        )
    if code in EXPIRED:
        return SetupError(
            f"AWS does not know these keys ({code}); log in again ('aws configure', 'aws sso login'), "
            "or choose a --profile",
            code=code,
        )
    return RefusedByAwsError(call, code, reason)


def open_account(region: str) -> Account:
    """The account of AWS's standard chain, or the emulator that ``AWS_ENDPOINT_URL`` names."""
    return Account(region, os.environ.get("AWS_ENDPOINT_URL"))
