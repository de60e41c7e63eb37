"""AWS's JSON services (SQS, SSM, DynamoDB) called with little work: what a request of ours waits for. [aws]

botocore's client spends most of a call's time on what we never change: models, hooks, endpoint rules. Here a call is a
JSON body, a signature and a kept-alive connection. Names of operations, exceptions, timeouts and rules for trying
again are botocore's, the latter by its own code, so that adapters take either client.
Protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from types import SimpleNamespace
from typing import Any, NamedTuple

import msgspec
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError

from logdig import __version__
from logdig.aws.http_pool import Answer, Connections, Outcome, Place
from logdig.aws.sigv4 import Credentials, signed_headers

USER_AGENT = f"LogDig/{__version__}"
MULTIPLE_CHOICES, SERVER_ERROR = 300, 500
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class Protocol(NamedTuple):
    """How one service is spoken to; ``fixed`` headers are signed too."""

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


class JsonClient:
    """One service; its operations are methods, named and called as botocore's. Safe between threads.

    Args:
        protocol: See `PROTOCOLS`.
        region: That the call is signed for.
        place: Where the service is.
        credentials: Gives the keys of the moment, None where there are none.
        tries: Of one call, in botocore's standard mode.
        sleep: Waits so many seconds before the next try.
    """

    def __init__(
        self,
        protocol: Protocol,
        region: str,
        place: Place,
        credentials: Callable[[], Credentials | None],
        tries: int,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._protocol, self._region, self._credentials, self._sleep = protocol, region, credentials, sleep
        self._fixed = dict(protocol.fixed) | {"content-type": f"application/x-amz-json-{protocol.version}"}
        self._connections = Connections(place)
        self._retries = _Retries(protocol.service, tries)

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(self._call, "".join(word.capitalize() for word in name.split("_")))

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Call one operation.

        Raises:
            ClientError: The service refused.
            BotoCoreError: There are no credentials, or no answer came.
        """
        body = msgspec.json.encode(arguments)
        context: dict[str, Any] = {}
        attempts = 0
        while True:
            attempts += 1
            outcome = self._try(operation, body)
            if isinstance(outcome, Answer) and outcome.status_code < MULTIPLE_CHOICES:
                self._retries.release(context, outcome)
                return _parsed(outcome)
            parsed = _error(outcome) if isinstance(outcome, Answer) else None
            delay = self._retries.delay(operation, attempts, context, outcome, parsed)
            if delay is None:
                raise _final(outcome, parsed, operation, attempts)
            self._sleep(delay)

    def _try(self, operation: str, body: bytes) -> Outcome:
        credentials = self._credentials()
        if credentials is None:
            raise NoCredentialsError
        protocol, connections = self._protocol, self._connections
        headers = signed_headers(
            self._fixed | {"host": connections.host, "x-amz-target": f"{protocol.target}.{operation}"},
            body,
            credentials,
            datetime.now(UTC),
            service=protocol.service,
            region=self._region,
            path=connections.path,
        )
        headers["user-agent"] = USER_AGENT
        return connections.post(headers, body)


class _Retries:
    """botocore's standard mode by its own code, which is imported when a call first fails."""

    def __init__(self, service: str, tries: int) -> None:
        self._service, self._tries = service, tries
        self._hooks: dict[str, Callable[..., Any]] = {}
        self._lock = Lock()

    def delay(
        self, operation: str, attempts: int, context: dict[str, Any], outcome: Outcome, parsed: dict[str, Any] | None
    ) -> float | None:
        """Seconds to wait before the next try, None if there is none."""
        failed = isinstance(outcome, Exception)
        wait = self._hook("needs-retry")(
            response=None if failed else (outcome, parsed),
            attempts=attempts,
            operation=SimpleNamespace(
                name=operation, error_shapes=(), service_model=SimpleNamespace(service_name=self._service)
            ),
            caught_exception=outcome if failed else None,
            request_dict={"context": context},
        )
        return None if wait is None or wait is False else float(wait)

    def release(self, context: dict[str, Any], answer: Answer) -> None:
        """Give back what a call took of the quota; before the first failure nothing was taken."""
        if self._hooks:
            self._hook("after-call")(context, answer)

    def _hook(self, moment: str) -> Callable[..., Any]:
        with self._lock:
            if not self._hooks:
                self._register()
        return self._hooks[f"{moment}.{self._service}"]

    def _register(self) -> None:
        from botocore.retries.standard import register_retry_handler

        hooks: dict[str, Callable[..., Any]] = {}

        def register(name: str, hook: Callable[..., Any], **_: object) -> None:
            hooks[name] = hook

        name = SimpleNamespace(hyphenize=lambda: self._service)
        meta = SimpleNamespace(
            service_model=SimpleNamespace(service_id=name), events=SimpleNamespace(register=register)
        )
        register_retry_handler(SimpleNamespace(meta=meta), self._tries)
        self._hooks = hooks


def _final(outcome: Outcome, parsed: dict[str, Any] | None, operation: str, attempts: int) -> Exception:
    if parsed is None:
        return outcome if isinstance(outcome, Exception) else AssertionError(outcome)
    parsed["ResponseMetadata"]["RetryAttempts"] = attempts - 1
    refused: Exception = ClientError(parsed, operation)
    return refused


def _parsed(answer: Answer) -> dict[str, Any]:
    """Read a good answer; one that is no JSON object came from something else, which took nothing."""
    try:
        return _OBJECT.decode(answer.content or b"{}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise HTTPClientError(error=err) from err


def _error(answer: Answer) -> dict[str, Any]:
    """What a refusal says, as botocore puts it."""
    status, content = answer.status_code, answer.content
    said: dict[str, Any]
    if status >= SERVER_ERROR and (not content or content.strip().startswith(b"<html>")):
        said = {"message": http.client.responses.get(status, "")}
    else:
        try:
            said = _OBJECT.decode(content or b"{}")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            said = {"message": content.decode("utf-8", "replace")}
    code = str(said.get("__type", status)).partition(":")[0].rpartition("#")[2]
    error = {"Code": code, "Message": said.get("message", said.get("Message", ""))}
    older, _, kind = answer.headers.get("x-amzn-query-error", "").partition(";")
    if older and kind:
        error |= {"Code": older, "QueryErrorCode": code, "Type": kind}
    metadata = {"HTTPStatusCode": status, "RequestId": answer.headers.get("x-amzn-requestid", "")}
    return {"Error": error, "ResponseMetadata": metadata}
