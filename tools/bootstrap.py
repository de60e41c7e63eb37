"""Prepare this machine for `make demo` and `make test`: one step for each part, each done once.

Runs on the system's Python 3.11+ before installation, so it uses the standard library only. Parts: ``python``
(environment in .venv), ``java`` (17), ``jars`` (of Spark), ``chromium``, ``tracker`` (its build tools), ``redis`` (of
the tests), ``zeppelin``, ``account`` (an emulated AWS account that runs functions and judges permissions), ``lint`` (of
the template).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from infra.local.machine import VENV, find_chromium, find_java, node_environment
from infra.paths import ROOT

VENV_PYTHON = VENV / "bin" / "python"
ACCOUNT_ENVIRONMENT = ROOT / ".cache" / "account"
ACCOUNT_REQUIREMENTS = "requirements-account.txt"
LINT_ENVIRONMENT = ROOT / ".cache" / "lint"
LINT_REQUIREMENTS = "requirements-lint.txt"
REQUIREMENTS = ("requirements-setup.txt", "requirements-dev.txt", "pyproject.toml")


class PartMissingError(Exception):
    """A part is missing and could not be installed; the message says how to get it."""


def prepare_python() -> str:
    """Create .venv with every locked dependency and the `logdig` command."""
    if sys.version_info < (3, 11):  # noqa: UP036 (the check is for older interpreters)
        raise PartMissingError(
            f"Python 3.11 or later is needed, this is {sys.version.split()[0]}; make PYTHON=python3.12 ..."
        )
    digest = _digest(*REQUIREMENTS)
    stamp = VENV / ".prepared"
    if VENV_PYTHON.exists() and stamp.exists() and stamp.read_text() == digest:
        return "ready"
    if not VENV_PYTHON.exists():
        _run([sys.executable, "-m", "venv", str(VENV)], "install python3-venv (apt install python3-venv)")
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    hint = "is the Python package registry reachable?"
    _run([*pip, "--require-hashes", "-r", "requirements-setup.txt"], hint)
    uv = [str(VENV_PYTHON), "-m", "uv", "pip"]
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    _run([*uv, "sync", "--quiet", "--require-hashes", "requirements-dev.txt"], hint, environment)
    _run([*uv, "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", "."], hint, environment)
    stamp.write_text(digest)
    return "installed"


def prepare_account() -> str:
    """Install the emulated account in an environment of its own: it needs other versions (tests only)."""
    return _separate_environment(ACCOUNT_ENVIRONMENT, ACCOUNT_REQUIREMENTS)


def prepare_lint() -> str:
    """Install the linters of the template in an environment of their own, for the same reason (tests only)."""
    return _separate_environment(LINT_ENVIRONMENT, LINT_REQUIREMENTS)


def _separate_environment(folder: Path, requirements: str) -> str:
    digest = _digest(requirements)
    stamp = folder / ".prepared"
    if stamp.exists() and stamp.read_text() == digest:
        return "ready"
    hint = "is the Python package registry reachable?"
    python = folder / "bin" / "python"
    if not python.exists():
        _run([str(VENV_PYTHON), "-m", "venv", "--without-pip", str(folder)], "make setup comes first")
    command = [str(VENV_PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", str(python)]
    _run([*command, requirements], hint)
    stamp.write_text(digest)
    return "installed"


def _digest(*names: str) -> str:
    return hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in names)).hexdigest()


def prepare_java() -> str:
    """Find Java 17, or install it through apt."""
    java = find_java()
    if java:
        return java
    _apt("openjdk-17-jre-headless", "Java 17")
    java = find_java()
    if java is None:
        raise PartMissingError("Java 17 is still not found; install a JRE 17 and set JAVA_HOME to its folder")
    return java


def prepare_chromium() -> str:
    """Find Chromium or Chrome, or install Chromium through apt."""
    browser = find_chromium()
    if browser is None:
        _apt("chromium", "Chromium")
        browser = find_chromium()
    if browser is None:
        raise PartMissingError("Chromium is still not found; install Chromium or Chrome so that it is on PATH")
    return browser


def prepare_redis() -> str:
    """Find redis-server, or install it through apt (tests of the Redis profile store only)."""
    server = shutil.which("redis-server")
    if server is None:
        _apt("redis-server", "redis-server")
        server = shutil.which("redis-server")
    if server is None:
        raise PartMissingError("redis-server is still not found; install Redis so that it is on PATH")
    return server


def prepare_jars() -> str:
    """Download Spark's archives to the user's cache."""
    return _fetch("spark")


def prepare_zeppelin() -> str:
    """Download Zeppelin's archives to the user's cache (tests of the notes only)."""
    for name in ("zeppelin-server", "zeppelin-common", "zeppelin-python"):
        _fetch(name)
    return "ready"


def _fetch(name: str) -> str:
    java = find_java()
    if java is None:
        raise PartMissingError(f"the archives of {name} need Java 17 first")
    code = (
        "import sys\nfrom tools import jars\n"
        "try:\n    print(jars.fetch(sys.argv[1], sys.argv[2]))\nexcept jars.JarsError as err:\n    sys.exit(str(err))"
    )
    run = subprocess.run(
        [str(VENV_PYTHON), "-c", code, name, java], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise PartMissingError(run.stderr.strip().splitlines()[-1])
    # Programs look in the checkout; the archives themselves are shared by all checkouts.
    link = ROOT / ".cache" / "jars" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(run.stdout.strip())
    return run.stdout.strip()


def prepare_tracker() -> str:
    """Install the tracker's build tools (esbuild, TypeScript) from its lock file."""
    folder = ROOT / "clicktracker_js"
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / ".prepared"
    if stamp.exists() and stamp.read_bytes() == hashlib.sha256(lock).digest():
        return "ready"
    command = ["npm", "ci", "--silent", "--no-fund", "--no-audit"]
    _run(command, "is the npm registry reachable?", node_environment(), folder)
    stamp.write_bytes(hashlib.sha256(lock).digest())
    return "installed"


