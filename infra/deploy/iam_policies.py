"""The IAM policies of the people who deploy and who work on the lake, with the names of the settings filled in.

A deploy needs two files, since IAM limits the length of a policy; a test compares them with the resource types of the
template and with every call that plan, deploy, status and destroy make.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from string import Template

from logdig.config.settings import Settings
from logdig.errors import InputError

FOLDER = Path(__file__).resolve().parent
PARTS = ("data", "work")
"""For a deploy: resources that hold data and their metrics; compute."""
DOMAIN = "domain"
"""For a deploy of settings with a domain: what is in us-east-1 and at the edge, and the origin secret."""
LAKE = "lake"
"""For commands that read and write events and rows from a machine of their own: forget, rebuild, dlq, load."""


def deployer_policy(settings: Settings, account: str, part: str) -> str:
    """Text of one policy.

    Args:
        settings: Names and region.
        account: Twelve digits.
        part: One of PARTS, DOMAIN, or LAKE.
    Raises:
        InputError: DOMAIN, and the settings have none.
    """
    if part == DOMAIN and not settings.domain:
        raise InputError(
            "logdig.toml has no domain to name in it; print it while the line is there, and keep it until a deploy has "
            "removed the domain"
        )
    text = Template((FOLDER / f"deployer_policy_{part}.json").read_text(encoding="utf-8")).substitute(
        Account=account,
        Region=settings.region,
        Prefix=settings.prefix,
        Stack=settings.stack_name,
        Bucket=settings.bucket_name,
        Database=settings.database,
        Service=settings.service,
        Stage=settings.stage,
        Domain=settings.domain,
        Zone=settings.domain_zone,
        WebAcl=settings.domain_web_acl,
    )
    if part != DOMAIN:
        return text
    unset = {"Records": not settings.domain_zone, "WebAcl": not settings.domain_web_acl}
    return _without(text, [sid for sid, is_unset in unset.items() if is_unset])


def _without(text: str, sids: Collection[str]) -> str:
    """A policy without some statements."""
    policy = json.loads(text)
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Sid"] not in sids]
    return json.dumps(policy, indent=2) + "\n"
