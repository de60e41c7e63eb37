"""Trials of offers out of the tables: who entered on which side, and what they did in their days. SQL of ours."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from logdig.questions.engine.asking import Asking
from logdig.questions.engine.database import literal
from logdig.questions.trials.trial import CUT_SHARE, WINDOW_DAYS, Cell, Look, days_over, looks, trial_month

DECISION_COLUMNS = (
    "event_id", "occurred_at", "user_key", "customer_id", "offer", "decision", "would_show", "explore", "band", "score",
)  # fmt: skip
GOAL_COLUMNS = ("event_id", "goal", "occurred_at", "user_key", "customer_id", "value")


class Trial(NamedTuple):
    """A month's trial of an offer: its first day, its looks, SQL of its people, and at what values are cut."""

    first: date
    seen: list[Look]
    people: str
    cut: float | None


def trials(asking: Asking) -> dict[str, Trial]:
    """The newest trial of each offer, or the one before while the newest has too few conversions to say anything."""
    zone, last = ZoneInfo(asking.parameters.zone), asking.parameters.end
    states = (asking.pinned.state(name, asking.parameters.app) for name in asking.question.tables)
    written = [state.written_at for state in states if state.written_at is not None]
    # The day on which a table was written is not over in it.
    last = min([last, *(at.astimezone(zone).date() - timedelta(days=1) for at in written)])
    first = trial_month(last)
    newest, before = _month(asking, first, last), _month(asking, trial_month(first - timedelta(days=1)), last)
    names = sorted({*newest, *before, *_asked_terms(asking)})
    nothing = Trial(first, [], "", None)
    found = {}
    for name in names:
        trials = [months.get(name, nothing) for months in (newest, before)]
        found[name] = next((one for one in (*filter(_says, trials), *trials) if one.seen), nothing)
    return found


def _says(trial: Trial) -> bool:
    return any(look.effect is not None for look in trial.seen)


def _month(asking: Asking, first: date, last: date) -> dict[str, Trial]:
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
    return {offer: Trial(first, looks(own, until), people, cuts[offer]) for offer, own in cells.items()}


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