def _apt(package: str, what: str) -> None:
    """Install a Debian package: on a terminal after a yes (YES=1 answers it), as root without a terminal at once."""
    manual_step = f"{what} is missing; install it with: apt-get install {package}"
    if shutil.which("apt-get") is None:
        raise PartMissingError(
            f"{what} is missing and apt-get is not available; install {what} with your system's package manager"
        )
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and shutil.which("sudo") is None:
        raise PartMissingError(manual_step)
    if sys.stdin.isatty() and os.environ.get("YES") != "1":
        answer = input(f"{what} is missing. Install {package} with apt-get now? [Y/n] ").strip().lower()
        if answer not in ("", "y", "yes"):
            raise PartMissingError(manual_step)
    elif prefix and os.environ.get("YES") != "1":
        raise PartMissingError(manual_step)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run([*prefix, "apt-get", "update", "-qq"], manual_step, environment)
    _run([*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package], manual_step, environment)


def _run(command: list[str], hint: str, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    run = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        lines = (run.stderr or run.stdout).strip().splitlines()[-5:]
        raise PartMissingError("\n  ".join([f"{Path(command[0]).name} failed: {hint}", *lines]))


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "python": ("Python environment", prepare_python),
    "java": ("Java 17", prepare_java),
    "jars": ("Spark archives (78 MB)", prepare_jars),
    "chromium": ("Chromium", prepare_chromium),
    "tracker": ("tracker build tools", prepare_tracker),
    "redis": ("Redis", prepare_redis),
    "zeppelin": ("Zeppelin archives (113 MB)", prepare_zeppelin),
    "account": ("emulated AWS account", prepare_account),
    "lint": ("linters of the template", prepare_lint),
}
OPTIONAL = {"chromium", "redis"}
"""Without Chromium the demo visits over HTTP, and the tests report it missing; without Redis its tests are skipped."""


def main(names: list[str]) -> int:
    """Prepare the named parts in order; return the exit code."""
    for name in names:
        title, prepare = PARTS[name]
        print(f"  {title:<28}", end="", flush=True)
        started = time.monotonic()
        try:
            result = prepare()
        except PartMissingError as err:
            print(f"MISSING\n  {err}", flush=True)
            if name not in OPTIONAL:
                return 1
            continue
        print(f"{result}  ({time.monotonic() - started:.1f} s)", flush=True)
    return 0


if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if name not in PARTS]
    if unknown:
        sys.exit(f"unknown part {unknown[0]}; parts are {', '.join(PARTS)}")
    sys.exit(main(sys.argv[1:] or ["python", "java", "jars", "chromium"]))
