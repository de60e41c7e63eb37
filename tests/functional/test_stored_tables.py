"""All tables of an emulated Glue and S3, an analyst's own too, searched for a person."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyiceberg.catalog.glue import GlueCatalog

from cli.main import cli
from infra.local.aws_resources import create_resources
from logdig.aws import clients
from logdig.config.settings import Settings
from logdig.decide.profiles import OfferScore, Profile
from logdig.marts.columns import table_schema
from logdig.marts.reader import catalog_properties
from logdig.marts.stored_tables import StoredTables
from logdig.store.objects import build_object

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OWN = pa.schema([
    ("paying_customer_id", pa.string()), ("tags", pa.map_(pa.string(), pa.string())), ("n", pa.int32()),
    ("ids", pa.list_(pa.string())),
])  # fmt: skip


@pytest.fixture
def settings(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    path = tmp_path / "logdig.toml"
    path.write_text('[[apps]]\nname = "shop"\ntoken = "pk_shop_12345678"\norigins = ["https://shop.example"]\n')
    monkeypatch.setenv("LOGDIG_CONFIG", str(path))
    monkeypatch.chdir(tmp_path)
    clients.client.cache_clear()
    clients.json_client.cache_clear()
    settings = Settings(service=service)
    create_resources(settings, os.environ)
    yield settings
    clients.client.cache_clear()
    clients.json_client.cache_clear()


def write(settings: Settings, name: str, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    catalog = GlueCatalog("lake", **catalog_properties(settings, os.environ))
    location = f"{settings.warehouse}/{name}"
    table = catalog.create_table((settings.database, name), schema=schema, location=location)
    table.append(pa.Table.from_pylist(rows, schema=schema))


def test_person_is_found_in_every_table_and_exported(settings: Settings) -> None:
    write(settings, "events", table_schema("events"), [
        {"app": "shop", "customer_id": key, "user_key": "v", "received_at": NOW, "consent": {"analytics": True}}
        for key in ("C-1", "C-2", None, "C-1")
    ])  # fmt: skip
    write(settings, "payments", OWN, [
        {"paying_customer_id": key, "tags": {"a": "b"}, "n": n, "ids": ["C-1"]} for n, key in enumerate(["C-1", "C-3"])
    ])  # fmt: skip
    write(settings, "numbers", pa.schema([("n", pa.int32())]), [{"n": 1}])
    clients.profile_store(settings).put([Profile("shop#c#C-1", NOW, {"tea": OfferScore(0.5, "m")})])
    built = build_object("raw", NOW.date(), [
        json.dumps({"received_at": "2026-11-24T12:00:00.000Z", "app": "shop", "customer_id": "C-1"}).encode()
    ])  # fmt: skip
    clients.s3_store(settings).put(built.key, built.body)
    stored = StoredTables(settings, os.environ)

    shown = CliRunner().invoke(cli, ["person", "show", "--customer-id", "C-1", "--json"])
    exported = CliRunner().invoke(cli, ["person", "export", "--customer-id", "C-1", "--file", "out.zip", "--json"])

    assert stored.names() == ["events", "numbers", "payments"]
    assert stored.columns("payments") == {"paying_customer_id": True, "tags": False, "n": False, "ids": False}
    counts = {
        "raw": 1, "bad": 0, "load": 0, "table events": 2, "table payments": 1, "profiles": 1,
    }  # fmt: skip
    assert json.loads(shown.stdout) == {"counts": counts, "damaged": []}
    assert json.loads(exported.stdout) == {"file": "out.zip", "counts": counts, "damaged": []}
    with ZipFile("out.zip") as archive:
        (paid,) = map(json.loads, archive.read("tables/payments.jsonl").splitlines())
        events = [json.loads(row) for row in archive.read("tables/events.jsonl").splitlines()]
        (profile,) = map(json.loads, archive.read("profiles.jsonl").splitlines())
    assert paid == {"paying_customer_id": "C-1", "tags": {"a": "b"}, "n": 0, "ids": ["C-1"]}
    assert [(event["customer_id"], event["consent"]["analytics"]) for event in events] == [("C-1", True)] * 2
    assert profile["shop#c#C-1"]["offers"] == {"tea": {"score": 0.5, "model_version": "m"}}


def test_emulated_bucket_has_the_rules_of_the_template(settings: Settings) -> None:
    s3 = clients.s3_store(settings)._client
    rules = s3.get_bucket_lifecycle_configuration(Bucket=settings.bucket_name)["Rules"]

    days = {rule["Filter"]["Prefix"]: rule["Expiration"].get("Days") for rule in rules if rule.get("Expiration")}

    assert {prefix: days[prefix] for prefix in ("raw/", "reports/", "pages/")} == {
        "raw/": 400, "reports/": 90, "pages/": 400,
    }  # fmt: skip


def test_nothing_is_found_when_there_is_no_table(settings: Settings) -> None:
    shown = CliRunner().invoke(cli, ["person", "show", "--user-key", "v"])

    assert (shown.exit_code, shown.stdout) == (0, "0 in all\n")
