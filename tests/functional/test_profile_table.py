"""Profiles in a DynamoDB table of the emulator."""

from datetime import UTC, datetime

import boto3
import pytest

from logdig.aws.clients import dynamodb_profiles
from logdig.config.settings import Settings
from logdig.decide.profiles import OfferScore, Profile
from logdig.errors import ProfileUnavailableError

AS_OF = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


@pytest.fixture
def settings(service: str, moto_url: str) -> Settings:
    settings = Settings(service=service)
    boto3.client("dynamodb", region_name=settings.region, endpoint_url=moto_url).create_table(
        TableName=settings.profile_table_name,
        KeySchema=[{"AttributeName": "person", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "person", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return settings


def test_profile_table_holds_exactly_what_remains_when_written_and_removed(settings: Settings) -> None:
    table = dynamodb_profiles(settings)
    people = [Profile(f"shop#c#{n} 손님", AS_OF, {"UPGRADE": OfferScore(n / 60, "m1")}) for n in range(60)]

    written = table.put(people)
    table.put(people[:1])
    removed = table.remove([people[5].person, people[6].person, "shop#c#nobody"])

    assert (written, removed) == (60, 3)
    assert [table.get(one.person) for one in people[:5]] == people[:5]
    assert [table.get(one.person) for one in people[5:7]] == [None, None]


def test_profile_table_is_unavailable_when_it_does_not_exist(service: str) -> None:
    table = dynamodb_profiles(Settings(service=service))

    for call in (lambda: table.get("a"), lambda: table.remove(["a"])):
        with pytest.raises(ProfileUnavailableError, match=f"{service}-dev-profiles"):
            call()
