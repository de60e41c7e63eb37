"""Java archives that Spark, Zeppelin and a bench need: fetched once, checked by SHA-256, shared by all checkouts.

``tools/jars.lock`` lists every archive of every set, one a line: ``set group:artifact:version sha256``. Ivy, which
pyspark brings, does the fetching, so Java is the only tool needed. ``python -m tools.jars lock SET`` writes the lines
of a set anew from its roots below.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.paths import ROOT

LOCK = ROOT / "tools" / "jars.lock"
FETCH_TIMEOUT_SECONDS = 900

AWS_SDK = "2.33.0"
ZEPPELIN = "org.apache.zeppelin"
ROOTS: dict[str, tuple[str, ...]] = {
    "spark": (
        "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0",
        "org.apache.hadoop:hadoop-aws:3.4.2",
        *(
            f"software.amazon.awssdk:{name}:{AWS_SDK}"
            for name in ("s3", "s3-transfer-manager", "glue", "sts", "dynamodb", "kms", "url-connection-client")
        ),
    ),
    "zeppelin-server": (
        f"{ZEPPELIN}:zeppelin-server:0.10.0",
        "commons-lang:commons-lang:2.6",
        # Ivy drops these four when it settles versions; the server cannot start without them.
        "com.google.guava:guava:22.0",
        "org.apache.shiro:shiro-config-ogdl:1.7.0",
        "org.eclipse.sisu:org.eclipse.sisu.inject:0.3.4",
        "org.eclipse.sisu:org.eclipse.sisu.plexus:0.3.4",
    ),
    "zeppelin-common": (
        f"{ZEPPELIN}:zeppelin-interpreter-shaded:0.10.1",
        f"{ZEPPELIN}:zeppelin-jupyter-interpreter-shaded:0.10.1",
        "org.slf4j:slf4j-log4j12:1.7.30",
        "org.slf4j:jcl-over-slf4j:1.7.30",
    ),
    "zeppelin-python": (
        "org.apache.commons:commons-exec:1.3",
        "net.sf.py4j:py4j:0.10.9.7",
        "commons-codec:commons-codec:1.14",
        "commons-io:commons-io:2.6",
        "org.apache.commons:commons-lang3:3.10",
    ),
}
"""What each set is made of, before transitive parts."""

FLUME, JETTY = "1.11.0", "9.4.41.v20210516"
ALONE: dict[str, tuple[str, ...]] = {
    "zeppelin-python": (f"{ZEPPELIN}:zeppelin-python:0.12.1",),
    "flume": (
        *(
            f"org.apache.flume:flume-ng-{name}:{FLUME}"
            for name in ("node", "core", "configuration", "sdk", "config-filter-api", "auth")
        ),
        f"org.apache.flume.flume-ng-channels:flume-file-channel:{FLUME}",
        *(
            f"org.eclipse.jetty:jetty-{name}:{JETTY}"
            for name in ("http", "io", "jmx", "security", "server", "servlet", "util", "util-ajax")
        ),
        "com.google.guava:guava:11.0.2",
        "com.google.code.gson:gson:2.9.1",
        "com.google.protobuf:protobuf-java:2.5.0",
        "commons-cli:commons-cli:1.5.0",
        "commons-codec:commons-codec:1.15",
        "commons-collections:commons-collections:3.2.2",
        "commons-io:commons-io:2.11.0",
        "commons-lang:commons-lang:2.6",
        "commons-logging:commons-logging:1.2",
        "javax.servlet:javax.servlet-api:3.1.0",
        "org.apache.commons:commons-lang3:3.11",
        "org.apache.commons:commons-text:1.9",
        "org.mapdb:mapdb:0.9.9",
        "org.slf4j:slf4j-api:1.7.32",
        "org.slf4j:slf4j-nop:1.7.32",
    ),
}
"""Archives taken without their dependencies: a parent description is published nowhere, or most are not needed."""

EXCLUDED = (("software.amazon.awssdk", "bundle"),)
"""500 MB of AWS clients of which the seven above are all that is used."""


class JarsError(Exception):
    """An archive could not be fetched or is not the one that the lock names."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One archive of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def locked(name: str) -> list[Locked]:
    """Read the lock lines of one set, in file order."""
    rows = (line.split() for line in LOCK.read_text(encoding="utf-8").splitlines() if line and line[0] != "#")
    parsed = ((set_, *module.split(":"), digest) for set_, module, digest in rows)
    return [
        Locked(group, artifact, version, digest) for set_, group, artifact, version, digest in parsed if set_ == name
    ]


def cache_folder() -> Path:
    """Folder shared by all checkouts of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "logdig" / "jars"


def folder(name: str) -> Path:
    """Where the checked archives of a set lie; its name holds the lock's digest, so two versions live side by side."""
    text = "\n".join(f"{jar.file_name} {jar.sha256}" for jar in locked(name))
    return cache_folder() / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def fetch(name: str, java: str) -> Path:
    """Return the folder of a set, fetching what is missing.

    Args:
        name: A key of ROOTS or ALONE.
        java: The java program to run Ivy with.
    Raises:
        JarsError: The registry cannot be reached, or an archive differs from the lock.
    """
    target = folder(name)
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        part = Path(scratch) / "jars"
        _ivy(java, Path(scratch), [(f"{jar.group}:{jar.artifact}:{jar.version}", False) for jar in locked(name)], part)
        _check(name, part)
        try:
            part.rename(target)
        except OSError:
            # Another process won the race; its archives passed the same check.
            if not target.is_dir():
                raise
    return target


