"""Dependencies of a package, installed into a folder for its target machine.

Versions and hashes come from the lock files; pip checks every hash. Only runtime dependencies are installed: the lock
of the functions also names the tools of Chalice's command line.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from logdig.errors import MissingPartError, SetupError

LAYOUT = "2"
"""Part of each folder's name: raise it when `cut_down` changes."""

AWS_SERVICES = ("dynamodb", "s3", "sqs", "ssm", "sts")
"""Services that boto3 keeps inside a package; its descriptions of the other 400 are 25 MB."""
SPARK_SERVICES = (*AWS_SERVICES, "glue")
"""PyIceberg finds the tables by Glue."""
FUNCTION_DISTRIBUTIONS = (
    "boto3", "botocore", "chalice", "crawler-user-agents", "idna", "isal", "jmespath", "maxminddb", "msgspec",
    "python-dateutil", "s3transfer", "six", "throttled-py", "tzdata", "urllib3",
)  # fmt: skip
SPARK_DISTRIBUTIONS = (
    "annotated-types", "boto3", "botocore", "cachetools", "crawler-user-agents", "idna", "isal", "jmespath", "joblib",
    "maxminddb", "mmh3", "msgspec", "numpy", "pandas", "pyarrow", "pydantic", "pydantic-core", "pyiceberg",
    "pyparsing", "pyroaring", "python-dateutil", "pytz", "s3transfer", "scikit-learn", "scipy", "six", "strictyaml",
    "threadpoolctl", "typing-extensions", "typing-inspection", "tzdata", "ua-parser", "ua-parser-builtins", "urllib3",
    "zstandard",
)  # fmt: skip
"""pyspark and py4j are EMR's own. Of PyIceberg's dependencies those of its command line and of other catalogs are left
out: click, fsspec, requests, rich, tenacity."""

DASHBOARD_DISTRIBUTIONS = (
    "annotated-types", "blinker", "boto3", "botocore", "cachetools", "click", "crawler-user-agents", "duckdb", "flask",
    "idna", "isal", "itsdangerous", "jinja2", "jmespath", "markupsafe", "maxminddb", "mmh3", "msgspec",
    "pyarrow", "pydantic", "pydantic-core", "pyiceberg", "pyparsing", "pyroaring", "python-dateutil", "s3transfer",
    "six", "strictyaml", "throttled-py", "typing-extensions", "typing-inspection", "tzdata", "urllib3", "werkzeug",
    "zstandard",
)  # fmt: skip
"""Neither Arrow nor DuckDB needs numpy (42 MB) for what questions do."""

