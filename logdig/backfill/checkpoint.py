"""What the user's cache folder remembers of sendings: how far one came, and which files were sent whole."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from logdig.errors import SetupError

NAME_CHARACTERS = 24


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_folder(folder: Path) -> None:
    """Check, before anything is sent, that what was sent can be remembered here.

    Raises:
        SetupError: Nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f"probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as err:
        raise SetupError(
            f"{folder}: {err.strerror}; what was sent is noted there, so that it can go on and is not sent twice; "
            "set XDG_CACHE_HOME to a folder that can be written"
        ) from err


class Checkpoint:
    """Remembers in a small file up to which line everything was answered, and how far times were moved.

    Args:
        folder: Where checkpoints lie.
        identity: What makes two sendings the same one: content, kind, collector, app and options.
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self._path = folder / f"{_name(identity)}.json"

    @property
    def is_begun(self) -> bool:
        """Whether an earlier run was interrupted."""
        return self._path.exists()

    def read(self, shift: timedelta) -> tuple[int, timedelta]:
        """The line after which to go on and the shift to go on with; 0 and the given shift at the start.

        Who goes on tomorrow must not move times by a day more: the same rows would become other events.
        """
        try:
            point = json.loads(self._path.read_text())
            return int(point["line"]), timedelta(days=int(point["shift_days"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0, shift

    def write(self, line: int, shift: timedelta) -> None:
        """Remember a line; a crash leaves the checkpoint before it or this one."""
        _replace(self._path, json.dumps({"line": line, "shift_days": shift.days}).encode())

    def clear(self) -> None:
        """Forget: the file is through."""
        self._path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was sent whole: its name then, when, and its rows."""

    name: str
    sent_at: str
    rows: int


class SentFiles:
    """Remembers the files that an app's collector was sent, by kind and digest.

    Args:
        folder: Where the lists lie.
        app: The app.
        endpoint: Address of the collector.
    """

    def __init__(self, folder: Path, app: str, endpoint: str) -> None:
        self._path = folder / f"sent-{_name(f'{app} {endpoint}')}.json"

    def find(self, kind: str, digest: str) -> SentFile | None:
        """The file of this content that was sent before."""
        return self._read().get(f"{kind} {digest}")

    def add(self, kind: str, digest: str, file: SentFile) -> None:
        """Remember a file."""
        files = self._read() | {f"{kind} {digest}": file}
        _replace(self._path, msgspec.json.encode({key: asdict(file) for key, file in files.items()}))

    def _read(self) -> dict[str, SentFile]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, SentFile])
        except (FileNotFoundError, msgspec.MsgspecError):
            # A lost list costs a question.
            return {}


def _name(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:NAME_CHARACTERS]


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
