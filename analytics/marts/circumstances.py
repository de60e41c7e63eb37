"""Where the session of a row came from, and with which device from which place its visitor came."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics.marts.people_events import SOURCE, agents, bucket, device, screen, sources
from analytics.marts.site import Site

OWN = ("vw", "user_agent", "country", "region", "language")


def with_circumstances(rows: DataFrame, site: Site) -> DataFrame:
    """Add what rows are filtered by.

    Input:  app, user_key; landing, as `analytics.marts.journeys` has it; OWN, which tell where there is no landing.
            All stay but those that are replaced.
    Output: entry_page and SOURCE of the session's first view, null without one; device, screen, browser, system,
            country, region and language of that view, else the row's own; bucket.
    """
    landed = F.col("landing").isNotNull()
    seen = {f"seen_{name}": F.when(landed, F.col(f"landing.{name}")).otherwise(F.col(name)) for name in OWN}
    app, landing = F.col("app"), F.col("landing")
    # In one projection, so that one Python process reads both.
    read = {
        "came": sources(site)(app, landing["current_page"], landing["referrer"]),
        "agent": agents()(app, F.col("seen_user_agent")),
    }
    told = {
        **{name: F.when(landed, F.col(f"came.{name}")) for name in SOURCE},
        **{name: F.col(f"agent.{name}") for name in ("browser", "system")},
        **{name: F.col(f"seen_{name}") for name in ("country", "region", "language")},
        "device": device(F.col("seen_vw")),
        "screen": screen(F.col("seen_vw")),
        "entry_page": landing["page"],
        "bucket": bucket(),
    }
    return rows.withColumns(seen).withColumns(read).withColumns(told)
