"""The user agent header: its text, safe to store, and whether it is a crawler's."""

from __future__ import annotations

from functools import lru_cache

import crawleruseragents

USER_AGENT_LIMIT = 1024
CACHED_USER_AGENTS = 4096
"""A lookup costs 0.1 ms; few different browsers send most requests."""


def clean_user_agent(header: str | None) -> str | None:
    """Cut the header to USER_AGENT_LIMIT characters and replace characters that no line can hold."""
    if header is None:
        return None
    return header[:USER_AGENT_LIMIT].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


@lru_cache(maxsize=CACHED_USER_AGENTS)
def is_bot(user_agent: str | None) -> bool:
    """Tell whether the public list of crawlers knows this user agent; a missing user agent is not a crawler."""
    return user_agent is not None and bool(crawleruseragents.is_crawler(user_agent))
