"""Where the session of a row came from, and with which device from which place its visitor came."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analytics.marts.people_events import bucket, device, screen, with_agents, with_sources
from analytics.marts.site import Site

SOURCE = ("referrer_host", "source", "medium", "campaign", "channel")
OWN = ("vw", "user_agent", "country", "region", "language")


def with_circumstances(rows: DataFrame, site: Site) -> DataFrame:
    """Add what rows are filtered by.

    Input:  app, user_key; landing, as `analytics.marts.journeys` has it; OWN, which tell where there is no landing.
            All stay but those that are replaced.
    Output: entry_page, host_of_entry and SOURCE of the session's first view, null without one; device, screen, browser,
            system, country, region and language of that view, else the row's own; bucket.
    """
    landed = F.col("landing").isNotNull()
    first = {f"entry_{name}": F.when(landed, F.col(f"landing.{name}")).otherwise(F.col(name)) for name in OWN}
    addresses = {f"entry_{name}": F.col(f"landing.{name}") for name in ("page", "host", "current_page", "referrer")}
    told = with_sources(rows.withColumns(first | addresses), site, "entry_current_page", "entry_referrer")
    known = told.withColumns({name: F.when(landed, F.col(name)) for name in SOURCE})
    width = F.col("entry_vw")
    replaced = {name: F.col(f"entry_{name}") for name in ("user_agent", "country", "region", "language")}
    seen_on = {"device": device(width), "screen": screen(width), "bucket": bucket()}
    return with_agents(known.withColumns(replaced | seen_on))
