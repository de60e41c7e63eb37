"""Who may look at a deployed dashboard: one object of the bucket, which holds hashes of tokens and no token.

Source: docs/share.md. Replaced only while it is what was read, so that two people who change it lose nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from logdig.errors import InputError, StoreUnavailableError
from logdig.store.lease import TaggedStore

SHARES_KEY = "state/shares.json"
TOKEN_BYTES = 32
ID_CHARACTERS = 12
TRIES = 5
"""Two people who write at once need two; more in a row is a fault of the store."""

ShareScope = Literal["numbers", "people"]


class Share(msgspec.Struct, frozen=True):
    """Access to one app.

    Args:
        app: Its name.
        scope: ``numbers`` = nothing about single persons; ``people`` = all.
        sha256: Of the token, in hex.
        created_at: UTC.
        until: From when on it is void, UTC; None = never.
    """

    app: str
    scope: ShareScope
    sha256: str
    created_at: datetime
    until: datetime | None = None

    @property
    def id(self) -> str:
        """What it is called where the token may not be shown."""
        return self.sha256[:ID_CHARACTERS]

    def holds(self, now: datetime) -> bool:
        """Whether its time has not passed."""
        return self.until is None or now < self.until


def new_token() -> str:
    """Make a token of 256 bits, 43 characters that need no escape in a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def sha256_of_token(token: str) -> str:
    """What is stored of a token. It is random, so a plain hash cannot be searched back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def read_shares(store: TaggedStore) -> tuple[Share, ...]:
    """Read the list, oldest first; empty when nothing was ever shared.

    Raises:
        StoreUnavailableError: The store does not answer, or holds something else under the list's key.
    """
    return _read(store)[0]


def add_share(store: TaggedStore, share: Share) -> None:
    """Add a share; adding the same once more changes nothing."""
    _change(store, lambda listed: listed if share in listed else (*listed, share))


def remove_share(store: TaggedStore, id_: str) -> Share:
    """Remove a share and return it.

    Args:
        store: The bucket.
        id_: As ``logdig share list`` shows it.
    Raises:
        InputError: There is none of this id.
    """
    removed: list[Share] = []

    def without(listed: tuple[Share, ...]) -> tuple[Share, ...]:
        removed.extend(share for share in listed if share.id == id_)
        # A put whose reply was lost is repeated, and then meets its own effect.
        if not removed:
            raise InputError(f"no share has the id {id_[:100]!r}; 'logdig share list' shows them")
        return tuple(share for share in listed if share.id != id_)

    _change(store, without)
    return removed[0]


def _change(store: TaggedStore, change: Callable[[tuple[Share, ...]], tuple[Share, ...]]) -> None:
    for _ in range(TRIES):
        listed, tag = _read(store)
        changed = change(listed)
        if changed == listed or store.put_tagged(SHARES_KEY, msgspec.json.encode(changed), tag) is not None:
            return
    raise StoreUnavailableError(f"{SHARES_KEY} changed {TRIES} times in a row; try again", key=SHARES_KEY)


def _read(store: TaggedStore) -> tuple[tuple[Share, ...], str | None]:
    stored = store.get_tagged(SHARES_KEY)
    if stored is None:
        return (), None
    try:
        return msgspec.json.decode(stored[0], type=tuple[Share, ...]), stored[1]
    except msgspec.DecodeError as err:
        raise StoreUnavailableError(
            f"{SHARES_KEY} is no list of shares ({err}); restore an older version of it in the bucket", key=SHARES_KEY
        ) from err
