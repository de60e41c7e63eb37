"""The packages that a deploy uploads: one archive for the functions, three for Spark, the tracker.

Every key holds a digest of its content, so an object is never overwritten with other content, and a deploy without a
change has nothing to upload.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.packaging.archives import files_below, sha256_of, write_tar_gz, write_zip
from infra.packaging.dependencies import (
    DASHBOARD_DISTRIBUTIONS,
    DASHBOARD_TARGET,
    EMR_TARGET,
    FUNCTION_DISTRIBUTIONS,
    HERE,
    LAMBDA_TARGET,
    SPARK_DISTRIBUTIONS,
    SPARK_SERVICES,
    Target,
    install,
)
from infra.paths import ROOT
from logdig.config.deployment import behind_balancer
from logdig.config.settings import Settings
from logdig.config.toml_file import settings_text
from logdig.errors import SetupError

DASHBOARD_LIMIT_BYTES = 245_000_000
"""A little below Lambda's limit, so that a new version of a dependency is noticed before a deploy fails."""
UNZIPPED_LIMIT_BYTES = 250 * 1024 * 1024
"""Lambda's limit of a function's code and layers together."""
DIGEST_CHARACTERS = 16
FUNCTIONS_VENDOR = ROOT / "lambdas" / "vendor"
SPARK_VENDOR = ROOT / ".cache" / "packages"
SERVER = ROOT / "infra" / "server"
BUILD_CONTEXT_ONLY = ("Dockerfile.dockerignore",)
"""For builds from the checkout; a bundle needs no ignore file."""
TRACKER = ROOT / "clicktracker_js"
TRACKER_FILES = ("clicktracker.js", *sorted(path.name for path in (TRACKER / "dist").glob("clicktracker.*.js")))
"""The script and every part that it may load."""
GEO_DATABASE = "geo.mmdb"
SETTINGS_FILE = "logdig.toml"
SPARK_SETTINGS_FILE = "analytics/deployed.toml"
ICEBERG_JAR = "/usr/share/aws/iceberg/lib/iceberg-spark3-runtime.jar"
"""Part of EMR Serverless, so that Iceberg and AWS's SDK match its Spark."""
ENTRY = """\
import sys

from analytics.jobs.main import main

main(sys.argv[1:])
"""


@dataclass(frozen=True, slots=True)
class Package:
    """One file to upload.

    Args:
        path: On this machine.
        key: Its name in the bucket; holds the digest.
        sha256: Of its bytes, in hex.
        content_type: To store it with.
        unpacked_bytes: Of its contents; the file size where it is no archive.
        integrity: For a script tag (``sha384-…``); empty where no page loads it.
    """

    path: Path
    key: str
    sha256: str
    content_type: str
    unpacked_bytes: int
    integrity: str = ""

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size

    @property
    def cache_control(self) -> str:
        """How long a browser may keep it: what a page loads, for ever, since its name holds the digest."""
        return "public, max-age=31536000, immutable" if self.integrity else ""


@dataclass(frozen=True, slots=True)
class Packages:
    """Everything a deploy uploads; ``wheels`` only for EMR Serverless, ``server`` only in server mode."""

    functions: Package
    spark: Package
    entry: Package
    wheels: Package | None
    tracker: tuple[Package, ...]
    server: Package | None = None
    dashboard: Package | None = None

    def all(self) -> tuple[Package, ...]:
        """Each package once."""
        optional = tuple(package for package in (self.wheels, self.server, self.dashboard) if package is not None)
        return (self.functions, self.spark, self.entry, *optional, *self.tracker)

    def spark_submit_parameters(self, bucket: str) -> str:
        """Parameters of a job on EMR Serverless, for packages uploaded to the bucket."""
        if self.wheels is None:
            raise ValueError("these packages were built for this machine, not for EMR Serverless")
        configuration = {
            "spark.archives": f"s3://{bucket}/{self.wheels.key}#deps",
            "spark.emr-serverless.driverEnv.PYTHONPATH": "./deps",
            "spark.executorEnv.PYTHONPATH": "./deps",
            "spark.jars": ICEBERG_JAR,
        }
        flags = [f"--conf {key}={value}" for key, value in configuration.items()]
        return " ".join([f"--py-files s3://{bucket}/{self.spark.key}", *flags])


def build_packages(settings: Settings, folder: Path, target: Target = LAMBDA_TARGET) -> Packages:
    """Build every package of the settings into a folder.

    Args:
        settings: Written into the packages; they hold public tokens, never a secret.
        folder: For the archives; made if missing.
        target: Where functions run. `HERE`, for an emulator, has no EMR and so no wheels.
    Raises:
        MissingPartError: Dependencies cannot be fetched.
        SetupError: The functions are larger than Lambda takes, or a file of the settings is missing.
    """
    return Packages(
        functions=build_functions(settings, folder, target),
        spark=build_spark(settings, folder),
        entry=_single_file(folder, "packages/entry", ".py", ENTRY.encode(), "text/x-python"),
        wheels=None if target == HERE else build_wheels(),
        tracker=tuple(build_tracker(folder)),
        server=build_server(settings, folder) if getattr(settings, "front_door", "") == "server" else None,
        dashboard=build_dashboard(settings, folder, target) if settings.dashboard == "function" else None,
    )


