"""Storage of profiles: one small item per person, read once per decision. [aws]

DynamoDB table: partition key ``person`` (text); ``profile`` (JSON of `Profile`); ``expires_at`` (whole seconds since
1970), the table's time-to-live attribute.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from logdig.errors import ProfileUnavailableError

KEEP_FOR = timedelta(days=7)
"""Lifetime of an item after its features: long enough to tell ``stale`` (48 h) from ``unknown``, short for privacy."""
BATCH_ITEMS = 25
"""Most writes that one BatchWriteItem takes (its service quota)."""
BATCH_ATTEMPTS = 8
"""Tries of one batch, waits doubling from FIRST_WAIT_SECONDS: 0.05 x (2^7 - 1) = 6.4 s of throttling are bridged."""
FIRST_WAIT_SECONDS = 0.05


class OfferScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Probability (0 to 1) that one person takes one offer, by one model."""

    score: float
    model_version: str


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The data of the decision service about one person.

    ``offers`` holds a score per offer name. ``shown_today`` holds showings per offer name on the UTC day of
    ``features_as_of``; an offer that is absent there has an unknown count, which caps nothing.
    """

    person: str
    features_as_of: datetime
    offers: dict[str, OfferScore]
    shown_today: dict[str, int] = {}


def person_key(app: str, *, customer_id: str | None, user_key: str | None) -> str:
    """Name the profile of a customer, or of a visitor where no customer is known.

    Returns:
        ``<app>#c#<customer_id>`` or ``<app>#v#<user_key>``; app names hold no ``#``, so two apps never share one.
    Raises:
        ValueError: Neither is given.
    """
    if customer_id is not None:
        return f"{app}#c#{customer_id}"
    if user_key is None:
        raise ValueError("customer_id and user_key are both None; a person needs one of them")
    return f"{app}#v#{user_key}"


def keys_of(apps: Iterable[str], field: str, value: str) -> list[str]:
    """Name the profiles of a person in some apps.

    Args:
        apps: Their names.
        field: ``user_key`` or ``customer_id``.
        value: The person's.
    """
    keys: dict[str, str | None] = {"customer_id": None, "user_key": None, field: value}
    return [person_key(app, customer_id=keys["customer_id"], user_key=keys["user_key"]) for app in apps]


class ProfileStore(Protocol):
    """Read, write and remove profiles by person; every method raises ProfileUnavailableError."""

    def get(self, person: str) -> Profile | None:
        """Return the profile, None when the person is unknown."""

    def put(self, profiles: Iterable[Profile]) -> int:
        """Write profiles over what is there; return how many."""

    def remove(self, persons: Iterable[str]) -> int:
        """Remove profiles, absent ones too; return how many were asked for."""


class InMemoryProfiles:
    """Profiles of this process, for tests and for sites small enough."""

    def __init__(self, profiles: Iterable[Profile] = ()) -> None:
        self._profiles = {profile.person: profile for profile in profiles}

    def get(self, person: str) -> Profile | None:
        return self._profiles.get(person)

    def put(self, profiles: Iterable[Profile]) -> int:
        new = {profile.person: profile for profile in profiles}
        self._profiles.update(new)
        return len(new)

    def remove(self, persons: Iterable[str]) -> int:
        wanted = set(persons)
        for person in wanted:
            self._profiles.pop(person, None)
        return len(wanted)


class DynamoDbProfiles:
    """Profiles in one DynamoDB table."""

    def __init__(self, client: Any, table: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Wrap a boto3 DynamoDB client; the decision service needs one with short timeouts and no retries."""
        self._client = client
        self._table = table
        self._sleep = sleep

    def get(self, person: str) -> Profile | None:
        """Read one profile with one eventually consistent GetItem.

        Raises:
            ProfileUnavailableError: DynamoDB did not answer, or the item is not one that this version wrote.
        """
        try:
            response = self._client.get_item(
                TableName=self._table, Key={"person": {"S": person}}, ProjectionExpression="profile"
            )
        except (BotoCoreError, ClientError) as err:
            raise ProfileUnavailableError(f"table {self._table} did not answer: {err}") from err
        if "Item" not in response:
            return None
        try:
            return msgspec.json.decode(response["Item"]["profile"]["S"], type=Profile)
        except (KeyError, msgspec.DecodeError) as err:
            raise ProfileUnavailableError(
                f"table {self._table} holds an unreadable profile: {err}; run 'logdig jobs run targets' to write it"
            ) from err

    def put(self, profiles: Iterable[Profile]) -> int:
        """Write profiles in batches of 25; the last of several for one person counts.

        Raises:
            ProfileUnavailableError: DynamoDB refused, or still throttled after 8 tries; earlier batches are written.
        """
        by_person = {profile.person: profile for profile in profiles}
        return self._write([{"PutRequest": {"Item": _item(profile)}} for profile in by_person.values()])

    def remove(self, persons: Iterable[str]) -> int:
        """Remove profiles in batches of 25.

        Raises:
            ProfileUnavailableError: As `put`; removing again is harmless.
        """
        return self._write([{"DeleteRequest": {"Key": {"person": {"S": person}}}} for person in sorted(set(persons))])

    def _write(self, requests: Sequence[dict[str, Any]]) -> int:
        for start in range(0, len(requests), BATCH_ITEMS):
            self._write_batch(list(requests[start : start + BATCH_ITEMS]))
        return len(requests)

    def _write_batch(self, waiting: list[dict[str, Any]]) -> None:
        for attempt in range(BATCH_ATTEMPTS):
            if attempt:
                self._sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            try:
                response = self._client.batch_write_item(RequestItems={self._table: waiting})
            except (BotoCoreError, ClientError) as err:
                raise ProfileUnavailableError(f"table {self._table} did not take profiles: {err}") from err
            # A batch may be written in part: the response holds the rest.
            waiting = response.get("UnprocessedItems", {}).get(self._table, [])
            if not waiting:
                return
        raise ProfileUnavailableError(
            f"table {self._table} left {len(waiting)} of a batch unwritten after {BATCH_ATTEMPTS} tries; "
            "run the job again when the table is not throttled"
        )


def _item(profile: Profile) -> dict[str, Any]:
    expires_at = math.ceil((profile.features_as_of + KEEP_FOR).timestamp())
    return {
        "person": {"S": profile.person},
        "profile": {"S": msgspec.json.encode(profile).decode()},
        "expires_at": {"N": str(expires_at)},
    }
