"""One Spark session, the same on one machine and on EMR Serverless: only endpoint and archives differ."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from logdig.config.settings import Settings
from logdig.errors import MissingPartError, SetupError

CATALOG = "lake"
JARS_FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "jars" / "spark"
LOG_SETTINGS = Path(__file__).resolve().with_name("log4j2.properties")
JAVA_OPTIONS = (
    f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()} -XX:+UseSerialGC "
    "-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000 "
    "-XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
)
"""Java's second compiler takes a third of a brief job's time; it gets what runs ten times as often as by default, so
that large data still has it."""
LOCAL_PARTITIONS = "4"
"""Two cores gain nothing from Spark's 200, and every partition costs a task."""
JAVA_NOTICE = b"WARNING: Using incubator modules: jdk.incubator.vector"
"""Java says so at each start, since Spark asks for its vector instructions; no option turns it off."""
SQL_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
"""They write a refused query with its whole stack to stderr, before whoever raised it can say what was wrong."""


def local_jars(environment: Mapping[str, str]) -> list[Path]:
    """The archives beside the checkout, or in the folder that LOGDIG_JARS names; none on EMR, which brings its own.

    Raises:
        MissingPartError: There are none, although ``AWS_ENDPOINT_URL`` says that this is one machine.
    """
    folder = Path(environment.get("LOGDIG_JARS", JARS_FOLDER))
    jars = sorted(folder.glob("*.jar"))
    if not jars and "AWS_ENDPOINT_URL" in environment:
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
        environment: ``AWS_ENDPOINT_URL`` and credentials where an emulator stands in for AWS.
        jars: Archives; None = `local_jars`. Without any, Spark is EMR's own and keeps its own ways.
        master: Spark master where archives are given.
    Raises:
        MissingPartError: An endpoint is set but there are no archives.
        SetupError: An endpoint is set but no keys are.
    """
    endpoint = environment.get("AWS_ENDPOINT_URL")
    found = local_jars(environment) if jars is None else jars
    configuration = {"spark.app.name": f"{settings.prefix}-jobs"} | catalog_configuration(settings)
    if found:
        # Python workers otherwise start whatever "python3" is on PATH.
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        configuration |= {"spark.master": master, "spark.jars": ",".join(map(str, found))}
        configuration |= machine_configuration(settings, environment)
    if endpoint:
        configuration |= endpoint_configuration(settings, endpoint, environment)
    for name in SQL_LOGGERS:
        PySparkLogger.getLogger(name).disabled = True
    if found and SparkContext._gateway is None:
        _start_java(configuration)
    builder = SparkSession.builder
    for key, value in configuration.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _start_java(configuration: Mapping[str, str]) -> None:
    """Start Spark's Java with a stderr that leaves out its notice about modules."""
    ours, javas = os.pipe()
    Thread(target=_copy_stderr, args=(ours,), name="java-stderr", daemon=True).start()
    conf = SparkConf(loadDefaults=False).setAll(list(configuration.items()))
    try:
        gateway = launch_gateway(conf, {"stderr": javas})  # type: ignore[no-untyped-call]
        SparkContext._ensure_initialized(gateway=gateway, conf=conf)
    finally:
        os.close(javas)


def _copy_stderr(source: int) -> None:
    """Copy lines to this process's stderr until Java ends."""
    with open(source, "rb") as lines:
        for line in lines:
            if line.strip() != JAVA_NOTICE:
                os.write(2, line)


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
        # A cached table would hide what another run has written meanwhile.
        f"{catalog}.cache-enabled": "false",
        # Ingest names up to 100 objects at once; more than 32 would be looked at by a task each.
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
        "spark.sql.session.timeZone": "UTC",
    }


def machine_configuration(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Configuration for Spark inside this process: small, quiet, on the loopback only."""
    return {
        f"spark.sql.catalog.{CATALOG}.http-client.type": "urlconnection",
        "spark.driver.extraJavaOptions": f"-Daws.region={settings.region} {JAVA_OPTIONS}",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": environment.get("LOGDIG_SPARK_MEMORY", "2g"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": LOCAL_PARTITIONS,
        "spark.default.parallelism": LOCAL_PARTITIONS,
    }


def endpoint_configuration(settings: Settings, endpoint: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Configuration for another S3 and Glue than Amazon's.

    Raises:
        SetupError: Keys are missing.
    """
    key_id, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not key_id or not secret:
        raise SetupError("AWS_ENDPOINT_URL is set, so AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set, too")
    catalog, s3a = f"spark.sql.catalog.{CATALOG}", "spark.hadoop.fs.s3a"
    token = environment.get("AWS_SESSION_TOKEN")
    session = {f"{catalog}.s3.session-token": token, f"{s3a}.session.token": token} if token else {}
    return session | {
        f"{catalog}.s3.endpoint": endpoint,
        f"{catalog}.s3.path-style-access": "true",
        f"{catalog}.s3.access-key-id": key_id,
        f"{catalog}.s3.secret-access-key": secret,
        f"{catalog}.glue.endpoint": endpoint,
        # The emulator's Glue loses commits made at once; this lock keeps them apart.
        f"{catalog}.lock-impl": "org.apache.iceberg.aws.dynamodb.DynamoDbLockManager",
        f"{catalog}.lock.table": f"{settings.prefix}-locks",
        # Who finds it taken sleeps a whole lease before looking again: 15 s by default, for commits of less than one.
        f"{catalog}.lock.heartbeat-timeout-ms": "4000",
        f"{catalog}.lock.heartbeat-interval-ms": "1000",
        f"{catalog}.lock.acquire-interval-ms": "100",
        f"{catalog}.dynamodb.endpoint": endpoint,
        f"{s3a}.endpoint": endpoint,
        f"{s3a}.endpoint.region": settings.region,
        f"{s3a}.path.style.access": "true",
        f"{s3a}.connection.ssl.enabled": str(endpoint.startswith("https:")).lower(),
        f"{s3a}.access.key": key_id,
        f"{s3a}.secret.key": secret,
        # The emulator keeps no versions; objects are named by their content and never change.
        f"{s3a}.change.detection.mode": "none",
    }
