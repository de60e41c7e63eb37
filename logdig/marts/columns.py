"""Arrow columns of the tables that are read without Spark, so that a table that does not exist yet can be empty.

The truth is analytics/schema/lake.py and analytics/schema/model.py; a test compares. Of ``events`` only what the
readers here ask for is listed.
"""

from __future__ import annotations

import pyarrow as pa

TEXT, INT, LONG, REAL, YES_NO, DAY = pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.bool_(), pa.date32()
TIME = pa.timestamp("us", tz="UTC")
COUNT_MAP = pa.map_(TEXT, LONG)

COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "events": {
        "app": TEXT, "event_id": TEXT, "type": TEXT, "user_key": TEXT, "customer_id": TEXT, "current_page": TEXT,
        "occurred_at": TIME, "received_at": TIME, "day": DAY,
    },
    "bad_events": {"bad_id": TEXT, "app": TEXT, "received_at": TIME, "day": DAY},
    "heat_cells": {
        "app": TEXT, "day": DAY, "page": TEXT, "page_version": TEXT, "device": TEXT, "selector": TEXT,
        "cell_x": INT, "cell_y": INT, "clicks": LONG, "x_sum": REAL, "y_sum": REAL, "vw_sum": REAL,
    },
    "listens": {
        "app": TEXT, "event_id": TEXT, "customer_id": TEXT, "user_key": TEXT, "track_id": TEXT, "occurred_at": TIME,
        "tz_min": INT, "local_hour": INT, "day_part": TEXT, "mobile": YES_NO, "zip": TEXT, "listened_ms": LONG,
        "ads_consent": YES_NO, "day": DAY,
    },
    "customers": {
        "app": TEXT, "customer_id": TEXT, "gender": INT, "birth_year": INT, "zip": TEXT, "sign_date": TEXT,
        "status": INT, "level": INT, "campaign": INT, "linked_apps": INT, "loaded_at": TIME,
    },
    "tracks": {
        "app": TEXT, "track_id": TEXT, "title": TEXT, "artist": TEXT, "length_seconds": INT, "loaded_at": TIME,
    },
    "features": {
        "app": TEXT, "offer": TEXT, "split": TEXT, "customer_id": TEXT, "as_of": TIME, "listens": LONG,
        "morning": REAL, "afternoon": REAL, "evening": REAL, "night": REAL, "mobile": REAL, "unique": REAL,
        "label_until": TIME, "label": INT,
    },
    "models": {
        "app": TEXT, "offer": TEXT, "trained_at": TIME, "train_rows": LONG, "train_positives": LONG,
        "test_rows": LONG, "test_positives": LONG, "passed": YES_NO, "reason": TEXT, "train_as_of": TIME,
        "train_until": TIME, "test_as_of": TIME, "test_until": TIME, "model_version": TEXT, "coefficients": TEXT,
        "error": REAL, "average_precision": REAL, "brier": REAL, "roc_auc": REAL, "constant_error": REAL,
        "constant_average_precision": REAL, "constant_brier": REAL, "constant_roc_auc": REAL,
    },
    "predictions": {
        "app": TEXT, "customer_id": TEXT, "offer": TEXT, "model_version": TEXT, "as_of": TIME, "score": REAL,
    },
    "targets": {
        "app": TEXT, "customer_id": TEXT, "offer": TEXT, "level": INT, "score": REAL, "model_version": TEXT,
        "features_as_of": TIME, "rank": INT,
    },
    "ledger": {
        "app": TEXT, "day": DAY, "sent": LONG, "received": LONG, "accepted": LONG, "rejected": LONG, "events": LONG,
        "repeated": LONG, "duplicates_browser": LONG, "duplicates_flush": LONG, "late": LONG, "raw_lines": LONG,
        "raw_unreadable": LONG, "unreadable": LONG, "in_tables": LONG, "waiting": LONG, "bad_in_tables": LONG,
        "bad_waiting": LONG, "in_dlq": LONG, "dropped": LONG, "dropped_numbers": LONG, "missing": LONG, "erased": LONG,
        "rejected_by_reason": COUNT_MAP, "dropped_by_reason": COUNT_MAP,
    },
}  # fmt: skip


def empty(name: str, columns: tuple[str, ...] | None) -> pa.Table:
    """Make a table without rows.

    Raises:
        KeyError: There is no such table or column.
    """
    known = COLUMNS[name]
    chosen = known if columns is None else {column: known[column] for column in columns}
    return pa.schema(list(chosen.items())).empty_table()
