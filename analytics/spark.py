"""One Spark session, the same on one machine and on EMR Serverless: only endpoint and archives differ."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pyspark.sql import SparkSession

from logdig.errors import MissingPartError
from logdig.settings import Settings

CATALOG = "lake"
JARS_FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "jars" / "spark"
LOCAL_PARTITIONS = "4"
"""Two cores gain nothing from Spark's 200, and every partition costs a task."""


def local_jars(environment: Mapping[str, str]) -> list[Path]:
    """The archives beside the checkout, or in the folder that LOGDIG_JARS names.

    Raises:
        MissingPartError: There are none.
    """
    folder = Path(environment.get("LOGDIG_JARS", JARS_FOLDER))
    jars = sorted(folder.glob("*.jar"))
    if not jars:
        raise MissingPartError(f"no Spark archives in {folder}; run: make setup")
    return jars


def session(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    jars: Sequence[Path] | None = None,
    master: str = "local[2]",
) -> SparkSession:
    """Start Spark with the catalog ``lake``: Iceberg tables in Glue, files in S3.

    Args:
        settings: Names and region.
        environment: ``AWS_ENDPOINT_URL`` and credentials; without the endpoint, this runs on EMR and brings no archive.
        jars: Archives; None = those beside the checkout, on one machine only.
        master: Spark master, on one machine only.
    """
    endpoint = environment.get("AWS_ENDPOINT_URL")
    # Python workers otherwise start whatever "python3" is on PATH.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName(f"{settings.prefix}-jobs")
    for key, value in catalog_configuration(settings).items():
        builder = builder.config(key, value)
    if endpoint:
        found = local_jars(environment) if jars is None else jars
        builder = builder.master(master).config("spark.jars", ",".join(map(str, found)))
        for key, value in endpoint_configuration(settings, endpoint, environment).items():
            builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    _quiet(spark, "org.apache.iceberg.aws.dynamodb.DynamoDbLockManager")
    return spark


def _quiet(spark: SparkSession, logger: str) -> None:
    """Silence a logger: the lock's last heartbeat may come after its release, which it reports as an error."""
    jvm = spark.sparkContext._jvm
    if jvm is not None:
        jvm.org.apache.logging.log4j.core.config.Configurator.setLevel(logger, jvm.org.apache.logging.log4j.Level.OFF)


def catalog_configuration(settings: Settings) -> dict[str, str]:
    """Configuration that holds everywhere."""
    catalog = f"spark.sql.catalog.{CATALOG}"
    return {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        f"{catalog}.type": "glue",
        f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{catalog}.warehouse": settings.warehouse,
        f"{catalog}.client.region": settings.region,
        # A stream's batches run in a session of their own; a cached table would hide what they wrote.
        f"{catalog}.cache-enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.streaming.stopTimeout": "60000",
    }


def endpoint_configuration(settings: Settings, endpoint: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Configuration for another S3 and Glue than Amazon's, on one machine."""
    catalog, s3a = f"spark.sql.catalog.{CATALOG}", "spark.hadoop.fs.s3a"
    return {
        f"{catalog}.s3.endpoint": endpoint,
        f"{catalog}.s3.path-style-access": "true",
        f"{catalog}.s3.access-key-id": environment["AWS_ACCESS_KEY_ID"],
        f"{catalog}.s3.secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
        f"{catalog}.glue.endpoint": endpoint,
        # The emulator's Glue loses commits made at once; this lock keeps them apart.
        f"{catalog}.lock-impl": "org.apache.iceberg.aws.dynamodb.DynamoDbLockManager",
        f"{catalog}.lock.table": f"{settings.prefix}-locks",
        f"{catalog}.dynamodb.endpoint": endpoint,
        f"{catalog}.http-client.type": "urlconnection",
        f"{s3a}.endpoint": endpoint,
        f"{s3a}.endpoint.region": settings.region,
        f"{s3a}.path.style.access": "true",
        f"{s3a}.connection.ssl.enabled": "false",
        f"{s3a}.access.key": environment["AWS_ACCESS_KEY_ID"],
        f"{s3a}.secret.key": environment["AWS_SECRET_ACCESS_KEY"],
        f"{s3a}.change.detection.mode": "none",
        "spark.driver.extraJavaOptions": f"-Daws.region={settings.region} -XX:+UseSerialGC -XX:TieredStopAtLevel=4",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": environment.get("LOGDIG_SPARK_MEMORY", "2g"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": LOCAL_PARTITIONS,
        "spark.default.parallelism": LOCAL_PARTITIONS,
    }
