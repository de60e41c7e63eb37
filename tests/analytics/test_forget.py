"""Who is forgotten is gone from every byte, however often the erasure was interrupted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import msgspec
import pytest
from pyspark.sql import SparkSession

from analytics import tables
from analytics.jobs.ingest import ingest_job
from analytics.jobs.ledger import ledger_job
from analytics.jobs.maintain import maintain_job
from analytics.jobs.registry import run
from analytics.privacy.erasure import PersonErasure, Receipt
from analytics.schema.columns import table_columns
from cli.commands.person import person_data
from infra.deploy.iam_policies import LAKE, deployer_policy
from infra.template.build import build_template
from logdig.aws.clients import profile_store, s3_store, sqs_queue
from logdig.config.settings import AppSettings, Settings
from logdig.decide.profiles import OfferScore, Profile
from logdig.errors import StoreUnavailableError
from logdig.flush.flusher import FlushLimits, flush
from logdig.privacy.erasure_list import add_to_list
from logdig.privacy.person import Person
from logdig.questions.ledger import broken_sums
from logdig.queue.packs import EventBatch, pack
from logdig.store.object_store import S3EventStore
from logdig.store.objects import compress
from logdig.tables.catalog import TABLES
from tests.analytics.left_bytes import left_bytes
from tests.analytics.objects import bad_line, line, put
from tests.fakes.permissions import asked, granted, locks, refused
from tests.unit.infra.template.test_template import WHERE, statements

pytestmark = pytest.mark.java
NOW = datetime(2026, 11, 25, tzinfo=UTC)
VISITOR, CUSTOMER = "Zq7visitorToForget12", "cust/4711 김"
LISTEN = {"track_id": "7", "mobile": True}


def fill(spark: SparkSession, own: Settings) -> Settings:
    """Put the person everywhere, and someone else beside."""
    settings = msgspec.structs.replace(own, apps=(AppSettings("shop", "pk_shop_1"),))
    boto3.client("s3").put_bucket_versioning(Bucket=own.bucket_name, VersioningConfiguration={"Status": "Enabled"})
    theirs = {"user_key": VISITOR, "session_id": "s1"}
    put(own, "raw", [
        line("e0", seq=0, **theirs), line("e1", seq=1, **theirs, customer_id=CUSTOMER, type="listen", listen=LISTEN),
        line("o0", seq=0, session_id="s2"), line("o2", seq=2, session_id="s2", customer_id="cust-2"),
    ])  # fmt: skip
    put(own, "raw", [line("e1", seq=1, **theirs, customer_id=CUSTOMER, type="listen", listen=LISTEN)])
    put(own, "bad", [bad_line("b1", text=json.dumps({"user_key": VISITOR, "x": "?"})), bad_line("b2")])
    put(own, "bad", [bad_line("b3", text='{"customer_id": "' + CUSTOMER + '", "cut')])
    store = s3_store(own)
    rows = [json.dumps({"app": "shop", "customer_id": one, "loaded_at": "2026-11-24T00:00:00Z", "level": 0})
            for one in (CUSTOMER, "cust-2")]  # fmt: skip
    store.put("load/customers/first.jsonl.gz", compress(("\n".join(rows) + "\n").encode()))
    # An object that was deleted stays as an old version.
    put(own, "raw", [line("gone", user_key=VISITOR, customer_id=CUSTOMER)])
    ingest_job(spark, settings, NOW)
    for name in ("customers", "listens", "ledger"):
        run(name, spark, settings, NOW)
    known = {"app": "shop", "offer": "offer", "model_version": "m1", "as_of": NOW, "score": 0.5}
    scored = [
        tuple((known | {"customer_id": one}).get(name) for name in TABLES["predictions"].names)
        for one in (CUSTOMER, "cust-2")
    ]
    tables.replace(spark, settings, "predictions", tables.small_frame(spark, table_columns("predictions"), scored))
    people = [
        Profile(f"shop#{key}", NOW, {"offer": OfferScore(0.5, "m1")}) for key in (f"c#{CUSTOMER}", f"v#{VISITOR}")
    ]
    profile_store(own).put(people)
    moment = "2026-11-24T12:00:00.000Z"
    late = {"received_at": moment, "occurred_at": moment, "app": "shop", "event_id": "late", "user_key": VISITOR,
            "customer_id": CUSTOMER, "type": "click", "timestamp": moment}  # fmt: skip
    text = json.dumps(late, separators=(",", ":")).encode()
    for body in pack(EventBatch("shop", NOW - timedelta(days=1), (text,)), lambda: "p9"):
        sqs_queue(own).send(body)
    return settings


def forgetting(
    spark: SparkSession, settings: Settings, person: Person, store: S3EventStore | None = None
) -> PersonErasure:
    bucket = store or s3_store(settings)
    return PersonErasure(spark, settings, bucket, profile_store(settings), person, lambda: datetime.now(UTC))


class DyingStore(S3EventStore):
    """A store that answers no more after so many changes."""

    def __init__(self, settings: Settings, changes: int) -> None:
        found = s3_store(settings)
        super().__init__(found._client, found.bucket)
        self.left = changes

    def put(self, key: str, body: bytes) -> bool:
        self._live()
        return super().put(key, body)

    def erase(self, versions: object) -> None:
        self._live()
        super().erase(versions)  # type: ignore[arg-type]

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailableError("S3 is away")


def test_no_byte_is_left_of_who_was_forgotten_after_interruptions(
    spark: SparkSession, own: Settings, lake: Settings
) -> None:
    settings = fill(spark, own)
    visitor, customer = Person("user_key", VISITOR), Person("customer_id", CUSTOMER)
    with asked(settings, lake) as needed:
        found = {person.field: forgetting(spark, settings, person).count() for person in (visitor, customer)}
        shown = {person.field: person_data(settings, person, lambda _: None).count() for person in (visitor, customer)}
        for changes in (3, 5):
            with pytest.raises(StoreUnavailableError):
                forgetting(spark, settings, visitor, DyingStore(settings, changes)).run(found["user_key"])
        receipts = [
            interrupted(spark, settings, visitor, found["user_key"]),
            forgetting(spark, settings, customer).run(found["customer_id"]),
        ]
    flush(sqs_queue(own), s3_store(own), FlushLimits(wait_seconds=0, receivers=1), lambda: datetime.now(UTC),
          deadline=datetime.now(UTC) + timedelta(minutes=4), force=True)  # fmt: skip
    for job in (ingest_job, ledger_job):
        job(spark, settings, NOW)

    policy = granted(settings, json.loads(deployer_policy(settings, "1", LAKE))["Statement"])
    assert refused(needed, policy | locks(settings)) == []
    assert [name for name, content in left_bytes(settings) for key in (VISITOR, CUSTOMER, CUSTOMER[:9])
            if key.encode() in content or json.dumps(key)[1:-1].encode() in content] == []  # fmt: skip
    assert shown == found
    assert found["user_key"] == {
        "raw": 4, "bad": 1, "load": 0, "table bad_events": 1, "table customers": 0, "table events": 3,
        "table ledger_lines": 0,
        "table listens": 1, "table predictions": 0, "profiles": 1,
    }  # fmt: skip
    theirs = found["customer_id"]
    assert [theirs[place] for place in ("raw", "bad", "load", "table customers", "table predictions")] == [
        3,
        1,
        1,
        1,
        1,
    ]
    assert all(receipt.is_complete and receipt.objects_rewritten >= 0 for receipt in receipts)
    assert len(receipts[0].interrupted) >= 2
    others = {row["event_id"] for row in tables.read(spark, settings, "events").collect()}
    assert others == {"o0", "o2"}
    [row] = [row.asDict() for row in tables.read(spark, settings, "ledger").where("app = 'shop'").collect()]
    assert broken_sums(row) == []
    # e0, e1, gone and late; the gap in someone else's session is as before.
    assert (row["erased"], row["events"], row["rejected"], row["missing"]) == (4, 2, 3, 1)
    assert row["rejected_by_reason"] == {"erased": 2, "x must be a number": 1}


def interrupted(spark: SparkSession, settings: Settings, person: Person, before: dict[str, int]) -> Receipt:
    """Die after rows were deleted, and after files were, then run to the end."""
    kinds = {"rows", "files"}
    while True:
        erasure = forgetting(spark, settings, person)
        receipt = erasure.open_receipt(before)
        for name, act in erasure.steps(receipt):
            act()
            if (kind := name.split(" of ")[0]) in kinds:
                kinds.remove(kind)
                break
        else:
            return receipt


def test_maintain_erases_what_a_flush_wrote_while_someone_was_forgotten(
    spark: SparkSession, own: Settings, lake: Settings
) -> None:
    add_to_list(s3_store(own), Person("user_key", VISITOR), NOW)
    put(
        own, "raw", [line("e1", user_key=VISITOR), line("e2", user_key=VISITOR, occurred_at="2026-11-25T01:00:00.000Z")]
    )
    with asked(own, lake) as needed:
        ingest_job(spark, own, NOW)
        report = maintain_job(spark, own, NOW + timedelta(hours=2))
        ledger_job(spark, own, NOW + timedelta(hours=2))

    role = granted(own, statements(build_template(own, WHERE), "JobsRole"))
    assert refused(needed, role | locks(own)) == []
    assert report.notes["lines and rows erased"] == 2
    assert {row["event_id"] for row in tables.read(spark, own, "events").collect()} == {"e2"}
    assert maintain_job(spark, own, NOW + timedelta(hours=3)).notes.get("lines and rows erased") is None
