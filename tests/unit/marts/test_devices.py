"""Browser and system come from the user agent, device and screen from the viewport's width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.marts.devices import Agent, agent_of, device_of, screen_of

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    "user_agent, expected",
    [
        (CHROME, Agent("Chrome", "Windows")),
        (SAFARI, Agent("Mobile Safari", "iOS")),
        (f"{CHROME} Edg/129.0.0.0", Agent("Edge", "Windows")),
        ("my program", Agent("Other", "Other")),
        ("", Agent("Other", "Other")),
    ],
)
def test_agent_has_the_families_that_the_list_knows(user_agent: str, expected: Agent) -> None:
    assert agent_of(user_agent) == expected


@given(st.text(max_size=60))
def test_agent_is_told_whatever_the_text(user_agent: str) -> None:
    agent = agent_of(user_agent)

    assert agent.browser
    assert agent.system


@pytest.mark.parametrize(
    "width, device, screen",
    [
        (0, "mobile", "small"),
        (575.9, "mobile", "small"),
        (576, "mobile", "medium"),
        (767.9, "mobile", "medium"),
        (768, "tablet", "medium"),
        (992, "tablet", "large"),
        (1023.9, "tablet", "large"),
        (1024, "desktop", "large"),
        (1440, "desktop", "very large"),
        (None, "desktop", None),
    ],
)
def test_device_and_screen_change_at_their_widths(width: float | None, device: str, screen: str | None) -> None:
    assert (device_of(width), screen_of(width)) == (device, screen)
