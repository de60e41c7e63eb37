"""Stored objects into rows of table ledger_lines; damaged ones are named, and the others read without them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from analytics import tables
from analytics.lake.line_rows import parse_bad, parse_raw
from analytics.ledger.lines import COLUMNS, RAW_LINE, VERSION, bad_lines, raw_lines
from analytics.schema.columns import DAY, TEXT, struct
from analytics.schema.frames import fit
from logdig.config.settings import Settings
from logdig.privacy.tombstones import Pseudonyms
from logdig.store.keys import ZONES
from logdig.store.object_store import EventStore
from logdig.store.objects import decompress

DAMAGED = "it is no gzip, or its end is missing"
OBJECTS = struct({"key": TEXT, "day": DAY})
ERRORS = struct({"key": TEXT, "day": DAY, "error": TEXT})
LINES = struct({"value": TEXT, "key": TEXT, "day": DAY})


def version_of(salt: str) -> str:
    """Name what rows depend on beside their object: this code, and the salt of their digests."""
    return f"{VERSION}-{Pseudonyms(salt).of('version', '')[:8]}"


def read_objects(
    spark: SparkSession, settings: Settings, store: EventStore, objects: Mapping[str, date], salt: str
) -> tuple[DataFrame, dict[str, str]]:
    """Read objects as rows of the table, `staged`; return them, and faults by key of those that are damaged.

    Objects that are gone by now have no rows.
    """
    try:
        return _rows(spark, settings, objects, {}, salt), {}
    except (Py4JJavaError, PySparkException):
        # Spark names one object at a time, and only some of its errors do.
        whole, damaged = examined(store, objects)
        if len(whole) == len(objects):
            raise
    return _rows(spark, settings, whole, {key: objects[key] for key in damaged}, salt), damaged


def examined(store: EventStore, objects: Mapping[str, date]) -> tuple[dict[str, date], dict[str, str]]:
    """Open objects one by one: those that can be read, and faults by key of those that cannot."""
    whole, damaged = {}, {}
    for key, day in objects.items():
        try:
            body = store.get(key)
        except KeyError:
            continue  # Erased or expired since it was listed.
        if not body or decompress(body) is None:
            damaged[key] = DAMAGED
        else:
            whole[key] = day
    return whole, damaged


def _rows(
    spark: SparkSession, settings: Settings, objects: Mapping[str, date], damaged: Mapping[str, date], salt: str
) -> DataFrame:
    own = tables.small_frame(spark, OBJECTS, list(objects.items()))
    lines = _lines(spark, settings, objects, own, salt).repartition("key")
    place = F.row_number().over(Window.partitionBy("key", "line_hash").orderBy("event"))
    lines = tables.staged(lines.withColumn("copy", place))
    counted = lines.groupBy("key").agg(F.count(F.lit(1)).alias("lines"))
    noted = own.join(counted, "key", "left").withColumn("lines", F.coalesce("lines", F.lit(0)))
    errors = tables.small_frame(spark, ERRORS, [(key, day, DAMAGED) for key, day in damaged.items()])
    marks = noted.unionByName(errors.withColumn("lines", F.lit(0)), allowMissingColumns=True)
    zone = F.substring_index("key", "/", 1).alias("zone")
    rows = lines.unionByName(fit(marks.select("*", zone), COLUMNS))
    return rows.withColumn("version", F.lit(version_of(salt)))


def _lines(
    spark: SparkSession, settings: Settings, objects: Mapping[str, date], own: DataFrame, salt: str
) -> DataFrame:
    raw, bad = (_text(spark, settings, [key for key in objects if key.startswith(f"{zone}/")], own) for zone in ZONES)
    return lines_of(raw, bad, salt)


def lines_of(raw: DataFrame, bad: DataFrame, salt: str) -> DataFrame:
    """Read lines of both zones.

    Input:  value string, key string, day date.
    Output: columns of table ledger_lines.
    """
    return raw_lines(parse_raw(raw, RAW_LINE), salt).unionByName(bad_lines(parse_bad(bad), salt))


def _text(spark: SparkSession, settings: Settings, keys: Sequence[str], own: DataFrame) -> DataFrame:
    if not keys:
        return tables.small_frame(spark, LINES)
    bucket = f"s3a://{settings.bucket_name}/"
    # In a path that is read, some letters stand for many.
    paths = [bucket + re.sub(r"([{}\[\]*?\\])", r"\\\1", key) for key in keys]
    lines = spark.read.option("lineSep", "\n").text(paths)
    # Only the path of an object that LogDig has not named can be written in another way than its key.
    path = F.url_decode(F.replace(F.col("_metadata.file_path"), F.lit("+"), F.lit("%2B")))
    named = lines.select("value", F.substring_index(path, bucket, -1).alias("key"))
    return named.join(F.broadcast(own), "key").select(*LINES.names)
