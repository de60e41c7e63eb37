"""Items in Redis, and the two names of 2016 that older clients read there.

Texts are strings and counts are hashes with the fields of the DynamoDB table, below ``<service>-<stage>:``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import redis

from logdig.decide.profiles import KEEP_FOR, Counts
from logdig.decide.stores.profile_store import Item
from logdig.errors import ProfileUnavailableError

PIPELINE_ITEMS = 1000
SEGMENT = "1_day_event_users"
"""Set of the customer ids to make the offer, as in 2016."""
PREDICTION = "pred_event:"
"""``pred_event:<customer_id>`` is ``1`` for them and ``0`` for other customers, as in 2016."""
SEGMENT_LIFE = timedelta(hours=48)
"""As long as features are fresh: whoever reads an old segment shows nothing."""
_ADD = """
local known = redis.call('HMGET', KEYS[1], 'y:' .. ARGV[1], 'd:' .. ARGV[1], 't:' .. ARGV[1])
local before = known[1] == ARGV[2] and tonumber(known[2]) or 0
local total = tonumber(known[3] or 0)
if ARGV[4] ~= '' and before >= tonumber(ARGV[4]) then return 0 end
if ARGV[5] ~= '' and total >= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], 'y:' .. ARGV[1], ARGV[2], 'd:' .. ARGV[1], before + 1, 't:' .. ARGV[1], total + 1)
redis.call('EXPIREAT', KEYS[1], ARGV[3])
return 1
"""
_PLACE = """
redis.call(ARGV[2] == '1' and 'SADD' or 'SREM', KEYS[1], ARGV[1])
if redis.call('TTL', KEYS[1]) == -1 then redis.call('EXPIREAT', KEYS[1], ARGV[3]) end
"""


class RedisItems:
    """See `Items`; Redis itself lets items expire."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        """Wrap a client that decodes responses; the prefix keeps the stages of one server apart."""
        self._client, self._prefix = client, prefix
        self._add: Any = client.register_script(_ADD)

    def get(self, values: Sequence[str], counts: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Counts]]:
        """Read in one round trip."""
        with _translated():
            asking = self._client.pipeline(transaction=False)
            asking.mget([self._prefix + key for key in values])
            for key in counts:
                asking.hgetall(self._prefix + key)
            texts, *hashes = asking.execute()
        found = {key: text for key, text in zip(values, texts, strict=True) if text is not None}
        return found, {key: _counts(fields) for key, fields in zip(counts, hashes, strict=True) if fields}

    def put(self, items: Iterable[Item]) -> int:
        """Write a thousand at a time."""
        rest = iter({item.key: item for item in items}.values())
        written = 0
        with _translated():
            while group := list(islice(rest, PIPELINE_ITEMS)):
                writing = self._client.pipeline(transaction=False)
                for item in group:
                    writing.set(self._prefix + item.key, item.value, exat=item.expires_at)
                writing.execute()
                written += len(group)
        return written

    def remove(self, keys: Iterable[str]) -> int:
        """Remove a thousand at a time."""
        wanted = sorted(set(keys))
        with _translated():
            for start in range(0, len(wanted), PIPELINE_ITEMS):
                self._client.delete(*(self._prefix + key for key in wanted[start : start + PIPELINE_ITEMS]))
        return len(wanted)

    def add(
        self, key: str, name: str, day: date, expires_at: datetime, *, most_today: int | None, most: int | None
    ) -> bool:
        """Add in one script, which Redis runs alone."""
        limits = ["" if limit is None else limit for limit in (most_today, most)]
        with _translated():
            arguments = [name, day.isoformat(), int(expires_at.timestamp()), *limits]
            return bool(self._add(keys=[self._prefix + key], args=arguments))


class Segments2016:
    """The names of 2016, without a prefix, as the older clients ask for them."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._place: Any = client.register_script(_PLACE)

    def place(self, customers: Iterable[tuple[str, bool]], now: datetime) -> None:
        """Put some customers into the set or take them out; the others stay as the last `write` left them.

        The set expires when it would have: listens do not keep alive what no daily run has written.

        Args:
            customers: Id, and whether the policy shows them the offer.
            now: As in `write`.
        Raises:
            ProfileUnavailableError: Redis did not answer; a repetition is harmless.
        """
        rest = iter(customers)
        with _translated():
            while group := list(islice(rest, PIPELINE_ITEMS)):
                writing = self._client.pipeline(transaction=False)
                for customer, shown in group:
                    until = now + (SEGMENT_LIFE if shown else KEEP_FOR)
                    writing.set(PREDICTION + customer, int(shown), exat=until)
                    arguments = [customer, int(shown), int((now + SEGMENT_LIFE).timestamp())]
                    self._place(keys=[SEGMENT], args=arguments, client=writing)
                writing.execute()

    def write(self, customers: Iterable[tuple[str, bool]], now: datetime) -> int:
        """Write who is shown the offer and who is not; return how many are.

        The set is exchanged at once, so that a reader never sees a part of it and who left is gone.

        Args:
            customers: Id, and whether the policy shows them the offer.
            now: The ones are valid for 48 hours, the zeros for 7 days.
        Raises:
            ProfileUnavailableError: Redis did not answer; the set is as it was.
        """
        fresh = f"{SEGMENT}:new"
        rest, count = iter(customers), 0
        with _translated():
            self._client.delete(fresh)
            while group := list(islice(rest, PIPELINE_ITEMS)):
                writing = self._client.pipeline(transaction=False)
                for customer, shown in group:
                    until = now + (SEGMENT_LIFE if shown else KEEP_FOR)
                    writing.set(PREDICTION + customer, int(shown), exat=until)
                chosen = [customer for customer, shown in group if shown]
                if chosen:
                    writing.sadd(fresh, *chosen)
                writing.execute()
                count += len(chosen)
            ending = self._client.pipeline(transaction=True)
            if count:
                ending.rename(fresh, SEGMENT)
                ending.expireat(SEGMENT, now + SEGMENT_LIFE)
            else:
                ending.delete(SEGMENT)
            ending.execute()
        return count


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as err:
        raise ProfileUnavailableError(f"Redis did not answer: {err}") from err


def _counts(fields: dict[str, str]) -> Counts:
    total = {field[2:]: int(value) for field, value in fields.items() if field.startswith("t:")}
    return Counts(total, {name: (fields[f"y:{name}"], int(fields[f"d:{name}"])) for name in total})
