"""Every table by its name: what the modules beside this one declare, and how long its rows stay."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from logdig import tables
from logdig.config.retention import RetentionSettings
from logdig.errors import InvalidSettingError, SetupError
from logdig.tables.declaration import Table

INGESTED = "ingested"
SCHEMA_PROPERTY = "logdig.schema"
"""Property of a stored table that holds the `Table.schema` of the newest code that wrote it."""


def declared(folders: Iterable[str], package: str) -> dict[str, Table]:
    """Collect the tables that the modules of a package declare, by name.

    Raises:
        SetupError: Two modules declare one name.
    """
    found: dict[str, Table] = {}
    for module in pkgutil.iter_modules(folders, f"{package}."):
        if module.name != __name__:
            for table in vars(importlib.import_module(module.name)).values():
                if isinstance(table, Table) and found.setdefault(table.name, table) is not table:
                    raise SetupError(f"{module.name} declares {table.name}, which is declared already")
    return found


TABLES = declared(tables.__path__, tables.__name__)


def require_known_schema(table: Table, properties: dict[str, str]) -> None:
    """Check that a stored table is not of newer code than this.

    Args:
        table: Its declaration.
        properties: Of the stored table.
    Raises:
        SetupError: Newer code has raised the number, or it is none.
    """
    number = properties.get(SCHEMA_PROPERTY, "1")
    if not number.isdecimal():
        raise SetupError(f"table {table.name}: property {SCHEMA_PROPERTY} is {number!r}, not a number; set it to 1")
    if int(number) > table.schema:
        raise SetupError(
            f"table {table.name} is of a newer LogDig: its {SCHEMA_PROPERTY} is {number}, this version knows "
            f"{table.schema}; upgrade LogDig on this machine"
        )


def days_kept(retention: RetentionSettings) -> dict[str, int]:
    """Days that rows stay, by table whose rows grow old; 0 = for ever.

    What ingest has read is remembered as long as any object is kept.
    """
    zones = {"raw": retention.raw_days, "bad": retention.bad_days, None: 0}
    usual = {name: zones[table.zone] for name, table in TABLES.items() if table.ages_by is not None}
    usual |= {INGESTED: longest_zone(retention)}
    return {name: retention.tables.get(name, days) for name, days in usual.items()}


def longest_zone(retention: RetentionSettings) -> int:
    """Days that the objects of the zone that is kept longest stay; 0 = for ever."""
    days = [retention.raw_days, retention.bad_days]
    return 0 if 0 in days else max(days)


def check_tables(retention: RetentionSettings) -> None:
    """Check that ``[retention.tables]`` names only tables whose rows grow old, and keeps what ingest has read.

    Raises:
        InvalidSettingError: Names key, value and those tables.
    """
    aging = days_kept(retention)
    for name, days in retention.tables.items():
        if name not in aging:
            raise InvalidSettingError(f"retention.tables.{name}", days, f"the tables are {', '.join(aging)}")
    longest, days = longest_zone(retention), aging[INGESTED]
    if days and (days < longest or not longest):
        kept = f"{longest} days" if longest else "for ever"
        rule = f"at least as long as objects are kept ({kept}), or they are read again; leave it out"
        raise InvalidSettingError(f"retention.tables.{INGESTED}", days, rule)
