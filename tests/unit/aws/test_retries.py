"""The version of botocore whose private hooks we call is the one that functions and servers run."""

from __future__ import annotations

from pathlib import Path

import pytest

from logdig.aws.retries import PINNED_BOTOCORE

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-lambda.txt", "requirements-server.txt"])
def test_pinned_botocore_is_the_version_of_the_lock_file(lock: str) -> None:
    assert f"\nbotocore=={PINNED_BOTOCORE} " in (ROOT / lock).read_text(encoding="utf-8")
