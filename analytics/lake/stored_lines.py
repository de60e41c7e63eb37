"""Lines of stored objects, with the object and the number of those that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import LongType

from analytics import tables
from analytics.lake.line_rows import bad_events, copies, parse_bad, parse_raw, unreadable
from analytics.schema.columns import TEXT, struct
from logdig.config.settings import Settings
from logdig.store.keys import SUFFIX, Zone

Parse = Callable[[DataFrame], DataFrame]
PARSES: dict[Zone, Parse] = {"raw": parse_raw, "bad": parse_bad}
TAKES: dict[Zone, Parse] = {"raw": copies, "bad": bad_events}

LINE = struct({"value": TEXT, "path": TEXT, "place": LongType()})

OF_CONTENT = (
    "FAILED_READ_FILE",
    "PATH_NOT_FOUND",
    "FileNotFoundException",
    "EOFException",
    "ZipException",
    "OutOfMemoryError",
)
"""What Spark says when an object is damaged, gone, or holds a line that is too long for the memory ..."""
OF_SURROUNDINGS = (
    "SdkClientException",
    "AWSClientIOException",
    "AWSServiceIOException",
    "AWSServiceThrottledException",
    "AWSStatus500Exception",
    "AWSServiceUnavailable",
    "AccessDenied",
    "NoAuthWithAWSException",
    "ConnectException",
    "UnknownHostException",
    "SocketTimeoutException",
    "No space left on device",
)
"""... and when S3 is away, refuses, or the disk is full, which also ends the reading of a sound object."""


def lines_of(spark: SparkSession, settings: Settings, places: Sequence[str]) -> DataFrame:
    """Read the lines of objects.

    Args:
        spark: Session.
        settings: Names the bucket.
        places: Keys of objects, or folders of them that end in a slash.
    Returns:
        Columns value string; path string: the object's address; place long: grows by one from line to line of an
        object. What is gone by the time it is read has no lines.
    """
    read = (
        spark.read.option("pathGlobFilter", f"*{SUFFIX}").option("lineSep", "\n").option("ignoreMissingFiles", "true")
    )
    lines = read.text([f"s3a://{settings.bucket_name}/{place}" for place in places])
    # An object is compressed as a whole, so one task reads it, from its first line to its last.
    return lines.select(
        "value", F.col("_metadata.file_path").alias("path"), F.monotonically_increasing_id().alias("place")
    )


def unreadable_rows(spark: SparkSession, settings: Settings, zone: Zone, places: Sequence[str]) -> DataFrame:
    """Make rows of bad_events from the lines of objects that cannot be read, each with its object and number.

    Most objects have none, so the few that have some are found first; only their lines are numbered.
    """
    parse, key = PARSES[zone], F.regexp_extract("path", f"{zone}/dt=[^/]+/[^/]+$", 0)
    found = parse(lines_of(spark, settings, places)).where("NOT readable").select(key.alias("key")).distinct()
    keys = sorted(row["key"] for row in found.collect())
    if not keys:
        return unreadable(parse(tables.small_frame(spark, tables.LINE)))
    number = F.col("place") - F.min("place").over(Window.partitionBy("path")) + 1
    numbered = lines_of(spark, settings, keys).select("value", key.alias("object"), number.alias("line"))
    return unreadable(parse(numbered))


def is_of_content(err: Exception) -> bool:
    """Tell whether an error comes from what was read, so that reading less of it may go well."""
    if not isinstance(err, (Py4JJavaError, PySparkException)):
        return False
    text = str(err)
    return any(word in text for word in OF_CONTENT) and not any(word in text for word in OF_SURROUNDINGS)
