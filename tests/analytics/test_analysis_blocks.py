"""The blocks of docs/analysis.md for Spark answer the same ten questions as `logdig sql`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pyspark
import pytest
from pyspark.sql import SparkSession

from logdig.questions.engine.sql import select
from tests.fakes.pinned import MemoryTables
from tests.unit.docs.analysis_blocks import NAMES, blocks, same, statements, story

pytestmark = pytest.mark.java
SOURCE = MemoryTables(story())
TABLES = ("sessions", "page_views", "clicks", "conversions", "events", "traffic")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows as Parquet, a file a table."""
    place = tmp_path_factory.mktemp("tables")
    for name in TABLES:
        pq.write_table(SOURCE.whole(name, None, 0), place / f"{name}.parquet")
    return place


def test_spark_sql_answers_as_duckdb_does(spark: SparkSession, folder: Path) -> None:
    for name in TABLES:
        spark.read.parquet(str(folder / f"{name}.parquet")).createOrReplaceTempView(name)

    found = {name: [tuple(row) for row in spark.sql(text).collect()] for name, text in statements().items()}

    for name in TABLES:
        spark.catalog.dropTempView(name)
    assert tuple(found) == NAMES
    same(found, {name: select(SOURCE, text).rows for name, text in statements().items()})


@pytest.mark.full
def test_scala_answers_as_duckdb_does(folder: Path) -> None:
    [block] = blocks("scala")
    read = 'spark.read.parquet("{}/{}.parquet").createOrReplaceTempView("{}")'
    views = "\n".join(read.format(folder, name, name) for name in TABLES)
    written = "\n".join(f'{name}.toDF.coalesce(1).write.parquet("{folder}/{name}.answer")' for name in NAMES)
    shell = Path(pyspark.__file__).parent / "bin" / "spark-shell"

    done = subprocess.run(
        [str(shell), "--master", "local[1]", "--conf", "spark.ui.enabled=false"],
        input=f"{views}\n{block}\n{written}\n:quit\n", capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip

    answers = {name: folder / f"{name}.answer" for name in NAMES}
    assert all(path.is_dir() for path in answers.values()), done.stdout[-3000:] + done.stderr[-3000:]
    wanted = {name: select(SOURCE, text).rows for name, text in statements().items()}
    same({name: pq.read_table(path) for name, path in answers.items()}, wanted)
