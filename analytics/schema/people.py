"""Which events are people's: said once, for everything that leaves bots out."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

PEOPLE_COLUMNS = ("bot", "signed", "page_view_id", "session_id")
"""Columns of the table events that `people` reads."""


def people() -> Column:
    """Tell whether a row of the table events is no bot's.

    Servers that sign were once judged by their user agent, as browsers are. Their rows know neither page view nor
    session, and nothing tells that they were signed; since then ``bot`` of a signed row is what its sender said.
    """
    servers = "page_view_id IS NULL AND session_id IS NULL AND NOT coalesce(signed, false)"
    return F.expr(f"NOT coalesce(bot, false) OR ({servers})")