_CUT = re.compile(
    r"""(^|/)(tests?|_pyinstaller)/            # of numpy, pandas, scipy, scikit-learn, pyarrow
      | ^bin/                                  # command lines, which name this machine's Python
      | \.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$
      | ^chalice/(?!(__init__|app)\.py$)       # its command line; a function needs these two
      | ^boto3/(data|examples)/
      | ^pyarrow/(libarrow(_python)?|)_flight\.    # a server of its own
      | ^zstandard/_cffi\.                      # a second build of the same, for PyPy
      | ^pyarrow/(include|src)/ | \.pyi$ | \.pyx$ | \.pxd$
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """The machine on which a package runs.

    Args:
        name: Short, part of folder names.
        platforms: pip's platform tags; none means this machine and its Python.
        python_version: Such as ``3.11``.
    """

    name: str
    platforms: tuple[str, ...]
    python_version: str

    @property
    def markers(self) -> dict[str, str]:
        """Values for the markers of a lock file, where they differ from this machine's."""
        if not self.platforms:
            return {}
        machine = self.platforms[0].split("_", 1)[1]
        return {
            "python_version": self.python_version,
            "python_full_version": f"{self.python_version}.0",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "platform_machine": machine,
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }


DASHBOARD_TARGET = Target("dashboard-aarch64", ("manylinux2014_aarch64", "manylinux_2_28_aarch64"), "3.12")
"""pyarrow needs the C library of Amazon Linux 2023, which Lambda has from Python 3.12 on."""
LAMBDA_TARGET = Target("lambda-aarch64", ("manylinux2014_aarch64",), "3.11")
EMR_TARGET = Target("emr-aarch64", ("manylinux2014_aarch64", "manylinux_2_28_aarch64"), "3.11")
"""EMR Serverless has a newer C library than Lambda's Python 3.11, and pyarrow needs it."""
HERE = Target("here", (), f"{sys.version_info.major}.{sys.version_info.minor}")
"""An emulator runs functions in the Python beside it."""


def target_for(environment: Mapping[str, str]) -> Target:
    """Target of the functions: AWS, or this machine when ``AWS_ENDPOINT_URL`` names an emulator."""
    return HERE if environment.get("AWS_ENDPOINT_URL") else LAMBDA_TARGET


def locked(lock: str, names: Iterable[str], target: Target) -> str:
    """Reduce a lock file to the named distributions for a target.

    Args:
        lock: Text of a requirements file with hashes.
        names: Distributions, in any spelling.
    Returns:
        Requirements with hashes and without markers, sorted.
    Raises:
        SetupError: A name is not locked for the target.
    """
    requirements: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", lock):
        head = re.match(r"([A-Za-z0-9._-]+)==(\S+)(?: ; (.*?))?(?: \\)?\n", block + "\n")
        if head is None or (head[3] and not Marker(head[3]).evaluate(target.markers)):
            continue
        hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}", block)
        requirements[canonicalize_name(head[1])] = " ".join([f"{head[1]}=={head[2]}", *hashes])
    wanted = {canonicalize_name(name) for name in names}
    if missing := sorted(wanted - set(requirements)):
        raise SetupError(f"{', '.join(missing)}: not in the lock file for {target.name}; run: make lock")
    return "".join(f"{requirements[name]}\n" for name in sorted(wanted))


def install(
    lock: Path, names: Iterable[str], target: Target, folder: Path, services: Collection[str] = AWS_SERVICES
) -> Path:
    """Install the named distributions into a folder below the given one; an existing folder is reused.

    Args:
        lock: A requirements file with hashes.
        names: Distributions, in any spelling.
        target: Machine on which they run.
        folder: Made if missing.
        services: Of AWS, which boto3 is to know.
    Returns:
        The folder, named by target and contents.
    Raises:
        MissingPartError: pip failed; the message has its last line.
    """
    requirements = locked(lock.read_text(encoding="utf-8"), names, target)
    fingerprint = "\n".join((LAYOUT, target.name, target.python_version, *services, requirements))
    ready = folder / f"{target.name}-{hashlib.sha256(fingerprint.encode()).hexdigest()[:16]}"
    if ready.exists():
        return ready
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as part:
        wanted, filled = Path(part) / "requirements.txt", Path(part) / "filled"
        wanted.write_text(requirements, encoding="utf-8")
        _pip(wanted, target, filled)
        cut_down(filled, services)
        try:
            filled.rename(ready)
        except OSError:
            if not ready.exists():  # else a concurrent run installed the same contents
                raise
    return ready


def _pip(requirements: Path, target: Target, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:", "--target", str(folder)]
    for platform in target.platforms:
        command += ["--platform", platform, "--python-version", target.python_version]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    run = subprocess.run(
        [*command, "-r", str(requirements)], capture_output=True, text=True, check=False, env=environment
    )
    if run.returncode != 0:
        lines = [line for line in run.stderr.splitlines() if line.strip()] or [f"exit code {run.returncode}"]
        raise MissingPartError(f"dependencies for {target.name}: {lines[-1]}; is the package registry reachable?")


def cut_down(folder: Path, services: Collection[str]) -> None:
    """Delete what no package needs: tests, command lines, headers, other AWS services than the named ones."""
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and (_CUT.search(name) or _unused_service(name, services)):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    shutil.rmtree(folder / "bin", ignore_errors=True)


def _unused_service(name: str, services: Collection[str]) -> bool:
    service = re.match(r"botocore/data/([^/]+)/", name)
    return service is not None and service[1] not in services
