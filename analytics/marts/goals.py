"""Which goals an event or a view reaches, as the owner's settings name them. Source: docs/goals.md."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from analytics.marts.people_events import fits
from analytics.marts.site import Site
from logdig.config.goals import GoalSettings

GOAL_COLUMNS = ("app", "type", "custom", "text_props", "element", "listen")
"""Columns of the table events that `reached_by_event` reads."""
REACHED = "array<struct<goal:string,each:boolean,value:double>>"
NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""A number as JSON writes it."""


def reached_by_event(site: Site) -> Column:
    """Goals that an event reaches by itself, of type REACHED; empty or null where there are none.

    Reads GOAL_COLUMNS. A page's goals are not among them: a view reaches those.
    """
    return _reached(site, [goal for goal in _goals(site) if not goal.page])


def reached_by_view(site: Site) -> Column:
    """Goals that a view reaches by its page, of type REACHED; reads app and path, the page before the owner's rules."""
    return _reached(site, [goal for goal in _goals(site) if goal.page])


def _goals(site: Site) -> list[GoalSettings]:
    """Every goal once; a goal of all apps is in each app's rules."""
    goals: list[GoalSettings] = []
    for rules in (site.others, *site.apps.values()):
        goals += [goal for goal in rules.goals if goal not in goals]
    return goals


def _reached(site: Site, goals: Iterable[GoalSettings]) -> Column:
    found = [
        F.when(
            _is_of(site, goal) & _condition(goal),
            F.struct(
                F.lit(goal.name).alias("goal"), F.lit(goal.count == "each").alias("each"), _value(goal).alias("value")
            ),
        )
        for goal in goals
    ]
    if not found:
        return F.lit(None).cast(REACHED)
    return F.filter(F.array(*found), lambda goal: goal.isNotNull()).cast(REACHED)


def _is_of(site: Site, goal: GoalSettings) -> Column:
    """Tell whether the goal is one of the row's app."""
    if goal in site.others.goals:
        without = [name for name, rules in site.apps.items() if goal not in rules.goals]
        return ~F.col("app").isin(without) if without else F.lit(True)
    return F.col("app").isin([name for name, rules in site.apps.items() if goal in rules.goals])


def _condition(goal: GoalSettings) -> Column:
    if goal.page:
        return fits(F.col("path"), goal.page)
    if goal.element:
        return (F.col("type") == "click") & (F.col("element.selector") == goal.element)
    if goal.listen:
        return (F.col("type") == "listen") & fits(F.col("listen.track_id"), goal.listen)
    met = (F.col("type") == "custom") & (F.col("custom.name") == goal.event)
    for name, wanted in goal.where.items():
        met &= _equals(name, wanted)
    return met


def _equals(name: str, wanted: str | bool | float) -> Column:
    """Compare a property with a value of its type: a text is never the number or boolean of the same letters."""
    text = _property(name)
    if isinstance(wanted, str):
        return (text == wanted) & _is_text(name, unknown=True)
    if isinstance(wanted, bool):
        return (text == str(wanted).lower()) & ~_is_text(name, unknown=False)
    return _number(name) == F.lit(wanted)


def _value(goal: GoalSettings) -> Column:
    if goal.value_property:
        return _number(goal.value_property)
    return F.lit(goal.value).cast("double")


def _number(name: str) -> Column:
    """A property's number; null where it is a text, a boolean or missing."""
    text = _property(name)
    return F.when(~_is_text(name, unknown=False) & text.rlike(NUMBER), text.try_cast("double"))


def _property(name: str) -> Column:
    return F.try_element_at("custom.props", F.lit(name))


def _is_text(name: str, *, unknown: bool) -> Column:
    """Tell whether a property was sent as a text; rows stored before text_props do not know."""
    return F.coalesce(F.array_contains("text_props", name), F.lit(unknown))
