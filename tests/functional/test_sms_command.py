"""Phone numbers from a file to the profile store, and messages from there to SNS as moto has it."""

import gzip
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pyarrow as pa
import pytest
from click.testing import CliRunner

from cli.commands.load import command as load
from cli.commands.sms import command as sms
from infra.local.aws_resources import create_resources
from logdig.aws.clients import profile_store
from logdig.aws.message_sender import listen_messages
from logdig.config.loader import find_settings
from logdig.decide.profiles import OfferScore, Profile
from logdig.marts.reader import Marts
from tests.fakes.endpoint import use_settings

PHONES = ("+1 (555) 555-0100", "+15555550101", "none", "+15555550103")
OFFER = """
[[offers]]
name = "GOLD"
holdout_share = 0.0
[offers.sms]
text = "One day of Gold"
quiet_from = "00:00"
quiet_until = "00:00"
dry_run = {dry_run}
"""


class Site:
    """An account with a customer file and three targets."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        self.folder, self.url, self._monkeypatch = folder, url, monkeypatch
        self.write(dry_run=True)
        keys = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        self.settings = find_settings(
            {"LOGDIG_CONFIG": str(folder / "logdig.toml"), **keys, "LOGDIG_SERVICE": os.environ["LOGDIG_SERVICE"]}
        )
        create_resources(self.settings, keys)
        self.store = profile_store(self.settings)
        now = datetime.now(UTC)
        self.store.put(Profile(f"radio#c#{n}", now, {"GOLD": OfferScore(0.8, "m1")}) for n in range(4))
        rows = pa.table({"customer_id": ["0", "1", "2", "3", None]})
        monkeypatch.setattr(Marts, "table", lambda *_: rows)

    def write(self, *, dry_run: bool) -> None:
        use_settings(self.folder, self._monkeypatch, more=OFFER.format(dry_run=str(dry_run).lower()))

    def load(self) -> dict[str, Any]:
        rows = [f"{n},Ada,{phone},yes,Europe/Berlin" for n, phone in enumerate(PHONES)]
        file = self.folder / "customers.csv"
        file.write_text("\n".join(["CustID,Name,Phone,SmsOptIn,Timezone", *rows]) + "\n")
        result = CliRunner().invoke(load, ["customers", str(file), "--json"])
        assert result.exit_code == 0, result.output
        found: dict[str, Any] = json.loads(result.output)
        return found

    def ask(self, *words: str) -> Any:
        result = CliRunner().invoke(sms, [*words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.output)


@pytest.fixture
def site(service: str, tmp_path: Path, moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch, moto_url)


def test_phone_numbers_go_to_the_profile_store_only_and_messages_to_who_may_get_them(site: Site) -> None:
    loaded = site.load()

    assert (loaded["loaded"], loaded["contacts"], loaded["contacts_refused"]) == (4, 3, 1)
    s3 = boto3.client("s3", endpoint_url=site.url)
    objects = s3.list_objects_v2(Bucket=site.settings.bucket_name, Prefix="load/")["Contents"]
    assert len(objects) == 1
    body = gzip.decompress(s3.get_object(Bucket=site.settings.bucket_name, Key=objects[0]["Key"])["Body"].read())
    assert b"555" not in body
    assert b"phone" not in body

    assert site.ask("stop", "--customer-id", "1")["had_contact"] is True
    dry = site.ask("send", "GOLD")
    site.write(dry_run=False)
    forced, sent, again = site.ask("send", "GOLD", "--dry-run"), site.ask("send", "GOLD"), site.ask("send", "GOLD")

    expected = {"would_send": 2, "opted_out": 1, "no_contact": 1}
    assert (dry["outcomes"], forced["outcomes"], dry["targets"]) == (expected, expected, 4)
    assert sent["outcomes"] == {"sent": 2, "opted_out": 1, "no_contact": 1}
    assert again["outcomes"] == {"sent_before": 2, "opted_out": 1, "no_contact": 1}
    sqs = boto3.client("sqs", endpoint_url=site.url)
    queue = sqs.get_queue_url(QueueName=site.settings.queue_name)["QueueUrl"]
    packs = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    events = [event for pack in packs for event in json.loads(pack["Body"])["events"]]
    assert sorted(event["customer_id"] for event in events) == ["0", "3"]
    assert {event["custom"]["props"]["channel"] for event in events} == {"sms"}


@dataclass(frozen=True)
class Listen:
    app: str
    customer_id: str
    ads: bool = True


def test_reaction_to_listens_texts_targets_of_offers_for_listeners(site: Site) -> None:
    site.load()
    assert listen_messages(site.settings) is None
    offer = site.settings.offers[0]
    sms = msgspec.structs.replace(offer.sms, when="listen", dry_run=False)
    settings = msgspec.structs.replace(site.settings, offers=(msgspec.structs.replace(offer, sms=sms),))
    react = listen_messages(settings)
    assert react is not None

    react([Listen("radio", "0"), Listen("radio", "2"), Listen("radio", "nobody")], datetime.now(UTC))

    sent = {n for n in range(4) if site.store.known_of(f"radio#c#{n}").get(f"sent:radio#c#{n}")}
    assert sent == {0}


def test_stop_tells_when_there_is_no_number(site: Site) -> None:
    assert site.ask("stop", "--customer-id", "nobody")["had_contact"] is False


def test_send_refuses_an_offer_without_a_message(site: Site) -> None:
    result = CliRunner().invoke(sms, ["send", "SILVER"])

    assert result.exit_code != 0
    assert "no offer 'SILVER' with a table [offers.sms]; with one are: GOLD" in str(result.exception)


@pytest.mark.parametrize("customer", ["", "  "])
def test_stop_is_refused_when_the_id_is_blank(customer: str) -> None:
    result = CliRunner().invoke(sms, ["stop", "--customer-id", customer])

    assert result.exit_code == 1
    assert "names nobody, so nobody was stopped" in str(result.exception)
