"""Columns of what is read and written: raw and bad lines, and the tables made of them.

A line's StructType follows the Structs of logdig/events/types.py; a test compares the two. Times in lines are text,
since browsers may send nine decimals; tables hold them as UTC timestamps. Every column is described in docs/tables.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

TEXT, INT, LONG, REAL, YES_NO = StringType(), IntegerType(), LongType(), DoubleType(), BooleanType()
TIME, DAY = TimestampType(), DateType()
TEXT_MAP = MapType(TEXT, TEXT)


def struct(columns: Mapping[str, DataType]) -> StructType:
    """Make a StructType of nullable columns."""
    return StructType([StructField(name, kind, True) for name, kind in columns.items()])


PARTS: dict[str, DataType] = {
    "consent": struct({"analytics": YES_NO, "ads": YES_NO}),
    "view": struct({"vw": REAL, "vh": REAL, "dw": REAL, "dh": REAL, "sx": REAL, "sy": REAL, "dpr": REAL}),
    "element": struct({"selector": TEXT, "tag": TEXT, "ex": INT, "ey": INT, "w": REAL, "h": REAL, "fixed": YES_NO}),
    "after": struct({"mutation_ms": INT, "scroll_ms": INT, "navigated_ms": INT}),
    "page": struct({"referrer": TEXT, "title": TEXT, "language": TEXT}),
    "scroll": struct({"depth_px": REAL, "depth_share": REAL, "engaged_ms": LONG}),
    "move": struct({"anchors": ArrayType(TEXT), "points": ArrayType(ArrayType(LONG))}),
    "listen": struct({"track_id": TEXT, "mobile": YES_NO, "zip": TEXT, "listened_ms": LONG}),
    "ad": struct({"name": TEXT, "action": TEXT, "decision_id": TEXT, "placement": TEXT}),
    "custom": struct({"name": TEXT, "props": TEXT_MAP}),
}
"""The objects inside an event. Values of props are text as they stood in the JSON."""

TIMES = ("received_at", "occurred_at", "timestamp")

RAW_COLUMNS: dict[str, DataType] = {
    **dict.fromkeys(TIMES, TEXT),
    "app": TEXT,
    "event_id": TEXT,
    "type": TEXT,
    "seq": LONG,
    "user_key": TEXT,
    "customer_id": TEXT,
    "session_id": TEXT,
    "page_view_id": TEXT,
    "current_page": TEXT,
    "link": TEXT,
    "x": LONG,
    "y": LONG,
    "spent_milli_sec": LONG,
    "load_count": LONG,
    "user_agent": TEXT,
    "token": TEXT,
    "tz_min": INT,
    **PARTS,
    "page_version": TEXT,
    "experiments": TEXT_MAP,
    "sample_rate": REAL,
    "staff": YES_NO,
    "bot": YES_NO,
    "country": TEXT,
    "region": TEXT,
    "ip": TEXT,
    "pack_id": TEXT,
    "legacy": TEXT_MAP,
}
RAW_LINE = struct(RAW_COLUMNS)

EVENTS = struct({**RAW_COLUMNS, **dict.fromkeys(TIMES, TIME), "day": DAY, "line_hash": LONG})
"""One row per (app, event_id). ``day``: UTC day of ``occurred_at``. ``line_hash``: xxhash64 of the stored line; of
several copies of an event the one with the least (received_at, line_hash) is kept."""

BAD_COLUMNS: dict[str, DataType] = {
    "received_at": TEXT,
    "bad_id": TEXT,
    "app": TEXT,
    "errors": ArrayType(struct({"field": TEXT, "reason": TEXT})),
    "text": TEXT,
    "bytes": LONG,
    "sha256": TEXT,
    "truncated": YES_NO,
    "pack_id": TEXT,
}
BAD_LINE = struct(BAD_COLUMNS)
BAD_EVENTS = struct({**BAD_COLUMNS, "received_at": TIME, "day": DAY, "line_hash": LONG})
"""One row per ``bad_id``; ``day``: UTC day of ``received_at``."""

HEAT_CELLS = struct(
    {
        "app": TEXT,
        "day": DAY,
        "page": TEXT,
        "page_version": TEXT,
        "device": TEXT,
        "selector": TEXT,
        "cell_x": INT,
        "cell_y": INT,
        "clicks": LONG,
        "x_sum": REAL,
        "y_sum": REAL,
        "vw_sum": REAL,
    }
)

LISTENS = struct(
    {
        "app": TEXT,
        "event_id": TEXT,
        "customer_id": TEXT,
        "user_key": TEXT,
        "track_id": TEXT,
        "occurred_at": TIME,
        "tz_min": INT,
        "local_hour": INT,
        "day_part": TEXT,
        "mobile": YES_NO,
        "zip": TEXT,
        "listened_ms": LONG,
        "ads_consent": YES_NO,
        "day": DAY,
    }
)

LOADED_CUSTOMERS: dict[str, DataType] = {
    "app": TEXT,
    "customer_id": TEXT,
    "gender": INT,
    "birth_year": INT,
    "zip": TEXT,
    "sign_date": TEXT,
    "status": INT,
    "level": INT,
    "campaign": INT,
    "linked_apps": INT,
    "loaded_at": TEXT,
}
CUSTOMERS = struct({**LOADED_CUSTOMERS, "loaded_at": TIME})

LOADED_TRACKS: dict[str, DataType] = {
    "app": TEXT,
    "track_id": TEXT,
    "title": TEXT,
    "artist": TEXT,
    "length_seconds": INT,
    "loaded_at": TEXT,
}
TRACKS = struct({**LOADED_TRACKS, "loaded_at": TIME})

LOADED = {"customers": struct(LOADED_CUSTOMERS), "tracks": struct(LOADED_TRACKS)}
"""Lines of `logdig load`; of a customer neither name nor address."""

COUNT_MAP = MapType(TEXT, LONG)
LEDGER_MAPS = ("rejected_by_reason", "dropped_by_reason")
LEDGER_COUNTS = (
    "sent", "received", "accepted", "rejected", "events", "repeated", "duplicates_browser", "duplicates_flush", "late",
    "raw_lines", "raw_unreadable", "unreadable", "in_tables", "waiting", "bad_in_tables", "bad_waiting", "in_dlq",
    "dropped", "dropped_numbers", "missing", "erased",
)  # fmt: skip
LEDGER = struct(
    {"app": TEXT, "day": DAY, **dict.fromkeys(LEDGER_COUNTS, LONG), **dict.fromkeys(LEDGER_MAPS, COUNT_MAP)}
)
"""One row per (app, UTC day of ``received_at``)."""
