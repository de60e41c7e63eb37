"""Crawlers of AI services by name, as the kept list of crawlers tags them.

Source: https://github.com/monperrus/crawler-user-agents, tag ``ai-crawler``; the collector judges bots by the same list
(logdig/events/user_agents.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce

from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from pyspark.sql import Column
from pyspark.sql import functions as F

TAG = "ai-crawler"


def ai_crawlers(entries: Iterable[Mapping[str, object]] = CRAWLER_USER_AGENTS_DATA) -> list[tuple[str, str]]:
    """Name and pattern of each AI crawler, in the order of the list; the first that a user agent fits counts."""
    patterns = (str(entry["pattern"]) for entry in entries if TAG in entry.get("tags", ()))  # type: ignore[operator]
    return [(name_of(pattern), pattern) for pattern in patterns]


def name_of(pattern: str) -> str:
    r"""Read the name that a pattern looks for: ``PerplexityBot\/`` -> PerplexityBot, ``[cC]laude`` -> Claude."""
    plain = re.sub(r"\[(\w)(\w)\]", lambda found: max(found.groups(), key=str.isupper), pattern)
    return re.sub(r"\\(.)", r"\1", plain.partition("[")[0]).rstrip("/")


def crawler(user_agent: Column) -> Column:
    """Name of the AI crawler that a user agent is of; null of others."""
    nobody = F.lit(None).cast("string")
    return reduce(
        lambda others, one: F.when(user_agent.rlike(one[1]), one[0]).otherwise(others), ai_crawlers()[::-1], nobody
    )
