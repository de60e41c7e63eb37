"""Child processes of the local stack: start, wait, watch, stop, and leave none behind."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from functools import partial
from http.client import HTTPException
from pathlib import Path

from logdig.errors import MissingPartError

ANSWER_TIMEOUT_SECONDS = 180
STOP_TIMEOUT_SECONDS = 15
LAST_PORT = 65535
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """One child process with its output in a file.

    Start it on a thread that lives as long as the child should: the kernel ends the child with that thread.

    Args:
        name: For messages.
        command: Program and arguments.
        environment: Its whole environment.
        log: File that takes its output.
        inherited: File descriptors that it holds, too.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        inherited: Sequence[int] = (),
    ) -> None:
        self.name, self.log = name, log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches only the parent, which stops its children in order.
                start_new_session=True,
                pass_fds=inherited,
                preexec_fn=partial(terminate_with_parent, os.getpid()),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def ended(self) -> str:
        """Say how the process ended, with its last lines of output; empty while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return f"{self.name} ended with code {code}: {' / '.join(lines) or 'no output'} (log: {self.log})"

    def wait_until_answers(self, url: str) -> None:
        """Return when the address responds with any status.

        Raises:
            MissingPartError: The process ended, or did not answer in time.
        """
        deadline = time.monotonic() + ANSWER_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if ended := self.ended():
                raise MissingPartError(ended)
            try:
                with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (always http on loopback)
                    return
            except urllib.error.HTTPError:
                return
            except (OSError, HTTPException):
                time.sleep(0.05)
        raise MissingPartError(
            f"{self.name} did not answer at {url} within {ANSWER_TIMEOUT_SECONDS} s; log: {self.log}"
        )

    def stop(self) -> None:
        """Terminate the process; then kill it and every process that it started."""
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_TIMEOUT_SECONDS)
        # Workers of a crashed server are still in its session.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def terminate_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent is killed (Linux only); called in a new child."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def reserve_port() -> socket.socket:
    """Bind a free port of loopback without listening: until it is closed, nobody else is given this port.

    On Linux a child that sets SO_REUSEADDR may listen on it meanwhile; elsewhere close it first.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


def take_port(wanted: int, part: str, host: str = "127.0.0.1") -> int:
    """Return a free port of an address: the wanted one, or any for 0.

    Raises:
        MissingPartError: No such port, the port is in use, or the address is not one of this machine.
    """
    if not 0 <= wanted <= LAST_PORT:
        raise MissingPartError(f"port {wanted} for the {part}: 0 to {LAST_PORT}; 0 takes a free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as err:
            if err.errno == errno.EADDRINUSE:
                message = f"port {wanted} for the {part} is in use; stop what uses it or name another"
            else:
                message = f"the {part} cannot listen on {host}:{wanted}: {err.strerror}; name another host or port"
            raise MissingPartError(message) from err
        return int(probe.getsockname()[1])
