"""The door to an AWS account: every call of plan, deploy, status and destroy goes through it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound
from botocore.parsers import ResponseParserError

from logdig.aws.clients import client
from logdig.errors import LogDigError, SetupError, TransientError

READ_TIMEOUT_SECONDS = 300
"""A forced flush answers when it is done, after at most 240 s."""
TRIES = 6
PAGE_TOKENS = ("NextToken", "nextToken")
"""What leads to the next page, in answer and question: AWS spells it either way."""
DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403")
"""S3 has no words for a HEAD that it refuses, only the status."""
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")


class RefusedByAwsError(LogDigError):
    """AWS refused a call; ``code`` is its own word for why."""

    def __init__(self, call: str, code: str, words: str) -> None:
        super().__init__(f"AWS refused {call}: {code}: {words}", call=call, code=code)
        self.code = code
        self.words = words


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose account, and who asks."""

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
            made = client(service, self.region, self.endpoint, READ_TIMEOUT_SECONDS, TRIES)
            answer: dict[str, Any] = getattr(made, operation)(**arguments)
        except NoCredentialsError as err:
            raise SetupError(str(err)) from err
        except (ProfileNotFound, NoRegionError) as err:
            raise SetupError(f"{err}; set up AWS access ('aws configure'), or name a profile with --profile") from err
        except ClientError as err:
            raise _ours(name, err) from err
        except (ResponseParserError, KeyError) as err:
            # botocore looks for AWS's words in a proxy's page.
            raise TransientError(f"{name}: what answered is no AWS; look at AWS_ENDPOINT_URL and the proxy") from err
        except BotoCoreError as err:
            raise TransientError(f"{name}: {err}; is AWS reachable? Try again") from err
        return answer

    def find(self, service: str, operation: str, missing: str, **arguments: Any) -> dict[str, Any] | None:
        """Call AWS; None where it answers that there is no such thing (``missing`` is in its code or words)."""
        try:
            return self.call(service, operation, **arguments)
        except RefusedByAwsError as err:
            if missing in err.code or missing in err.words:
                return None
            raise

    def pages(self, service: str, operation: str, items: str, **arguments: Any) -> Iterator[Any]:
        """Yield the items of every page of an answer.

        Args:
            service: See `call`.
            operation: See `call`.
            items: Name of the list in the answer.
            arguments: See `call`.
        """
        following: dict[str, Any] = {}
        while True:
            answer = self.call(service, operation, **arguments, **following)
            yield from answer.get(items, [])
            following = {name: answer[name] for name in PAGE_TOKENS if answer.get(name)}
            if not following:
                return

    def identity(self) -> Identity:
        """Tell whose account this is."""
        answer = self.call("sts", "get_caller_identity")
        return Identity(answer["Account"], answer["Arn"])

    def wait(self, is_done: Callable[[], bool], *, every_seconds: float, at_most_seconds: float) -> bool:
        """Ask until it is done; False when it took too long."""
        end = self.clock().timestamp() + at_most_seconds
        while not is_done():
            if self.clock().timestamp() >= end:
                return False
            self.sleep(every_seconds)
        return True


def _ours(call: str, err: ClientError) -> LogDigError:
    said = err.response.get("Error", {})
    code, words = said.get("Code", "?"), said.get("Message", str(err))
    if code in DENIED:
        return SetupError(
            f"AWS does not let you call {call}: {words}; 'logdig policy data' and "
            "'logdig policy work' print what a deploy needs",
            code=code,
        )
    if code in EXPIRED:
        return SetupError(f"AWS does not know these credentials ({code}); log in again, or name a profile", code=code)
    return RefusedByAwsError(call, code, words)


def open_account(region: str) -> Account:
    """The account of AWS's standard chain, or the emulator that ``AWS_ENDPOINT_URL`` names."""
    return Account(region, os.environ.get("AWS_ENDPOINT_URL"))
