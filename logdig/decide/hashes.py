"""Shares of people by hash: sticky without a memory, and independent of each other. Pure.

Shares of texts that have a part in common are independent: samples, experiments, holdouts, explorers.
"""

from __future__ import annotations

from datetime import date


def share_of(text: str) -> float:
    """Give a number from 0 to below 1 for a text, the same as the tracker's ``shareOf`` (``lib/hash.js``) does.

    Multiplicative hashing, then the finalizer of MurmurHash3, which lets every bit change every bit.
    """
    bits = 0
    for letter in text:
        bits = ((bits ^ ord(letter)) * 0x9E3779B1) & 0xFFFFFFFF
    for shift, multiplier in ((15, 1), (16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = ((bits ^ (bits >> shift)) * multiplier) & 0xFFFFFFFF
    return (bits ^ (bits >> 16)) / 2**32


def is_held_out(person: str, offer: str, share: float) -> bool:
    """Tell whether a person is in the control group of an offer, which never gets it by any channel.

    Sticky: depends on person and offer only; with a greater share everyone held out stays so.

    Args:
        person: Key of the profile.
        offer: Name.
        share: 0 (nobody) to 1 (everybody).
    """
    return share_of(f"holdout:{offer}:{person}") < share


def explores(person: str, placement: str, day: date, share: float) -> bool:
    """Tell whether a person is in the explore bucket of a placement in the month of a day; redrawn each month."""
    return share_of(f"explore:{day:%Y-%m}:{placement}:{person}") < share


def draw(person: str, offer: str, day: date) -> float:
    """Give an offer's lot for an explorer in a month; of several offers the one with the greatest lot is drawn.

    Each of m offers is drawn with 1/m, and one that drops out leaves the order of the others as it was.
    """
    return share_of(f"draw:{day:%Y-%m}:{offer}:{person}")
