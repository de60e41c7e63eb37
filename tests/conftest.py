"""Fixtures that every suite shares. Dummy AWS credentials come first: a mistake can never reach a real account."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A loaded machine may be slow; no test judges time.
settings.register_profile("logdig", deadline=None)
settings.load_profile("logdig")

os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="ap-northeast-1",
    AWS_EC2_METADATA_DISABLED="true",
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
)
os.environ.pop("AWS_PROFILE", None)
os.environ.pop("AWS_ENDPOINT_URL", None)

ROOT = Path(__file__).resolve().parent.parent
FULL = os.environ.get("LOGDIG_FULL") == "1"
"""`make full`: every case of the long matrices, and the long searches at full length."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``full``, unless everything is wanted."""
    left_out = [] if FULL else [item for item in items if item.get_closest_marker("full")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the older system's files; beside the checkout, or named by LOGDIG_SHARED_DATA."""
    folder = Path(os.environ.get("LOGDIG_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "tracks_head.csv").exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have the older system's files, and {folder} has none")
        pytest.skip(f"the older system's files are not on this machine: {folder}")
    return folder


@pytest.fixture(scope="session")
def shared_cases(shared_data: Path) -> Path:
    """Folder of small inputs that failed; beside the older system's files."""
    folder = shared_data.parent / "cases"
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must have the inputs that failed, and {folder} is not there")
        pytest.skip(f"the inputs that failed are not on this machine: {folder}")
    return folder
