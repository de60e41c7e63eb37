"""An object store in memory with the rules of S3 that matter: conditional puts, conflicts, effects before errors."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence

from logdig.stores import StoredObject, StoredVersion


class FakeStore:
    """S3 in memory. ``before`` and ``after`` are called with operation and key and may raise."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.before: Callable[[str, str], None] = lambda _operation, _key: None
        self.after: Callable[[str, str], None] = lambda _operation, _key: None

    def put(self, key: str, body: bytes) -> bool:
        """Store unless there; an error raised by ``after`` comes when the effect has happened."""
        self.before("put", key)
        is_new = key not in self.objects
        self.objects.setdefault(key, body)
        self.after("put", key)
        return is_new

    def get(self, key: str) -> bytes:
        """Read one object."""
        self.before("get", key)
        return self.objects[key]

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """List in key order."""
        self.before("list", prefix)
        return iter(
            [StoredObject(key, len(self.objects[key])) for key in sorted(self.objects) if key.startswith(prefix)]
        )

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects."""
        for key in keys:
            self.before("delete", key)
            self.objects.pop(key, None)

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """A store that keeps nothing has one version of each."""
        self.before("versions", prefix)
        return iter([StoredVersion(key, "null", True, False) for key in sorted(self.objects) if key.startswith(prefix)])

    def get_version(self, version: StoredVersion) -> bytes:
        """Read the one version."""
        return self.get(version.key)

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """Remove the one version of each."""
        self.delete([one.key for one in versions])

    def lines(self, zone: str) -> list[bytes]:
        """Every stored line of a zone."""
        texts = (gzip.decompress(body) for key, body in self.objects.items() if key.startswith(f"{zone}/"))
        return [line for text in texts for line in text.splitlines()]
