"""Jobs where they were deployed to: the settings lie beside the code, in the same archive."""

from __future__ import annotations

import json
import os
import pkgutil
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from analytics.jobs.registry import names_of, run
from analytics.spark import session
from logdig.config.loader import override, parse_settings
from logdig.errors import SetupError
from logdig.tables.catalog import check_tables

SETTINGS = "deployed.toml"


def main(names: Sequence[str]) -> None:
    """Run the named jobs one after the other, each reported as one line of JSON; the first that fails ends them all.

    Args:
        names: Jobs, or ``all``.
    Raises:
        SetupError: The archive holds no settings.
        InputError: There is no such job.
    """
    jobs = [job for name in names for job in names_of(name)]
    text = pkgutil.get_data("analytics", SETTINGS)
    if text is None:
        raise SetupError(f"{SETTINGS} is not in the archive of the jobs; build it again with 'logdig package'")
    settings = parse_settings(override(tomllib.loads(text.decode()), os.environ))
    check_tables(settings.retention)
    spark = session(settings, os.environ)
    try:
        for job in jobs:
            print(json.dumps(asdict(run(job, spark, settings, datetime.now(UTC))), default=str), flush=True)
    finally:
        spark.stop()
