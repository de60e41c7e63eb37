"""The list of an owner's releases: one object of the bucket, replaced only while it is what was read.

Source: docs/releases.md. One object, since every page that shows releases reads all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from logdig.errors import InputError, StoreUnavailableError
from logdig.store.lease import TaggedStore
from logdig.times import wire_time

RELEASES_KEY = "state/releases.json"
NAME_LENGTH = 64
"""Characters of a name, as of ``page_version``, which carries it."""
FINGERPRINT = "~"
"""Beginning of what the tracker makes of a page without a version; no release begins with it."""
TRIES = 5
"""Two people who write at once need two; more in a row is a fault of the store."""
YEARS = range(1970, 9999)
"""Of a release's time: in every zone it has a local time."""


class Release(msgspec.Struct, frozen=True, order=True):
    """A version of a site: since when, of which app, and its name, which is what ``data-logdig-version`` says."""

    at: datetime
    app: str
    name: str


def read_releases(store: TaggedStore) -> tuple[Release, ...]:
    """Read the list, oldest first; empty when nothing was ever added.

    Raises:
        StoreUnavailableError: The store does not answer, or holds something else under the list's key.
    """
    return _read(store)[0]


def add_release(store: TaggedStore, release: Release) -> None:
    """Add a release; adding the same once more changes nothing.

    Raises:
        InputError: The app has a release of this name at another time.
    """

    def added(listed: tuple[Release, ...]) -> tuple[Release, ...]:
        for known in listed:
            if (known.app, known.name) == (release.app, release.name) and known.at != release.at:
                raise InputError(
                    f"app {release.app} has a release {release.name!r} of {wire_time(known.at)}; "
                    f"remove it first: logdig release remove {release.name!r} --app {release.app}"
                )
        return tuple(sorted({*listed, release}))

    _change(store, added)


def remove_release(store: TaggedStore, app: str, name: str) -> Release:
    """Remove a release and return it.

    Raises:
        InputError: The app has none of this name.
    """
    removed: list[Release] = []

    def without(listed: tuple[Release, ...]) -> tuple[Release, ...]:
        removed.extend(release for release in listed if (release.app, release.name) == (app, name))
        # A put whose reply was lost is repeated, and then meets its own effect.
        if not removed:
            raise InputError(f"app {app} has no release {name!r}; 'logdig release list' shows them")
        return tuple(release for release in listed if release not in removed)

    _change(store, without)
    return removed[0]


def check_name(name: str) -> str:
    """Return a release's name.

    Raises:
        InputError: No page can carry it as its version.
    """
    if not 1 <= len(name) <= NAME_LENGTH:
        raise InputError(f"the release's name has {len(name)} characters: 1 to {NAME_LENGTH}")
    if name.startswith(FINGERPRINT):
        raise InputError(f"release {name!r}: {FINGERPRINT} marks fingerprints of pages; begin with another character")
    if name != name.strip() or not name.isprintable():
        raise InputError(f"release {name!r}: printable characters only, and no spaces around them")
    return name


def read_time(text: str, timezone: str, option: str = "--at") -> datetime:
    """Read a time as RFC 3339 or, without an offset, as local time; a day alone is its midnight.

    Args:
        text: Such as ``2026-11-24T13:00:00Z``, ``2026-11-24 22:00`` or ``2026-11-24``.
        timezone: Of times without an offset.
        option: What the errors call it.
    Returns:
        In UTC, cut to a millisecond.
    Raises:
        InputError: It is no time, one outside of YEARS, or a local time that does not exist or exists twice.
    """
    try:
        time = datetime.fromisoformat(text)
        instants = {time.astimezone(UTC)} if time.tzinfo else _instants(time, ZoneInfo(timezone))
    except (ValueError, OverflowError) as err:
        raise InputError(f"{option} {text!r}: a time such as 2026-11-24T13:00:00Z, or 2026-11-24 22:00 local") from err
    if len(instants) != 1:
        problem = "exists twice" if instants else "does not exist"
        raise InputError(
            f"{option} {text!r} {problem} in {timezone}, whose clocks change then; add the offset from UTC"
        )
    (instant,) = instants
    if instant.year not in YEARS:
        raise InputError(f"{option} {text!r}: the year is {instant.year}; give one from {YEARS[0]} to {YEARS[-1]}")
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _instants(local: datetime, zone: ZoneInfo) -> set[datetime]:
    """The instants at which a zone's clocks show a time: none, one or two."""
    both = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return {instant for instant in both if instant.astimezone(zone).replace(tzinfo=None, fold=0) == local}


def _change(store: TaggedStore, change: Callable[[tuple[Release, ...]], tuple[Release, ...]]) -> None:
    for _ in range(TRIES):
        listed, tag = _read(store)
        changed = change(listed)
        if changed == listed or store.put_tagged(RELEASES_KEY, msgspec.json.encode(changed), tag) is not None:
            return
    raise StoreUnavailableError(f"{RELEASES_KEY} changed {TRIES} times in a row; try again", key=RELEASES_KEY)


def _read(store: TaggedStore) -> tuple[tuple[Release, ...], str | None]:
    stored = store.get_tagged(RELEASES_KEY)
    if stored is None:
        return (), None
    try:
        return msgspec.json.decode(stored[0], type=tuple[Release, ...]), stored[1]
    except msgspec.DecodeError as err:
        raise StoreUnavailableError(
            f"{RELEASES_KEY} is no list of releases ({err}); restore an older version of it in the bucket",
            key=RELEASES_KEY,
        ) from err
