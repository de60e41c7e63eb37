"""What a model is and how good, in words that need no statistics. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from logdig.tables.feature_sets import BROWSING, LISTENING

WORDS = {**LISTENING, **BROWSING, "lately": "did it in the 28 days before"}
STRONGEST = 3
"""So many features are named on either side."""
LEAST_SLOPE = 0.05
"""Standardised; a smaller one moves no score that anybody would notice."""
CONSTANT, LATELY = "constant", "clicked lately"


def card(row: Mapping[str, Any], *, serves: bool) -> dict[str, Any]:
    """Describe a row of table models.

    Args:
        row: Of table models, all columns.
        serves: It is the model by which people are scored now.
    Returns:
        ``state``, ``better`` (share by which its Brier score is below guessing's; None = unknown), and ``lines``, short
        sentences.
    """
    details = json.loads(row["details"]) if row["details"] else {}
    lines = [_learned(row), *_tested(row, details), *_better(row, details), *_profit(details), *_strongest(row)]
    return {"state": _state(row, serves), "better": _below(row["brier"], row["constant_brier"]), "lines": lines}


def _state(row: Mapping[str, Any], serves: bool) -> str:
    if serves:
        return "serves"
    if not row["passed"]:
        return "refused"
    return "waits for approval" if row["accepted"] is False else "passed"


def _learned(row: Mapping[str, Any]) -> str:
    counted = f"{row['train_rows']:,} rows, {row['train_positives']:,} of them with success"
    if row["kind"] == "exposures":
        return f"It has learned from people who were shown the offer, whatever their score: {counted}."
    return (
        f"It has learned from clicks alone ({counted}): nobody was shown the offer by a decision yet, so it knows who "
        "clicks, and not who was shown it and did not."
    )


def _tested(row: Mapping[str, Any], details: Mapping[str, Any]) -> list[str]:
    if not row["test_rows"]:
        return ["It was not tested: there is nothing to test it on."]
    how = "on other people of the same time" if details.get("split") == "people" else "on later rows"
    return [f"It was tested {how}: {row['test_rows']:,} rows, {row['test_positives']:,} of them with success."]


def _better(row: Mapping[str, Any], details: Mapping[str, Any]) -> list[str]:
    gains, found = details.get("gains", {}), []
    lately = (details.get("lately") or {}).get("brier")
    pairs = ((CONSTANT, "guessing", row["constant_brier"]), (LATELY, "knowing who did it lately", lately))
    for name, words, theirs in pairs:
        share = _below(row["brier"], theirs)
        if name in gains and share is not None:
            ranges = (gains[name]["brier"], gains[name]["average_precision"])
            is_sure = all(one["low"] > 0 for one in ranges)
            found.append(f"Better than {words}: {f'yes, by {share:.0%}' if is_sure else 'not by more than chance'}.")
    if row["average_precision"] and row["test_rows"]:
        times = row["average_precision"] / (row["constant_average_precision"] or 1)
        found.append(f"Those it puts on top succeed about {times:.1f} times as often as people on average.")
    return found


def _profit(details: Mapping[str, Any]) -> list[str]:
    profits = details.get("profits")
    if not profits:
        return []
    own = profits["model"]
    to_all = own["estimate"] - profits["over_all"]["estimate"]
    return [
        f"Showing where its score pays ({profits['chosen']:.0%} of the people) earns {own['estimate']:.3g} a person "
        f"({own['low']:.3g} to {own['high']:.3g}), showing to all {to_all:.3g}, showing to nobody 0."
    ]


def _strongest(row: Mapping[str, Any]) -> list[str]:
    if not row["coefficients"]:
        return []
    model = json.loads(row["coefficients"])
    ranked = sorted(zip(model["coefficients"], model["names"], strict=True), key=lambda one: (-abs(one[0]), one[1]))
    told = []
    for words, sign in (("Raises the score", 1), ("Lowers it", -1)):
        names = [WORDS.get(name, name) for slope, name in ranked if slope * sign > LEAST_SLOPE][:STRONGEST]
        if names:
            told.append(f"{words}: {'; '.join(names)}.")
    return told


def _below(ours: float | None, theirs: float | None) -> float | None:
    """Share by which a Brier score is below another."""
    return None if ours is None or not theirs else 1 - ours / theirs
