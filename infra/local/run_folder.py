"""The folder of `logdig dev`: one run at a time, its token, its data, and the environment for other commands."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from logdig.errors import MissingPartError, SetupError

FOLDER_VARIABLE = "LOGDIG_EMULATOR_FOLDER"
"""Tells the emulator where it keeps objects and messages."""
CLAIM_TRIES, CLAIM_PAUSE_SECONDS = 5, 0.1
"""Somebody who only looks whether a run is there holds its lock for an instant."""
PARTS_END_SECONDS = 40.0
"""A killed run's parts end within this time; the collector is the slowest."""


class RunFolder:
    """The folder; the methods that change it need `claim` first.

    Args:
        path: Made by `claim`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.data = self.path / "aws"
        self._lock, self._parts_lock = self.path / "run.lock", self.path / "parts.lock"
        self._token, self._environment = self.path / "token", self.path / "environment.json"
        self._held: list[int] = []

    def claim(self, wait_notice: Callable[[str], None]) -> int:
        """Take the folder for this run, until the process ends; wait for the parts of a run that was killed.

        Args:
            wait_notice: Told what is waited for.
        Returns:
            File descriptor that the parts inherit: as long as one of them holds it, no other run begins.
        Raises:
            MissingPartError: Another run has the folder, or the parts of a killed one do not end.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Secrets and data of this machine are not for the repository around the folder.
            (self.path / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as err:
            raise SetupError(f"{self.path}: {err.strerror}; name another folder with --directory") from err
        if (lock := self._take(self._lock, CLAIM_TRIES * CLAIM_PAUSE_SECONDS)) is None:
            pid = self._lock.read_text(encoding="utf-8").strip()
            raise MissingPartError(
                f"'logdig dev' already runs in {self.path} (process {pid}); use it with 'logdig dev env', or stop it"
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._environment.unlink(missing_ok=True)
        if (parts := self._take(self._parts_lock, 0)) is None:
            wait_notice("waiting for the parts of an earlier run to end")
            parts = self._take(self._parts_lock, PARTS_END_SECONDS)
        if parts is None:
            raise MissingPartError(
                f"parts of an earlier run in {self.path} still run; end their Python processes "
                "(infra.local, dashboard) and try again"
            )
        return parts

    def _take(self, path: Path, seconds: float) -> int | None:
        """Lock a file within a time; None when somebody else holds it."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(handle)
                    return None
                time.sleep(CLAIM_PAUSE_SECONDS)
            else:
                self._held.append(handle)
                return handle

    def release(self) -> None:
        """Give the folder to the next run; what another run has stays."""
        if self._held:
            self._environment.unlink(missing_ok=True)
        for handle in self._held:
            os.close(handle)
        self._held.clear()

    def remove_data(self) -> None:
        """Remove the objects and messages of earlier runs."""
        if self.data.exists():
            shutil.rmtree(self.data)

    def token(self, new_token: Callable[[], str]) -> str:
        """Token of the app that `logdig dev` makes, the same in each run."""
        if self._token.exists() and (token := self._token.read_text(encoding="utf-8").strip()):
            return token
        token = new_token()
        self._token.write_text(f"{token}\n", encoding="utf-8")
        return token

    def publish(self, environment: Mapping[str, str]) -> None:
        """Leave the environment for commands in other shells; only this user may read it."""
        part = self._environment.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(dict(environment), file)
        part.replace(self._environment)

    def environment(self) -> dict[str, str]:
        """Environment of the run that has the folder.

        Raises:
            MissingPartError: No run has it, or one is starting.
        """
        if not self._is_held():
            raise MissingPartError(
                f"no 'logdig dev' runs in {self.path}; start it in another terminal, "
                "or name its folder with --directory"
            )
        try:
            found: dict[str, str] = json.loads(self._environment.read_bytes())
        except FileNotFoundError as err:
            raise MissingPartError("'logdig dev' is still starting; try again in a few seconds") from err
        return found

    def _is_held(self) -> bool:
        try:
            handle = os.open(self._lock, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False
