"""A real Spark with the Iceberg catalog against an emulator of its own, shared by all analytics tests."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from pyspark.sql import SparkSession

from analytics import spark as spark_module
from infra.local.machine import find_java
from infra.local.processes import Child, take_port
from infra.local.stack import create_resources
from logdig.config.settings import Settings

SETTINGS = Settings(service=f"t{uuid.uuid4().hex[:8]}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spare these tests py4j's sockets, which it leaves to the garbage collector; other leaks still fail."""
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker(
                pytest.mark.filterwarnings(
                    "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
                )
            )


def missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"{what} missing; run: make setup")


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment that points at an emulated AWS with the resources of SETTINGS."""
    port = take_port(0, "emulator")
    folder = tmp_path_factory.mktemp("aws")
    recording = {"MOTO_RECORDER_FILEPATH": str(folder / "calls")}
    environment = {**os.environ, **recording, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "tests.analytics.emulator", "-H", "127.0.0.1", "-p", str(port)]
    child = Child("emulator", command, environment, folder / "moto.log")
    child.wait_until_answers(f"{environment['AWS_ENDPOINT_URL']}/moto-api/")
    os.environ["AWS_ENDPOINT_URL"] = environment["AWS_ENDPOINT_URL"]
    create_resources(SETTINGS, environment)
    yield environment
    os.environ.pop("AWS_ENDPOINT_URL")
    child.stop()


@pytest.fixture(scope="session")
def lake(aws: dict[str, str]) -> Settings:
    """Settings whose bucket, database and tables exist."""
    return SETTINGS


@pytest.fixture(scope="session")
def new_lake(lake: Settings, aws: dict[str, str]) -> Callable[[], Settings]:
    """Make settings whose bucket and tables nobody else knows."""

    def make() -> Settings:
        found = msgspec.structs.replace(lake, service=f"t{uuid.uuid4().hex[:8]}")
        create_resources(found, aws)
        return found

    return make


@pytest.fixture
def own(new_lake: Callable[[], Settings]) -> Settings:
    """Settings whose bucket and tables no other test knows."""
    return new_lake()


@pytest.fixture(scope="session")
def spark(aws: dict[str, str]) -> Iterator[SparkSession]:
    """One session for all tests; starting it takes seconds."""
    java = find_java()
    if java is None:
        missing("Java 17")
    if not list(Path(os.environ.get("LOGDIG_JARS", spark_module.JARS_FOLDER)).glob("*.jar")):
        missing("Spark's archives")
    assert java is not None
    os.environ["JAVA_HOME"] = str(Path(java).resolve().parent.parent)
    session = spark_module.session(SETTINGS, aws)
    yield session
    session.stop()
