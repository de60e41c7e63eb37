"""A small client of AWS's JSON services (SQS, SSM, DynamoDB), which the collector's requests wait for. [aws]

botocore's client spends most of a call's time on what we never change: models, hooks, endpoint rules. Here a call is a
JSON body, a signature and a kept-alive connection. Operations, exceptions, timeouts and retries are botocore's, so
that adapters take either client.
Protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError

from logdig import __version__
from logdig.aws.http_pool import Connections, Endpoint, HttpResponse, HttpResult
from logdig.aws.retries import BotocoreRetries
from logdig.aws.sigv4 import Credentials, signed_headers

USER_AGENT = f"LogDig/{__version__}"
MULTIPLE_CHOICES, SERVER_ERROR = 300, 500
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class Protocol(NamedTuple):
    """Protocol of one service; the ``fixed`` headers are signed too."""

    service: str
    target: str
    version: str
    fixed: tuple[tuple[str, str], ...] = ()


PROTOCOLS = {
    # The header keeps the error codes that SQS had before it spoke JSON.
    "sqs": Protocol("sqs", "AmazonSQS", "1.0", (("x-amzn-query-mode", "true"),)),
    "ssm": Protocol("ssm", "AmazonSSM", "1.1"),
    "dynamodb": Protocol("dynamodb", "DynamoDB_20120810", "1.0"),
}


class Signer:
    """Makes the headers of calls of one service at one address."""

    def __init__(self, protocol: Protocol, region: str, host: str, path: str) -> None:
        self._protocol, self._region, self._path = protocol, region, path
        content_type = f"application/x-amz-json-{protocol.version}"
        self._fixed = dict(protocol.fixed) | {"content-type": content_type, "host": host}

    def headers(self, operation: str, body: bytes, credentials: Credentials, now: datetime) -> dict[str, str]:
        """Sign one call; ``now`` is UTC."""
        headers = signed_headers(
            self._fixed | {"x-amz-target": f"{self._protocol.target}.{operation}"},
            body,
            credentials,
            now,
            service=self._protocol.service,
            region=self._region,
            path=self._path,
        )
        headers["user-agent"] = USER_AGENT
        return headers


class JsonClient:
    """Client of one service; its operations are methods with botocore's names and arguments. Safe between threads.

    Args:
        protocol: See `PROTOCOLS`.
        region: Region of the signature.
        endpoint: Where the service is.
        credentials: Returns the current keys, None without any.
        tries: Of one call, in botocore's standard mode.
        sleep: Waits so many seconds before the next try.
    """

    def __init__(
        self,
        protocol: Protocol,
        region: str,
        endpoint: Endpoint,
        credentials: Callable[[], Credentials | None],
        tries: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._credentials, self._sleep = credentials, sleep
        self._connections = Connections(endpoint)
        self._signer = Signer(protocol, region, self._connections.host, self._connections.path)
        self._retries = BotocoreRetries(protocol.service, tries)

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._call, "".join(word.capitalize() for word in name.split("_")))

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Call one operation.

        Raises:
            ClientError: The service answered with an error.
            BotoCoreError: There are no credentials, or no response came.
        """
        body = msgspec.json.encode(arguments)
        context: dict[str, Any] = {}
        attempts = 0
        while True:
            attempts += 1
            result = self._try(operation, body)
            if isinstance(result, HttpResponse) and result.status_code < MULTIPLE_CHOICES:
                self._retries.release(context, result)
                return parsed_body(result)
            parsed = error_of(result) if isinstance(result, HttpResponse) else None
            delay = self._retries.delay(operation, attempts, context, result, parsed)
            if delay is None:
                raise final_error(result, parsed, operation, attempts)
            self._sleep(delay)

    def _try(self, operation: str, body: bytes) -> HttpResult:
        credentials = self._credentials()
        if credentials is None:
            raise NoCredentialsError
        headers = self._signer.headers(operation, body, credentials, datetime.now(UTC))
        return self._connections.post(headers, body)


def final_error(result: HttpResult, parsed: dict[str, Any] | None, operation: str, attempts: int) -> Exception:
    if parsed is None:
        return result if isinstance(result, Exception) else AssertionError(result)
    parsed["ResponseMetadata"]["RetryAttempts"] = attempts - 1
    error: Exception = ClientError(parsed, operation)
    return error


def parsed_body(response: HttpResponse) -> dict[str, Any]:
    """Read a 2xx response; one that is no JSON object came from something else than AWS, such as a proxy."""
    try:
        return _OBJECT.decode(response.content or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise HTTPClientError(error=err) from err


def error_of(response: HttpResponse) -> dict[str, Any]:
    """Describe an error response as botocore does."""
    status, content = response.status_code, response.content
    error_body: dict[str, Any]
    if status >= SERVER_ERROR and (not content or content.strip().startswith(b"<html>")):
        error_body = {"message": http.client.responses.get(status, "")}
    else:
        try:
            error_body = _OBJECT.decode(content or b"{}")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            error_body = {"message": content.decode("utf-8", "replace")}
    code = str(error_body.get("__type", status)).partition(":")[0].rpartition("#")[2]
    error = {"Code": code, "Message": error_body.get("message", error_body.get("Message", ""))}
    older, _, kind = response.headers.get("x-amzn-query-error", "").partition(";")
    if older and kind:
        error |= {"Code": older, "QueryErrorCode": code, "Type": kind}
    metadata = {"HTTPStatusCode": status, "RequestId": response.headers.get("x-amzn-requestid", "")}
    return {"Error": error, "ResponseMetadata": metadata}
