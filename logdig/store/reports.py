"""Results of notes in the bucket: ``reports/<app>/<note>/<time>/``, JSON and pictures, and nothing that names a person.

The bucket's lifecycle removes them after 90 days (docs/privacy.md); erasing a person need not look into them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from logdig.errors import StoreUnavailableError
from logdig.store.object_store import S3EventStore
from logdig.tables.catalog import TABLES

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = "reports/"
RESULT = "result.json"
"""Written last: where it is, the pictures are there too."""
PERSONAL = {
    *(column for table in TABLES.values() for column in table.person_columns),
    *("session_id", "page_view_id", "event_id", "bad_id"),
}
"""Columns that name a person, a session, or a single event, in any table."""


def public(rows: pa.Table) -> pa.Table:
    """Leave out columns of people: those of PERSONAL, and nested ones, which may hold ids as examples.

    A column that SQL has given another name is not recognised.
    """
    import pyarrow as pa

    kept = [field.name for field in rows.schema if field.name not in PERSONAL and not pa.types.is_nested(field.type)]
    return rows.select(kept)


def report_folder(app: str, note: str, at: datetime) -> str:
    """Beginning of the keys of one run.

    Args:
        app: Name of the app.
        note: Name of the note.
        at: When it ran, with a zone.
    """
    return f"{PREFIX}{app}/{note}/{at.astimezone(UTC):%Y-%m-%dT%H%M%S.%f}Z/"


def write_report(store: S3EventStore, folder: str, result: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """Write the result of a run.

    Args:
        store: The bucket.
        folder: See `report_folder`.
        result: What becomes RESULT; plain values, Structs, days and times.
        pictures: PNG by name.
    Returns:
        Key of the result.
    Raises:
        StoreUnavailableError: S3 does not answer, or the folder holds another run.
    """
    for name, png in pictures.items():
        store.put(f"{folder}{name}.png", png, "image/png")
    text = json.dumps(_plain(msgspec.to_builtins(result, enc_hook=str)), ensure_ascii=False, indent=1)
    key = f"{folder}{RESULT}"
    if not store.put(key, text.encode(), "application/json"):
        raise StoreUnavailableError(f"{key} is there already; run the note again", key=key)
    return key


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
