"""What a page was seen on: browser and system by their user agent, device and screen by the viewport's width."""

from __future__ import annotations

from dataclasses import dataclass

from ua_parser import parse_os, parse_user_agent

MOBILE_BELOW_PX = 768
TABLET_BELOW_PX = 1024
SCREENS = (("small", 576.0), ("medium", 992.0), ("large", 1440.0))
"""Classes of the viewport's width, each with the width that is no longer in it."""
WIDEST = "very large"
OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Agent:
    """Families of browser and operating system, ``Other`` where the list does not know them."""

    browser: str
    system: str


def agent_of(user_agent: str) -> Agent:
    """Read a user agent by the public list of uap-core."""
    browser, system = parse_user_agent(user_agent), parse_os(user_agent)
    return Agent(browser.family if browser else OTHER, system.family if system else OTHER)


def device_of(width: float | None) -> str:
    """Device by the viewport's width (px); ``desktop`` where it is unknown."""
    if width is None or width >= TABLET_BELOW_PX:
        return "desktop"
    return "mobile" if width < MOBILE_BELOW_PX else "tablet"


def screen_of(width: float | None) -> str | None:
    """Class of the viewport's width (px); None where it is unknown."""
    if width is None:
        return None
    return next((name for name, above in SCREENS if width < above), WIDEST)