def _check(name: str, part: Path) -> None:
    jars = locked(name)
    by_name = {path.name.split("__")[-1]: path for path in part.glob("*.jar")}
    for jar in jars:
        path = by_name.get(jar.file_name)
        if path is None:
            raise JarsError(f"{jar.file_name} did not arrive; run the same command again")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != jar.sha256:
            raise JarsError(f"{jar.file_name} has SHA-256 {found}, tools/jars.lock says {jar.sha256}; not used")
        path.rename(part / jar.file_name)


def _ivy(java: str, scratch: Path, modules: Iterable[tuple[str, bool]], target: Path) -> None:
    """Fetch modules (``group:artifact:version``, with their dependencies?) into target."""
    modules = list(modules)
    description, settings = scratch / "ivy.xml", scratch / "settings.xml"
    description.write_text(_description(modules), encoding="utf-8")
    # Without transitive parts no descriptions are read at all: faster, and a missing parent does not matter.
    settings.write_text(_settings(use_descriptions=any(transitive for _, transitive in modules)), encoding="utf-8")
    pattern = f"{target}/[organisation]__[artifact]-[revision](-[classifier]).[ext]"
    command = [java, "-jar", str(_ivy_jar()), "-settings", str(settings), "-ivy", str(description)]
    command += ["-cache", str(scratch / "cache"), "-types", "jar", "bundle", "-retrieve", pattern]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as err:
        raise JarsError(f"the Maven registry did not answer within {FETCH_TIMEOUT_SECONDS} s; try again") from err
    if run.returncode != 0 or "UNRESOLVED" in run.stdout:
        lines = [line.strip() for line in run.stdout.splitlines() if "ERROR" in line or "not found" in line]
        raise JarsError("cannot fetch Java archives from the Maven registry: " + "; ".join(lines[:3] or ["no answer"]))


def _description(modules: Iterable[tuple[str, bool]]) -> str:
    rows = []
    for module, transitive in modules:
        group, artifact, version = module.split(":")
        scope = "master,runtime" if transitive else "*"
        rows.append(
            f'<dependency org="{group}" name="{artifact}" rev="{version}" transitive="{str(transitive).lower()}" '
            f'conf="default->{scope}"/>'
        )
    rows += [f'<exclude org="{group}" module="{artifact}"/>' for group, artifact in EXCLUDED]
    return (
        '<ivy-module version="2.0"><info organisation="logdig" module="jars"/><configurations><conf name="default"/>'
        f"</configurations><dependencies>{''.join(rows)}</dependencies></ivy-module>"
    )


def _settings(*, use_descriptions: bool) -> str:
    poms = str(use_descriptions).lower()
    return (
        '<ivysettings><settings defaultResolver="central"/><resolvers>'
        f'<ibiblio name="central" m2compatible="true" usepoms="{poms}"/></resolvers></ivysettings>'
    )


def _ivy_jar() -> Path:
    import pyspark

    return next((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))


def lock(name: str, java: str) -> list[str]:
    """Resolve the roots of a set and return its lock lines."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "jars"
        if name in ROOTS:
            _ivy(java, Path(scratch), [(module, True) for module in ROOTS[name]], target)
        if name in ALONE:
            alone = Path(scratch) / "alone"
            alone.mkdir()
            _ivy(java, alone, [(module, False) for module in ALONE[name]], target)
        # Archives for one kind of processor are optional speed-ups, and their names do not fit the lock.
        return sorted(_lock_line(name, path) for path in target.glob("*.jar") if "-linux-" not in path.name)


def _lock_line(name: str, path: Path) -> str:
    group, _, rest = path.name.removesuffix(".jar").partition("__")
    # The version begins at the first "-" that a digit follows; Scala's "_2.13-1.11.0" is no exception.
    for position, letter in enumerate(rest):
        if letter == "-" and rest[position + 1].isdigit() and "_2" not in rest[position:]:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            return f"{name} {group}:{rest[:position]}:{rest[position + 1 :]} {digest}"
    raise JarsError(f"{path.name} has no version")


def main() -> None:
    """Write the lock lines of the named sets (all sets without names)."""
    java = shutil.which("java")
    if len(sys.argv) < 2 or sys.argv[1] != "lock" or java is None:
        sys.exit("usage: python -m tools.jars lock [SET ...]   (needs java on PATH)")
    names = sys.argv[2:] or list(ROOTS | ALONE)
    kept = LOCK.read_text(encoding="utf-8").splitlines() if LOCK.exists() else []
    # Every set keeps its place, so that a difference shows what changed.
    sets = {name: [line for line in kept if line.split()[0] == name] for name in ROOTS | ALONE}
    sets |= {name: lock(name, java) for name in names}
    LOCK.write_text("\n".join(line for lines in sets.values() for line in lines) + "\n", encoding="utf-8")
    print(f"{sum(len(sets[name]) for name in names)} lines of {', '.join(names)} in {LOCK.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
