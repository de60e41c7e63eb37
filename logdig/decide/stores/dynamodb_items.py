"""Items in one DynamoDB table. [aws]

Partition key ``person`` (text); ``expires_at`` (whole seconds since 1970) is the table's time-to-live attribute. A
text is the attribute ``value``; counts of a name are ``t:<name>`` in all, ``y:<name>`` the last day, ``d:<name>`` that
day's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from logdig.decide.profiles import Counts
from logdig.decide.stores.profile_store import Item
from logdig.errors import ProfileUnavailableError
from logdig.times import Clock

BATCH_ITEMS = 25
"""Most writes that one BatchWriteItem takes (its service quota)."""
BATCH_ATTEMPTS = 8
"""Tries of one batch, waits doubling from FIRST_WAIT_SECONDS: 0.05 x (2^7 - 1) = 6.4 s of throttling are bridged."""
FIRST_WAIT_SECONDS = 0.05
Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Calls an operation with its arguments on an event loop."""
CONDITION_FAILED = "ConditionalCheckFailedException"


class DynamoDbItems:
    """See `Items`; reads are eventually consistent."""

    def __init__(self, client: Any, table: str, clock: Clock, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wrap a DynamoDB client; the decision service needs one with short timeouts and no retries."""
        self._client, self._table, self._clock, self._sleep = client, table, clock, sleep

    def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        """Read with one BatchGetItem.

        Raises:
            ProfileUnavailableError: DynamoDB did not answer, or throttled a part of it.
        """
        response = self._call("batch_get_item", **get_arguments(self._table, values, counts))
        return found_in(response, self._table, values, counts, self._clock())

    def put(self, items: Iterable[Item]) -> int:
        """Write in batches of 25.

        Raises:
            ProfileUnavailableError: DynamoDB refused, or still throttled after 8 tries; earlier batches are written.
        """
        by_key = {item.key: item for item in items}
        return self._write([{"PutRequest": {"Item": _attributes(item)}} for item in by_key.values()])

    def remove(self, keys: Iterable[str]) -> int:
        """Remove in batches of 25.

        Raises:
            ProfileUnavailableError: As `put`; removing again is harmless.
        """
        return self._write([{"DeleteRequest": {"Key": {"person": {"S": key}}}} for key in sorted(set(keys))])

    def add(
        self, key: str, name: str, day: date, expires_at: datetime, *, most_today: int | None, most: int | None
    ) -> bool:
        """Add with one conditional UpdateItem; a day's first is one, each further one a second.

        Raises:
            ProfileUnavailableError: DynamoDB did not answer; whether it added is not known.
        """
        updates = updates_of(self._table, key, name, day, expires_at, most_today=most_today, most=most)
        return any(self._update(arguments) for arguments in updates)

    def _update(self, arguments: dict[str, Any]) -> bool:
        try:
            self._client.update_item(**arguments)
        except (BotoCoreError, ClientError) as err:
            if is_condition_failed(err):
                return False
            raise unanswered(self._table, "update_item", err) from err
        return True

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            response: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except (BotoCoreError, ClientError) as err:
            raise unanswered(self._table, operation, err) from err
        return response

    def _write(self, requests: Sequence[dict[str, Any]]) -> int:
        for start in range(0, len(requests), BATCH_ITEMS):
            self._write_batch(list(requests[start : start + BATCH_ITEMS]))
        return len(requests)

    def _write_batch(self, waiting: list[dict[str, Any]]) -> None:
        for attempt in range(BATCH_ATTEMPTS):
            if attempt:
                self._sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            # A batch may be written in part: the response holds the rest.
            response = self._call("batch_write_item", RequestItems={self._table: waiting})
            waiting = response.get("UnprocessedItems", {}).get(self._table, [])
            if not waiting:
                return
        raise ProfileUnavailableError(
            f"table {self._table} left {len(waiting)} of a batch unwritten after {BATCH_ATTEMPTS} tries; "
            "run the job again when the table is not throttled"
        )


class DynamoDbLoopItems:
    """See `LoopItems`: what a decision needs of DynamoDbItems, on an event loop."""

    def __init__(self, call: Call, table: str, clock: Clock) -> None:
        """Wrap the calls of a client with short timeouts and no retries."""
        self._call, self._table, self._clock = call, table, clock

    async def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        try:
            response = await self._call("BatchGetItem", get_arguments(self._table, values, counts))
        except (BotoCoreError, ClientError) as err:
            raise unanswered(self._table, "BatchGetItem", err) from err
        return found_in(response, self._table, values, counts, self._clock())

    async def add(
        self, key: str, name: str, day: date, expires_at: datetime, *, most_today: int | None, most: int | None
    ) -> bool:
        for arguments in updates_of(self._table, key, name, day, expires_at, most_today=most_today, most=most):
            try:
                await self._call("UpdateItem", arguments)
            except (BotoCoreError, ClientError) as err:
                if not is_condition_failed(err):
                    raise unanswered(self._table, "UpdateItem", err) from err
            else:
                return True
        return False


def get_arguments(table: str, values: Sequence[str], counts: Sequence[str]) -> dict[str, Any]:
    """Arguments of the BatchGetItem that reads texts and counts."""
    keys = [{"person": {"S": key}} for key in dict.fromkeys((*values, *counts))]
    return {"RequestItems": {table: {"Keys": keys}}}


def found_in(
    response: Mapping[str, Any], table: str, values: Sequence[str], counts: Sequence[str], now: datetime
) -> tuple[dict[str, str], dict[str, Counts]]:
    """Read the response of BatchGetItem.

    Raises:
        ProfileUnavailableError: A part of it was throttled.
    """
    if response.get("UnprocessedKeys"):
        raise ProfileUnavailableError(f"table {table} is throttled: a part of the read is missing")
    items = {
        item["person"]["S"]: item
        for item in response.get("Responses", {}).get(table, [])
        # The table removes what has expired within days, not at once.
        if float(item.get("expires_at", {}).get("N", "inf")) > now.timestamp()
    }
    texts = {key: items[key]["value"]["S"] for key in values if "value" in items.get(key, {})}
    return texts, {key: _counts(items[key]) for key in counts if key in items}


def updates_of(
    table: str, key: str, name: str, day: date, expires_at: datetime, *, most_today: int | None, most: int | None
) -> list[dict[str, Any]]:
    """Arguments of the UpdateItems to try one after the other until one counts: the first of a day, then a further one.

    None where the limits allow no showing at all, one where they allow one a day.
    """
    if most_today == 0 or most == 0:
        return []
    names = {"#t": f"t:{name}", "#y": f"y:{name}", "#d": f"d:{name}", "#e": "expires_at"}
    values = {":one": {"N": "1"}, ":day": {"S": day.isoformat()}, ":e": {"N": _seconds(expires_at)}}
    total = "" if most is None else " AND (attribute_not_exists(#t) OR #t < :most)"
    total_values = {} if most is None else {":most": {"N": str(most)}}
    today = "" if most_today is None else " AND #d < :today"
    today_values = {} if most_today is None else {":today": {"N": str(most_today)}}
    same = {"TableName": table, "Key": {"person": {"S": key}}, "ExpressionAttributeNames": names}
    first = same | {
        "UpdateExpression": "SET #e = :e, #y = :day, #d = :one ADD #t :one",
        "ConditionExpression": f"(attribute_not_exists(#y) OR #y <> :day){total}",
        "ExpressionAttributeValues": values | total_values,
    }
    further = same | {
        "UpdateExpression": "SET #e = :e ADD #d :one, #t :one",
        "ConditionExpression": f"#y = :day{today}{total}",
        "ExpressionAttributeValues": values | total_values | today_values,
    }
    return [first] if most_today == 1 else [first, further]


def unanswered(table: str, operation: str, err: Exception) -> ProfileUnavailableError:
    """Say that a call failed."""
    return ProfileUnavailableError(f"table {table} did not answer {operation}: {err}")


def is_condition_failed(err: BotoCoreError | ClientError) -> bool:
    """Tell whether an update was refused by its own condition."""
    return isinstance(err, ClientError) and bool(err.response["Error"]["Code"] == CONDITION_FAILED)


def _attributes(item: Item) -> dict[str, Any]:
    return {
        "person": {"S": item.key},
        "value": {"S": item.value},
        "expires_at": {"N": _seconds(item.expires_at)},
    }


def _seconds(moment: datetime) -> str:
    return str(math.ceil(moment.timestamp()))


def _counts(item: dict[str, Any]) -> Counts:
    total, today = {}, {}
    for attribute, value in item.items():
        kind, _, name = attribute.partition(":")
        if kind == "t":
            total[name] = int(value["N"])
            today[name] = (item[f"y:{name}"]["S"], int(item[f"d:{name}"]["N"]))
    return Counts(total, today)
