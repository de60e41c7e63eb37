"""An emulator with small tables and a real Zeppelin, each started once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from infra.local.machine import find_java
from infra.local.processes import Child, take_port
from infra.local.stack import create_resources
from logdig.config.toml_file import write_settings
from logdig.marts.columns import table_schema
from logdig.marts.reader import catalog_properties
from tests.fakes.note_lake import SETTINGS, lake_rows
from tests.unit.questions.rows import Row
from tools.jars import folder
from tools.zeppelin import Zeppelin


def missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"{what} missing; run: make setup")


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment that points at an emulated AWS with the resources of SETTINGS."""
    work = tmp_path_factory.mktemp("aws")
    port = take_port(0, "emulator")
    write_settings(SETTINGS, work / "logdig.toml")
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "AWS_ENDPOINT_URL": url, "LOGDIG_CONFIG": str(work / "logdig.toml")}
    command = [sys.executable, "-m", "infra.local.emulator", "-H", "127.0.0.1", "-p", str(port)]
    child = Child("emulator", command, environment, work / "moto.log")
    try:
        child.wait_until_answers(f"{url}/moto-api/")
        create_resources(SETTINGS, environment)
        yield environment
    finally:
        child.stop()


@pytest.fixture(scope="session")
def rows(aws: dict[str, str]) -> dict[str, list[Row]]:
    """Rows of the tables, which are there."""
    made = lake_rows()
    catalog = GlueCatalog("lake", **catalog_properties(SETTINGS, aws))
    for name, found in made.items():
        columns = table_schema(name)
        table = catalog.create_table((SETTINGS.database, name), columns, f"{SETTINGS.warehouse}/{name}")
        table.append(pa.Table.from_pylist(found, schema=columns))
    return made


@pytest.fixture(scope="session")
def java() -> str:
    found = find_java()
    if found is None:
        missing("Java 17")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def zeppelin(
    aws: dict[str, str], rows: dict[str, list[Row]], java: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Zeppelin]:
    """The server."""
    if not all(folder(name).is_dir() for name in ("zeppelin-server", "zeppelin-common", "zeppelin-python")):
        missing("Zeppelin's archives")
    home = tmp_path_factory.mktemp("zeppelin")
    port = take_port(0, "Zeppelin")
    # The project is installed in this environment, so its Python sees logdig and analytics.
    with Zeppelin(home, port, java, str(Path(sys.executable)), aws) as server:
        yield server
