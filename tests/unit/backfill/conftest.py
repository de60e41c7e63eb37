"""Inputs that failed once, beside the older system's files."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_cases(shared_data: Path) -> Path:
    """Folder of small inputs that failed; beside the older system's files."""
    folder = shared_data.parent / "cases"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have the inputs that failed, and {folder} is not there")
        pytest.skip(f"the inputs that failed are not on this machine: {folder}")
    return folder
