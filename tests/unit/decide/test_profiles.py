"""Profile stores against a client that behaves as DynamoDB may."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from logdig.decide.profiles import BATCH_ATTEMPTS, DynamoDbProfiles, InMemoryProfiles, OfferScore, Profile
from logdig.errors import ProfileUnavailableError

AS_OF = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


def profiles(count: int) -> list[Profile]:
    return [Profile(f"shop#c#{n}", AS_OF, {"UPGRADE": OfferScore(n / 1000, "m1")}) for n in range(count)]


class TableFake:
    """A DynamoDB client with one table that leaves ``unprocessed`` writes of the next calls undone."""

    def __init__(self, unprocessed: tuple[int, ...] = (), error: Exception | None = None) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.calls: list[int] = []
        self._unprocessed = list(unprocessed)
        self._error = error

    def get_item(self, **request: Any) -> dict[str, Any]:
        self._fail()
        person = request["Key"]["person"]["S"]
        return {"Item": self.items[person]} if person in self.items else {}

    def batch_write_item(self, *, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        self._fail()
        requests = RequestItems["profiles"]
        self.calls.append(len(requests))
        left = self._unprocessed.pop(0) if self._unprocessed else 0
        for request in requests[: len(requests) - left]:
            self._apply(request)
        return {"UnprocessedItems": {"profiles": requests[len(requests) - left :]} if left else {}}

    def _apply(self, request: dict[str, Any]) -> None:
        if "PutRequest" in request:
            item = request["PutRequest"]["Item"]
            self.items[item["person"]["S"]] = item
        else:
            self.items.pop(request["DeleteRequest"]["Key"]["person"]["S"], None)

    def _fail(self) -> None:
        if self._error:
            raise self._error


def store(client: TableFake, waits: list[float] | None = None) -> DynamoDbProfiles:
    return DynamoDbProfiles(client, "profiles", sleep=(waits if waits is not None else []).append)


def test_profiles_give_back_what_was_put_when_asked_by_person() -> None:
    client = TableFake()
    table = store(client)

    count = table.put(profiles(3))

    assert count == 3
    assert table.get("shop#c#2") == profiles(3)[2]
    assert table.get("shop#c#3") is None


def test_profiles_expire_seven_days_after_their_features_when_put() -> None:
    client = TableFake()

    store(client).put(profiles(1))

    assert client.items["shop#c#0"]["expires_at"] == {"N": str(int(AS_OF.timestamp()) + 7 * 86_400)}


def test_profiles_write_batches_of_25_when_there_are_more() -> None:
    client = TableFake()

    store(client).put(profiles(60))

    assert client.calls == [25, 25, 10]
    assert len(client.items) == 60


def test_profiles_are_all_written_when_some_come_back_unprocessed() -> None:
    client, waits = TableFake(unprocessed=(20, 5)), []

    store(client, waits).put(profiles(25))

    assert client.calls == [25, 20, 5]
    assert len(client.items) == 25
    assert waits == [0.05, 0.1]


def test_profiles_say_what_is_left_when_the_table_stays_throttled() -> None:
    client = TableFake(unprocessed=(1,) * BATCH_ATTEMPTS)

    with pytest.raises(ProfileUnavailableError, match="left 1 of a batch"):
        store(client).put(profiles(2))


def test_profiles_put_keeps_the_last_when_a_person_comes_twice() -> None:
    # One BatchWriteItem with the same key twice is refused by DynamoDB as a whole.
    client = TableFake()
    first, second = profiles(1)[0], Profile("shop#c#0", AS_OF, {})

    store(client).put([first, second])

    assert client.calls == [1]
    assert store(client).get("shop#c#0") == second


def test_profiles_remove_persons_once_when_named_twice() -> None:
    client = TableFake()
    table = store(client)
    table.put(profiles(3))

    count = table.remove(["shop#c#1", "shop#c#1", "shop#c#9"])

    assert count == 2
    assert sorted(client.items) == ["shop#c#0", "shop#c#2"]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetItem"),
        ReadTimeoutError(endpoint_url="http://localhost"),
    ],
)
def test_profiles_are_unavailable_when_the_client_fails(error: Exception) -> None:
    table = store(TableFake(error=error))

    for call in (lambda: table.get("a"), lambda: table.put(profiles(1)), lambda: table.remove(["a"])):
        with pytest.raises(ProfileUnavailableError):
            call()


def test_profiles_are_unavailable_when_an_item_cannot_be_read() -> None:
    client = TableFake()
    client.items["a"] = {"person": {"S": "a"}, "profile": {"S": '{"person": 1}'}}

    with pytest.raises(ProfileUnavailableError, match="unreadable"):
        store(client).get("a")


def test_in_memory_profiles_behave_as_the_table_when_put_and_removed() -> None:
    table = InMemoryProfiles(profiles(2))

    removed = table.remove(["shop#c#0", "shop#c#9"])
    written = table.put(profiles(3)[1:])

    assert (removed, written) == (2, 2)
    assert table.get("shop#c#0") is None
    assert table.get("shop#c#2") == profiles(3)[2]
