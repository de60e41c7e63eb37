"""What the Spark jobs ask of the tables before Spark starts, in a Python that has the packages of EMR and no other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from infra.local.aws_resources import create_resources
from infra.packaging.build import ROOT, build_spark
from infra.packaging.dependencies import EMR_TARGET, HERE, SPARK_DISTRIBUTIONS, SPARK_SERVICES, install
from logdig.aws import clients
from logdig.config.settings import Settings
from logdig.marts.columns import table_schema
from logdig.marts.reader import catalog_properties
from logdig.store.objects import build_object

LOCK = ROOT / "requirements.txt"
MODEL_ONLY = {"joblib", "scikit-learn", "scipy", "threadpoolctl"}
"""Half of the packages' size, and nothing here asks for them."""
TODAY = date(2026, 11, 24)

NAME_NEW_OBJECTS = """
import os, sys
sys.path[:0] = {path!r}
from datetime import date
from analytics.lake.objects import pending
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.marts.reader import Marts

settings = Settings(service={service!r})
for entry in pending(s3_store(settings), Marts(settings, os.environ), date(2026, 11, 24)):
    print(entry.key)
"""


@pytest.fixture
def clients_made_anew() -> Iterator[None]:
    """Clients of this test's AWS, kept for no other test."""
    for known in (clients.client, clients.json_client):
        known.cache_clear()
    yield
    for known in (clients.client, clients.json_client):
        known.cache_clear()


@pytest.mark.slow
def test_packages_of_spark_find_new_objects_when_nothing_else_is_installed(
    service: str, tmp_path: Path, clients_made_anew: None
) -> None:
    settings = Settings(service=service)
    create_resources(settings, os.environ)
    read, new = _two_objects(settings)
    catalog = GlueCatalog("lake", **catalog_properties(settings, os.environ))
    columns = table_schema("ingested")
    table = catalog.create_table(
        (settings.database, "ingested"), schema=columns, location=f"{settings.warehouse}/ingested"
    )
    table.append(pa.Table.from_pylist([{"key": read, "day": TODAY}], schema=columns))
    vendor = install(LOCK, set(SPARK_DISTRIBUTIONS) - MODEL_ONLY, HERE, tmp_path, SPARK_SERVICES)
    code = NAME_NEW_OBJECTS.format(path=[str(build_spark(settings, tmp_path).path), str(vendor)], service=service)
    environment = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

    command = [sys.executable, "-I", "-S", "-c", code]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [new]


@pytest.mark.slow
def test_compiled_parts_of_pyiceberg_are_arm_code_when_packed_for_emr(tmp_path: Path) -> None:
    names = {"mmh3", "pydantic", "pydantic-core", "pyiceberg", "pyroaring", "zstandard"}
    assert names < set(SPARK_DISTRIBUTIONS)

    vendor = install(LOCK, names, EMR_TARGET, tmp_path, SPARK_SERVICES)

    compiled = {path.name.split(".")[0]: path.read_bytes()[18:20] for path in vendor.rglob("*.so")}
    assert compiled.keys() >= {"decoder_fast", "mmh3", "_pydantic_core", "pyroaring"}
    assert set(compiled.values()) == {b"\xb7\x00"}  # ELF's number of AArch64


def _two_objects(settings: Settings) -> list[str]:
    """Store two objects and return their keys."""
    store = clients.s3_store(settings)
    objects = [
        build_object("raw", TODAY, [b'{"received_at": "2026-11-24T12:00:0%d.000Z"}' % number]) for number in (0, 1)
    ]
    for built in objects:
        store.put(built.key, built.body)
    return [built.key for built in objects]
