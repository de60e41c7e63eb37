"""Did an offer help: people to be shown it against people held out, day by day of a month and by bands of scores."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import literal
from logdig.questions.engine.parameters import OfferTerms
from logdig.questions.engine.question import Question
from logdig.questions.statistics import Share, newcombe
from logdig.questions.trials.people import Trial, trials
from logdig.questions.trials.trial import CUT_SHARE, LEAST_CONVERSIONS, TRIAL_DAYS, WINDOW_DAYS, Look
from logdig.questions.trials.verdict import verdict
from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa


def uplift(asking: Asking) -> pa.Table:
    """Look at the newest trial of each offer that says something, day by day."""
    rows, said = [], {}
    for offer, trial in trials(asking).items():
        rows += [_row(offer, trial.first, look) for look in trial.seen]
        said[offer] = _said(trial, asking.parameters.terms.get(offer, OfferTerms()))
    asking.account.update(offers=said)
    return _table(rows, UPLIFT)


def bands(asking: Asking) -> pa.Table:
    """Compare the sides in each band of the score, and the score with what those shown did."""
    rows, months = [], {}
    for offer, trial in trials(asking).items():
        if not trial.seen:
            continue
        months[offer] = trial.first
        found = asking.values(f"""
            SELECT band, explore, avg(score), count(*) FILTER (NOT held), count(*) FILTER (NOT held AND converted),
              count(*) FILTER (held), count(*) FILTER (held AND converted)
            FROM ({trial.people}) WHERE offer = {literal(offer)} GROUP BY ALL ORDER BY ALL
        """)
        rows += [_band(offer, *values) for values in found]
    asking.account.update(months=months)
    return _table(rows, BANDS)


def _band(
    offer: str, band: int, explore: bool, score: float, shown: int, shown_converted: int, held: int, held_converted: int
) -> dict[str, Any]:
    enough = min(shown_converted, held_converted) >= LEAST_CONVERSIONS
    before, after = Share(held_converted, held), Share(shown_converted, shown)
    effect = newcombe(before, after) if enough else None
    return {
        "offer": offer,
        "explore": explore,
        "band": band,
        "score": score,
        "shown": shown,
        "shown_converted": shown_converted,
        "shown_share": after.rate if shown else None,
        "held": held,
        "held_converted": held_converted,
        "held_share": before.rate if held else None,
        "effect": effect and effect.estimate,
        "low": effect and effect.low,
        "high": effect and effect.high,
    }


def _row(offer: str, first: date, look: Look) -> dict[str, Any]:
    effect, value = look.effect, look.value
    return {
        "offer": offer,
        "day": first + timedelta(days=look.day - 1),
        "shown": look.shown.people,
        "shown_converted": look.shown.converted,
        "held": look.held.people,
        "held_converted": look.held.converted,
        "effect": effect and effect.estimate,
        "low": effect and effect.low,
        "high": effect and effect.high,
        "value": value and value.estimate,
        "value_low": value and value.low,
        "value_high": value and value.high,
        "bound": look.bound,
    }


def _said(trial: Trial, terms: OfferTerms) -> dict[str, Any]:
    found = verdict(trial.seen, terms, trial.first)
    return {
        "month": trial.first,
        "kind": found.kind,
        "sentence": found.sentence,
        "decided_on": found.decided_on,
        "due_on": found.due_on,
        "provable": found.provable,
        "break_even": terms.break_even or None,
        "value_cut_at": trial.cut or None,
        "warnings": list(found.warnings),
    }


def _table(rows: list[dict[str, Any]], columns: tuple[Column, ...]) -> pa.Table:
    import pyarrow as pa

    from logdig.marts.columns import arrow_schema

    return pa.Table.from_pylist(rows, arrow_schema(columns))


OFFER = Column("offer", TEXT, "offer")
SIDES = (
    Column("shown", LONG, "people to be shown it"),
    Column("shown_converted", LONG, f"of them with a goal within {WINDOW_DAYS} days"),
    Column("held", LONG, "people held out"),
    Column("held_converted", LONG, f"of them with a goal within {WINDOW_DAYS} days: who would have come anyway"),
)
UPLIFT = (
    OFFER,
    Column(
        "day",
        DAY,
        f"people whose first decision of the month was up to it, looked at when their {WINDOW_DAYS} days are over",
    ),
    *SIDES,
    Column("effect", REAL, f"additional share with a goal; null below {LEAST_CONVERSIONS} conversions on a side"),
    Column("low", REAL, "lower end of its interval, which holds however often is looked"),
    Column("high", REAL, "upper end"),
    Column("value", REAL, "additional value a person, each person's cut"),
    Column("value_low", REAL, "lower end of its interval, likewise"),
    Column("value_high", REAL, "upper end"),
    Column("bound", REAL, "z at which a claim holds on that day"),
)
BANDS = (
    OFFER,
    Column("explore", YES_NO, "chosen by exploring"),
    Column("band", INT, "of the score, from 1 (lowest); 0 = unknown"),
    Column("score", REAL, "mean score: the share that the model expects of those shown", unit="0 to 1"),
    *SIDES,
    Column("shown_share", REAL, "shown_converted / shown", unit="0 to 1"),
    Column("held_share", REAL, "held_converted / held", unit="0 to 1"),
    Column("effect", REAL, f"shown_share - held_share; null below {LEAST_CONVERSIONS} conversions on a side"),
    Column("low", REAL, "lower end of its interval (Newcombe, of this band alone)"),
    Column("high", REAL, "upper end"),
)
NOTES = (
    "A person is a customer, or a visitor where no customer is known, and counts from the first decision of the month "
    "that would have shown the offer, on the side of then.",
    "Asked is the trial of the last day's month, or of the month before while that is too new to say anything.",
    f"People enter on the days 1 to {TRIAL_DAYS}, and count when their {WINDOW_DAYS} days are over.",
    "People are counted as they are, not weighted.",
)

QUESTIONS = (
    Question(
        "uplift",
        "Whether an offer helped: those to be shown it against those held out.",
        tables=("exposures", "conversions"),
        columns=UPLIFT,
        keys=("offer", "day"),
        filters=("offer",),
        answer=uplift,
        compares=False,
        notes=(*NOTES, f"Of the buyers the {CUT_SHARE:.0%} with the greatest value are cut to that of the next."),
    ),
    Question(
        "bands",
        "Whom an offer moves, by bands of the score, and whether scores hold.",
        tables=("exposures", "conversions"),
        columns=BANDS,
        keys=("offer", "explore", "band"),
        filters=("offer",),
        answer=bands,
        compares=False,
        notes=NOTES,
    ),
)
