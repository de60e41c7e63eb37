"""The IAM policies of the people who deploy and who work on the lake, with the names of the settings filled in.

A deploy needs two files, since IAM limits the length of a policy; a test compares them with the resource types of the
template and with every call that plan, deploy, status and destroy make.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from logdig.config.settings import Settings

FOLDER = Path(__file__).resolve().parent
PARTS = ("data", "work")
"""For a deploy: resources that hold data and their metrics; compute."""
LAKE = "lake"
"""For commands that read and write events and rows from a machine of their own: forget, rebuild, dlq, load."""


def deployer_policy(settings: Settings, account: str, part: str) -> str:
    """Text of one policy.

    Args:
        settings: Names and region.
        account: Twelve digits.
        part: One of PARTS, or LAKE.
    """
    return Template((FOLDER / f"deployer_policy_{part}.json").read_text(encoding="utf-8")).substitute(
        Account=account,
        Region=settings.region,
        Prefix=settings.prefix,
        Stack=settings.stack_name,
        Bucket=settings.bucket_name,
        Database=settings.database,
    )
