"""Settings into queue, store and profile store: the only module of the core that makes AWS clients.

Clients are made on first use, so that imports stay cheap and make no AWS call.
Region, credentials and ``AWS_ENDPOINT_URL`` come from AWS's standard chain.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from logdig.aws.credentials import from_botocore, from_lambda_environment, session
from logdig.aws.http_pool import Endpoint, proxy_of
from logdig.aws.json_client import PROTOCOLS, JsonClient
from logdig.aws.sigv4 import Credentials
from logdig.config.settings import Settings
from logdig.config.signatures import ORIGIN_PARAMETER, ORIGIN_SECRET_VARIABLE, secret_variable
from logdig.decide.stores.dynamodb_items import DynamoDbItems, DynamoDbLoopItems
from logdig.decide.stores.loop_store import LoopStore
from logdig.decide.stores.profile_store import ProfileStore
from logdig.errors import MessageUnavailableError, QueueUnavailableError, SecretsUnavailableError, SetupError
from logdig.queue.event_queue import SqsEventQueue
from logdig.store.object_store import S3EventStore

CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 20
PROFILE_TIMEOUT_SECONDS = 1
"""The decision gives up after 50 ms; this timeout only ends the thread that still waits."""
READY_TIMEOUT_SECONDS = 2
CONNECTIONS = 32
REDIS_VARIABLE = "LOGDIG_REDIS_URL"
TRIES = 4


@lru_cache(maxsize=16)
def client(service: str, region: str, endpoint: str | None, read_timeout_seconds: float, tries: int) -> Any:
    """Make a botocore client; equal arguments share one. It is safe between threads."""
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=read_timeout_seconds,
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": tries},
        # Emulators and other stores rarely serve bucket names as host names.
        s3={"addressing_style": "path"} if endpoint else None,
    )
    return session().create_client(service, region_name=region, endpoint_url=endpoint, config=config)


@lru_cache(maxsize=16)
def json_client(service: str, region: str, endpoint: str | None, read_timeout_seconds: float, tries: int) -> JsonClient:
    """Make a client of a JSON service, with a fraction of botocore's work per call; shared like `client`."""
    address, credentials = _address(service, region, endpoint, read_timeout_seconds)
    return JsonClient(PROTOCOLS[service], region, address, credentials, tries)


def _address(
    service: str, region: str, endpoint: str | None, read_timeout_seconds: float
) -> tuple[Endpoint, Callable[[], Credentials | None]]:
    arguments = (service, region, endpoint, os.environ)
    config = from_lambda_environment(*arguments) or from_botocore(*arguments)
    address = Endpoint(config.endpoint, config.authorities, CONNECT_TIMEOUT_SECONDS, read_timeout_seconds, CONNECTIONS)
    return address, config.credentials


def _json_client(service: str, settings: Settings) -> JsonClient:
    return json_client(service, settings.region, os.environ.get("AWS_ENDPOINT_URL"), READ_TIMEOUT_SECONDS, TRIES)


def sqs_queue(settings: Settings) -> SqsEventQueue:
    """The queue of the settings; its address is looked up by name where it is not set.

    Raises:
        QueueUnavailableError: There is no such queue, or SQS does not answer.
    """
    sqs = _json_client("sqs", settings)
    if settings.queue_url:
        return SqsEventQueue(sqs, settings.queue_url)
    return _queue_by_name(sqs, settings.queue_name)


def queue_check(settings: Settings, queue_url: str) -> Callable[[], None]:
    """Make a check that raises QueueUnavailableError when the queue does not answer; one short try."""

    def check() -> None:
        sqs = json_client("sqs", settings.region, os.environ.get("AWS_ENDPOINT_URL"), READY_TIMEOUT_SECONDS, 1)
        try:
            sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        except (BotoCoreError, ClientError) as err:
            raise QueueUnavailableError(f"the queue does not answer: {err}") from err

    return check


def queue_depths(settings: Settings) -> tuple[int, int]:
    """Messages in the queue and in its dead-letter queue, those in flight too, about so many; one short try.

    Raises:
        QueueUnavailableError: SQS does not answer, there is no such queue, or counting is not allowed.
    """
    try:
        sqs = json_client("sqs", settings.region, os.environ.get("AWS_ENDPOINT_URL"), READY_TIMEOUT_SECONDS, 1)
    except (BotoCoreError, ClientError) as err:
        raise QueueUnavailableError(f"the queue does not answer: {err}") from err
    own = settings.queue_url
    queue = SqsEventQueue(sqs, own) if own else _queue_by_name(sqs, settings.queue_name)
    return queue.depth(), _queue_by_name(sqs, settings.dlq_name).depth()


