"""Did an offer help: people to be shown it against people held out, day by day of a month and by bands of scores."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import literal
from logdig.questions.engine.parameters import OfferTerms
from logdig.questions.engine.question import Question
from logdig.questions.statistics import Share, newcombe
from logdig.questions.trials.trial import (
    CUT_SHARE,
    LEAST_CONVERSIONS,
    TRIAL_DAYS,
    WINDOW_DAYS,
    Cell,
    Look,
    days_over,
    looks,
    trial_month,
    verdict,
)
from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, YES_NO, Column

if TYPE_CHECKING:
    import pyarrow as pa

DECISION_COLUMNS = (
    "event_id", "occurred_at", "user_key", "customer_id", "offer", "decision", "would_show", "explore", "band", "score",
)  # fmt: skip
GOAL_COLUMNS = ("event_id", "goal", "occurred_at", "user_key", "customer_id", "value")


def uplift(asking: Asking) -> pa.Table:
    """Look at the newest trial of each offer that says something, day by day."""
    rows, said = [], {}
    for offer, trial in _trials(asking).items():
        rows += [_row(offer, trial.first, look) for look in trial.seen]
        said[offer] = _said(trial, asking.parameters.terms.get(offer, OfferTerms()))
    asking.account.update(offers=said)
    return _table(rows, UPLIFT)


def bands(asking: Asking) -> pa.Table:
    """Compare the sides in each band of the score, and the score with what those shown did."""
    rows, months = [], {}
    for offer, trial in _trials(asking).items():
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


class _Trial(NamedTuple):
    """A month's trial of an offer: its first day, its looks, SQL of its people, and at what values are cut."""

    first: date
    seen: list[Look]
    people: str
    cut: float | None


def _trials(asking: Asking) -> dict[str, _Trial]:
    """The newest trial of each offer, or the one before while the newest has too few conversions to say anything."""
    zone, last = ZoneInfo(asking.parameters.zone), asking.parameters.end
    states = (asking.pinned.state(name, asking.parameters.app) for name in asking.question.tables)
    written = [state.written_at for state in states if state.written_at is not None]
    # The day on which a table was written is not over in it.
    last = min([last, *(at.astimezone(zone).date() - timedelta(days=1) for at in written)])
    first = trial_month(last)
    newest, before = _month(asking, first, last), _month(asking, trial_month(first - timedelta(days=1)), last)
    names = sorted({*newest, *before, *_asked_terms(asking)})
    nothing = _Trial(first, [], "", None)
    found = {}
    for name in names:
        trials = [months.get(name, nothing) for months in (newest, before)]
        found[name] = next((one for one in (*filter(_says, trials), *trials) if one.seen), nothing)
    return found


def _says(trial: _Trial) -> bool:
    return any(look.effect is not None for look in trial.seen)


def _month(asking: Asking, first: date, last: date) -> dict[str, _Trial]:
    """Trials of a month by offer."""
    until = days_over(first, last)
    people = _people(asking, first, until)
    found = asking.values(f"""
        WITH people AS ({people}),
        cuts AS (
          SELECT offer, coalesce(quantile_cont(value, {1 - CUT_SHARE}) FILTER (value > 0), 0) AS cut
          FROM people GROUP BY offer)
        SELECT offer, date_diff('day', DATE '{first}', day) + 1 AS number, explore, band, held, count(*),
          count(*) FILTER (converted), sum(least(value, cut)), sum(least(value, cut) ** 2), any_value(cut)
        FROM people JOIN cuts USING (offer) GROUP BY ALL ORDER BY ALL
    """)
    cells, cuts = defaultdict(list), {}
    for offer, number, explore, band, held, *sums, cut in found:
        cells[offer].append(Cell(number, f"{'explore' if explore else 'score'} {band}", held, *sums))
        cuts[offer] = cut
    return {offer: _Trial(first, looks(own, until), people, cuts[offer]) for offer, own in cells.items()}


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


def _asked_terms(asking: Asking) -> list[str]:
    only = asking.parameters.where.get("offer")
    return [name for name in asking.parameters.terms if only in (None, name)]


def _people(asking: Asking, first: date, until: int) -> str:
    """SQL of the people of a trial, once for each offer, whose window is over: side, stratum, whether they converted.

    A customer's goals are those that name the customer; a visitor's those of the visitor.
    """
    last = first + timedelta(days=max(until, 1) - 1)
    decisions = asking.rows("exposures", DECISION_COLUMNS, first, last)
    goals = asking.rows(
        "conversions", GOAL_COLUMNS, first, last + timedelta(days=WINDOW_DAYS), without=list(asking.parameters.where)
    )
    return f"""
        SELECT f.offer, f.person, f.day, f.held, f.explore, f.band, f.score, coalesce(count(g.person), 0) > 0
          AS converted, coalesce(sum(g.value), 0) AS value
        FROM ({_first_decisions(asking, decisions)}) f
        LEFT JOIN ({_goals(asking, goals)}) g ON g.person = f.person AND {_own_goal(asking)}
          AND g.occurred_at >= f.occurred_at AND g.occurred_at < f.occurred_at + INTERVAL {WINDOW_DAYS} DAY
        WHERE {until} > 0
        GROUP BY ALL
    """


def _first_decisions(asking: Asking, decisions: str) -> str:
    """SQL of each person's first decision of the month that would have shown the offer."""
    return f"""
        SELECT offer, person, day, occurred_at, decision = 'holdout' AS held, explore, coalesce(band, 0) AS band, score
        FROM (SELECT d.*, {_person("d")} AS person FROM {decisions} d
          LEFT JOIN {asking.texts(decisions, "user_key")} t ON t.number = d.user_key
          WHERE would_show AND offer IS NOT NULL)
        WHERE person IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY offer, person ORDER BY occurred_at, event_id) = 1
    """


def _goals(asking: Asking, goals: str) -> str:
    """SQL of goals, once for the customer and once for the visitor that they name."""
    return f"""
        SELECT 'c' || customer_id AS person, goal, occurred_at, value FROM {goals} WHERE customer_id IS NOT NULL
        UNION ALL
        SELECT 'v' || t.text, goal, occurred_at, value FROM {goals} g
        JOIN {asking.texts(goals, "user_key")} t ON t.number = g.user_key
    """


def _person(alias: str) -> str:
    return f"CASE WHEN {alias}.customer_id IS NOT NULL THEN 'c' || {alias}.customer_id ELSE 'v' || t.text END"


def _own_goal(asking: Asking) -> str:
    """SQL of whether a goal is the one that its offer is for."""
    named = {name: terms.goal for name, terms in asking.parameters.terms.items() if terms.goal}
    fits = [f"(f.offer = {literal(name)} AND g.goal <> {literal(goal)})" for name, goal in sorted(named.items())]
    return f"NOT ({' OR '.join(fits)})" if fits else "true"


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


def _said(trial: _Trial, terms: OfferTerms) -> dict[str, Any]:
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
