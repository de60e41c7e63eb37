"""Jobs where they were deployed to: the settings lie beside the code, in the same archive."""

from __future__ import annotations

import json
import os
import pkgutil
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from analytics.jobs.registry import check_options, known, names_of, together
from analytics.jobs.runs import is_idle, run_together_noted, writing
from analytics.spark import session
from logdig.config.loader import override, parse_settings
from logdig.errors import LakeBusyError, SetupError
from logdig.tables.catalog import check_tables

SETTINGS = "deployed.toml"


def main(arguments: Sequence[str]) -> None:
    """Run the named jobs one after the other, each reported as one line of JSON; the first that fails ends them all.

    While another run writes the tables, this one waits for it. When all would find nothing to do, Spark is not started.

    Args:
        arguments: Jobs, or ``all``, and options such as ``--waiting``.
    Raises:
        SetupError: The archive holds no settings.
        InputError: There is no such job, or it does not know an option.
        LakeBusyError: Another run still writes the tables.
    """
    options = tuple(text.removeprefix("--") for text in arguments if text.startswith("--"))
    names = [name for name in arguments if not name.startswith("--")]
    for name in names:
        check_options(name, options)
    text = pkgutil.get_data("analytics", SETTINGS)
    if text is None:
        raise SetupError(f"{SETTINGS} is not in the archive of the jobs; build it again with 'logdig package'")
    settings = parse_settings(override(tomllib.loads(text.decode()), os.environ))
    check_tables(settings.retention)
    if all(is_idle(name, settings, os.environ, datetime.now(UTC), options) for name in names):
        for name in names:
            print(json.dumps({"name": name, "nothing_new": True}), flush=True)
        return
    with writing(settings, f"jobs run {' '.join(names)} on AWS", lambda: datetime.now(UTC), on_busy=_tell):
        spark = session(settings, os.environ)
        try:
            for jobs in together(job for name in names for job in names_of(name)):
                known_ones = known(jobs[0], options)
                for report in run_together_noted(jobs, spark, settings, lambda: datetime.now(UTC), known_ones):
                    print(json.dumps(asdict(report), default=str), flush=True)
        finally:
            spark.stop()


def _tell(busy: LakeBusyError) -> None:
    print(busy.message, file=sys.stderr, flush=True)
