"""Objects as the ledger reads them: damaged ones, those that are gone, and names that are no digests."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from analytics.ledger.reading import read_objects
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.store.keys import object_key
from logdig.store.objects import build_object, compress
from tests.analytics.objects import DAY, line

pytestmark = pytest.mark.java
FOREIGN = f"raw/dt={DAY}/not ours + [1]{{2}}.jsonl.gz"


def test_damaged_objects_are_named_and_the_others_read_whatever_their_names(spark: SparkSession, own: Settings) -> None:
    store = s3_store(own)
    whole = build_object("raw", DAY, [line("e1").encode(), line("e1").encode(), b"no line"])
    cut = build_object("raw", DAY, [line("cut").encode()])
    gone = object_key("bad", DAY, "0" * 64)
    store.put(whole.key, whole.body)
    store.put(cut.key, cut.body[:-9])
    store.put(FOREIGN, compress(line("f", app="foreign").encode() + b"\n"))

    rows, damaged = read_objects(spark, own, store, dict.fromkeys((whole.key, cut.key, FOREIGN, gone), DAY), "salt")

    assert list(damaged) == [cut.key]
    found = sorted(
        (row["key"], row["lines"] or 0, row["app"] or "", row["copy"] or 0, bool(row["error"]))
        for row in rows.collect()
    )
    assert found == sorted(
        [
            (whole.key, 3, "", 0, False),
            (whole.key, 0, "shop", 1, False),
            (whole.key, 0, "shop", 2, False),
            (whole.key, 0, "", 1, False),
            (FOREIGN, 1, "", 0, False),
            (FOREIGN, 0, "foreign", 1, False),
            (cut.key, 0, "", 0, True),
        ]
    )