def with_signing_secrets(settings: Settings, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Add the signing secrets of the parameter store below ``LOGDIG_SIGNING_PARAMETERS``.

    They are named ``<app>`` and, while one is rotated, ``<app>/previous``; the origin secret is named ``_origin``.
    Variables of the environment win.

    Raises:
        SecretsUnavailableError: The store does not answer or denies access.
    """
    path = environment.get("LOGDIG_SIGNING_PARAMETERS")
    if not path:
        return environment
    try:
        parameters = list(_parameters(_json_client("ssm", settings), path))
    except (BotoCoreError, ClientError) as err:
        raise SecretsUnavailableError(f"signing secrets below {path}: {err}") from err
    secrets = {}
    for parameter in parameters:
        app_name, _, version = parameter["Name"].removeprefix(path).strip("/").partition("/")
        if (app_name, version) == (ORIGIN_PARAMETER, ""):
            secrets[ORIGIN_SECRET_VARIABLE] = parameter["Value"]
        elif version in ("", "previous"):
            secrets[secret_variable(app_name, previous=bool(version))] = parameter["Value"]
    return {**secrets, **environment}


def _parameters(ssm: Any, path: str) -> Iterator[dict[str, Any]]:
    """All parameters below a path, page by page."""
    more: dict[str, str] = {}
    while True:
        page = ssm.get_parameters_by_path(Path=path, Recursive=True, WithDecryption=True, **more)
        yield from page["Parameters"]
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}


def dead_letter_queue(settings: Settings) -> SqsEventQueue:
    """The dead-letter queue of the settings; see `sqs_queue`."""
    return _queue_by_name(_json_client("sqs", settings), settings.dlq_name)


def _queue_by_name(sqs: Any, name: str) -> SqsEventQueue:
    try:
        return SqsEventQueue(sqs, sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except (BotoCoreError, ClientError) as err:
        raise QueueUnavailableError(f"queue {name}: {err}") from err


def s3_store(settings: Settings) -> S3EventStore:
    """The bucket of the settings."""
    s3 = client("s3", settings.region, os.environ.get("AWS_ENDPOINT_URL"), READ_TIMEOUT_SECONDS, TRIES)
    return S3EventStore(s3, settings.bucket_name)


def profile_store(settings: Settings, *, waits: bool = True) -> ProfileStore:
    """The profile store of the settings.

    Args:
        settings: ``profile_store``, and the name of the table; Redis is where the variable LOGDIG_REDIS_URL says.
        waits: Try again and wait, as jobs and commands do; False where a page waits for the decision.
    Raises:
        SetupError: ``profile_store = "redis"``, and the variable is not set or the extra `redis` is not installed.
    """
    if settings.profile_store == "redis":
        from logdig.decide.stores.redis_items import RedisItems

        return ProfileStore(RedisItems(redis_client(waits=waits), f"{settings.prefix}:"), _utc_now)
    timeout, tries = (READ_TIMEOUT_SECONDS, TRIES) if waits else (PROFILE_TIMEOUT_SECONDS, 1)
    table = json_client("dynamodb", settings.region, os.environ.get("AWS_ENDPOINT_URL"), timeout, tries)
    return ProfileStore(DynamoDbItems(table, settings.profile_table_name, _utc_now), _utc_now)


def loop_profile_store(settings: Settings) -> LoopStore | None:
    """What a decision needs of the profile store, on an event loop; None where it needs threads: Redis, a proxy."""
    from logdig.aws.loop_json_client import LoopJsonClient

    if settings.profile_store == "redis":
        return None
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    address, credentials = _address("dynamodb", settings.region, endpoint, PROFILE_TIMEOUT_SECONDS)
    if proxy_of(address.url) is not None:
        return None
    table = LoopJsonClient(PROTOCOLS["dynamodb"], settings.region, address, credentials)
    return LoopStore(DynamoDbLoopItems(table.call, settings.profile_table_name, _utc_now), _utc_now)


def redis_client(*, waits: bool = True) -> Any:
    """The Redis of the variable LOGDIG_REDIS_URL; it may hold a password, so it stands in no file.

    Raises:
        SetupError: The variable is not set, or the extra `redis` is not installed.
    """
    address = os.environ.get(REDIS_VARIABLE)
    if not address:
        raise SetupError(
            f"profile_store = 'redis' needs the variable {REDIS_VARIABLE}, such as redis://127.0.0.1:6379/0"
        )
    try:
        import redis
    except ImportError as err:
        raise SetupError("profile_store = 'redis' needs the extra redis; run: pip install 'logdig[redis]'") from err
    timeout = READ_TIMEOUT_SECONDS if waits else PROFILE_TIMEOUT_SECONDS
    try:
        return redis.Redis.from_url(
            address, decode_responses=True, socket_timeout=timeout, socket_connect_timeout=timeout, protocol=2
        )
    except ValueError as err:
        # The address may hold a password, so it is not shown.
        rule = "is no address of a Redis, such as redis://127.0.0.1:6379/0"
        raise SetupError(f"the variable {REDIS_VARIABLE} {rule}") from err


def sms_publisher(settings: Settings) -> Callable[[str, str], None]:
    """Make a function that sends a text to a phone number by SNS; one try, for a second one might send it twice."""

    def publish(phone: str, text: str) -> None:
        sns = client("sns", settings.region, os.environ.get("AWS_ENDPOINT_URL"), READ_TIMEOUT_SECONDS, 1)
        kind = {"DataType": "String", "StringValue": "Promotional"}
        try:
            sns.publish(PhoneNumber=phone, Message=text, MessageAttributes={"AWS.SNS.SMS.SMSType": kind})
        except ClientError as err:
            # The message of AWS may name the number.
            raise MessageUnavailableError(f"SNS refused it: {err.response['Error']['Code']}") from None
        except BotoCoreError as err:
            raise MessageUnavailableError(f"SNS did not answer: {type(err).__name__}") from None

    return publish


def _utc_now() -> datetime:
    return datetime.now(UTC)