def build_dashboard(settings: Settings, folder: Path, target: Target = LAMBDA_TARGET) -> Package:
    """Build the archive of the dashboard's function: pages, questions, Arrow, DuckDB, PyIceberg, the settings.

    Raises:
        SetupError: It is larger than Lambda takes.
    """
    vendor = install(
        ROOT / "requirements.txt",
        DASHBOARD_DISTRIBUTIONS,
        HERE if target == HERE else DASHBOARD_TARGET,
        SPARK_VENDOR,
        SPARK_SERVICES,
    )
    contents: dict[str, Path | bytes] = dict(files_below(vendor))
    contents.update(_code("logdig", without=()))
    contents.update(_code("dashboard", without=("charts",)))
    contents[SETTINGS_FILE] = settings_text(msgspec.structs.replace(settings, geo_database="")).encode()
    package = _zip(folder, "dashboard", contents)
    if target != HERE and package.unpacked_bytes > DASHBOARD_LIMIT_BYTES:
        raise SetupError(
            f"the dashboard is {package.unpacked_bytes:,} bytes unpacked; {DASHBOARD_LIMIT_BYTES:,} are allowed"
        )
    return package


def build_functions(settings: Settings, folder: Path, target: Target) -> Package:
    """Build the one archive that all functions run: our code, its dependencies, the settings."""
    vendor = install(ROOT / "requirements-lambda.txt", FUNCTION_DISTRIBUTIONS, target, FUNCTIONS_VENDOR)
    contents: dict[str, Path | bytes] = dict(files_below(vendor))
    contents.update(_code("logdig", without=()))
    contents.update(_code("lambdas", without=("vendor", ".chalice")))
    if settings.geo_database:
        contents[GEO_DATABASE] = _existing(Path(settings.geo_database), "geo_database")
        settings = msgspec.structs.replace(settings, geo_database=GEO_DATABASE)
    contents[SETTINGS_FILE] = settings_text(settings).encode()
    package = _zip(folder, "functions", contents)
    if package.unpacked_bytes > UNZIPPED_LIMIT_BYTES:
        raise SetupError(
            f"the functions are {package.unpacked_bytes:,} bytes unpacked; Lambda takes {UNZIPPED_LIMIT_BYTES:,}: "
            "use a smaller geo_database"
        )
    return package


def build_spark(settings: Settings, folder: Path) -> Package:
    """Build the archive of ``--py-files``: the jobs, the core, the settings."""
    contents: dict[str, Path | bytes] = {}
    contents.update(_code("logdig", without=()))
    contents.update(_code("analytics", without=("notebooks",)))
    contents[SPARK_SETTINGS_FILE] = settings_text(settings).encode()
    return _zip(folder, "spark", contents)


def build_wheels() -> Package:
    """Build the archive of Python packages that EMR Serverless lacks, once for each lock file: it takes a minute."""
    vendor = install(ROOT / "requirements.txt", SPARK_DISTRIBUTIONS, EMR_TARGET, SPARK_VENDOR, SPARK_SERVICES)
    path = SPARK_VENDOR / f"{vendor.name}.tar.gz"
    files = list(files_below(vendor))
    if not path.exists():
        write_tar_gz(path, files)
    size = sum(file.stat().st_size for _, file in files)
    return _package(path, "packages/wheels", ".tar.gz", "application/gzip", size)


def build_server(settings: Settings, folder: Path) -> Package:
    """Build the bundle that Elastic Beanstalk runs: Dockerfile, collector, settings, roll-out options."""
    contents: dict[str, Path | bytes] = {
        name: path for name, path in files_below(SERVER) if name not in BUILD_CONTEXT_ONLY
    }
    contents["requirements-server.txt"] = ROOT / "requirements-server.txt"
    contents.update(_code("logdig", without=()))
    contents.update(_code("api", without=()))
    contents[SETTINGS_FILE] = settings_text(behind_balancer(settings)).encode()
    return _zip(folder, "server", contents)


def build_tracker(folder: Path) -> Iterator[Package]:
    """Package the built tracker, named by version and content, each script with its integrity hash.

    All share one folder, since the script loads its parts from there.
    """
    version = json.loads((TRACKER / "package.json").read_text(encoding="utf-8"))["version"]
    scripts = {name: (TRACKER / "dist" / name).read_bytes() for name in TRACKER_FILES}
    build = hashlib.sha256(b"\n".join(scripts.values())).hexdigest()
    for name, script in scripts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(script)
        integrity = "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()
        key = f"tracker/{version}-{build[:8]}/{name}"
        yield Package(path, key, sha256_of(path), "text/javascript; charset=utf-8", len(script), integrity)


def _code(package: str, *, without: tuple[str, ...]) -> dict[str, Path]:
    """Files of one of our Python packages, without some of its folders."""
    files = files_below(ROOT / package)
    return {f"{package}/{name}": path for name, path in files if name.split("/")[0] not in without}


def _existing(path: Path, key: str) -> Path:
    if not path.is_file():
        raise SetupError(f"{key}: {path}: no such file")
    return path


def _zip(folder: Path, name: str, contents: dict[str, Path | bytes]) -> Package:
    path = folder / f"{name}.zip"
    size = write_zip(path, contents)
    return _package(path, f"packages/{name}", ".zip", "application/zip", size)


def _single_file(folder: Path, key: str, suffix: str, content: bytes, content_type: str) -> Package:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (Path(key).name + suffix)
    path.write_bytes(content)
    return _package(path, key, suffix, content_type, len(content))


def _package(path: Path, key: str, suffix: str, content_type: str, unpacked_bytes: int) -> Package:
    digest = sha256_of(path)
    return Package(path, f"{key}-{digest[:DIGEST_CHARACTERS]}{suffix}", digest, content_type, unpacked_bytes)
