"""DynamoDB items against a client that behaves as DynamoDB may; what every store does is in test_items.py."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from logdig.decide.profiles import OfferScore, Profile
from logdig.decide.stores.dynamodb_items import BATCH_ATTEMPTS, DynamoDbItems
from logdig.decide.stores.profile_store import Item, ProfileStore
from logdig.errors import ProfileUnavailableError

NOW = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 25, tzinfo=UTC)


class TableFake:
    """A DynamoDB client with one table that leaves ``unprocessed`` writes of the next calls undone."""

    def __init__(self, unprocessed: tuple[int, ...] = (), error: Exception | None = None) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.calls: list[int] = []
        self.reads: list[list[str]] = []
        self.throttles = False
        self._unprocessed = list(unprocessed)
        self._error = error

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self._fail()
        keys = [key["person"]["S"] for key in RequestItems["profiles"]["Keys"]]
        self.reads.append(keys)
        left = {"UnprocessedKeys": RequestItems} if self.throttles else {}
        return {"Responses": {"profiles": [self.items[key] for key in keys if key in self.items]}} | left

    def batch_write_item(self, *, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        self._fail()
        requests = RequestItems["profiles"]
        self.calls.append(len(requests))
        left = self._unprocessed.pop(0) if self._unprocessed else 0
        for request in requests[: len(requests) - left]:
            self._apply(request)
        return {"UnprocessedItems": {"profiles": requests[len(requests) - left :]} if left else {}}

    def update_item(self, **_: Any) -> dict[str, Any]:
        self._fail()
        return {}

    def _apply(self, request: dict[str, Any]) -> None:
        if "PutRequest" in request:
            item = request["PutRequest"]["Item"]
            self.items[item["person"]["S"]] = item
        else:
            self.items.pop(request["DeleteRequest"]["Key"]["person"]["S"], None)

    def _fail(self) -> None:
        if self._error:
            raise self._error


def store(client: TableFake, waits: list[float] | None = None) -> DynamoDbItems:
    return DynamoDbItems(client, "profiles", lambda: NOW, sleep=(waits if waits is not None else []).append)


def items(count: int) -> list[Item]:
    return [Item(f"shop#c#{n}", f'"{n}"', LATER) for n in range(count)]


def test_profiles_expire_seven_days_after_their_features_when_put() -> None:
    client = TableFake()
    profile = Profile("shop#c#0", NOW, {"UPGRADE": OfferScore(0.5, "m1")})

    ProfileStore(store(client), lambda: NOW).put([profile])

    assert client.items["shop#c#0"]["expires_at"] == {"N": str(int(NOW.timestamp()) + 7 * 86_400)}


def test_decision_reads_profile_counts_and_budgets_in_one_call() -> None:
    client = TableFake()

    ProfileStore(store(client), lambda: NOW).read("shop#c#7", "shop", NOW.date(), ["UPGRADE"])

    assert [len(keys) for keys in client.reads] == [12]


def test_writes_go_in_batches_of_25_and_the_last_of_one_name_counts() -> None:
    # One BatchWriteItem with the same key twice is refused by DynamoDB as a whole.
    client = TableFake()

    written = store(client).put([*items(60), Item("shop#c#0", '"last"', LATER)])

    assert (written, client.calls) == (60, [25, 25, 10])
    assert client.items["shop#c#0"]["value"] == {"S": '"last"'}


def test_writes_are_all_done_when_some_come_back_unprocessed() -> None:
    client, waits = TableFake(unprocessed=(20, 5)), []

    store(client, waits).put(items(25))

    assert client.calls == [25, 20, 5]
    assert len(client.items) == 25
    assert waits == [0.05, 0.1]


def test_writes_say_what_is_left_when_the_table_stays_throttled() -> None:
    client = TableFake(unprocessed=(1,) * BATCH_ATTEMPTS)

    with pytest.raises(ProfileUnavailableError, match="left 1 of a batch"):
        store(client).put(items(2))


def test_reads_are_unavailable_when_the_table_throttles_a_part() -> None:
    # A profile without its counts would pass every cap.
    client = TableFake()
    client.throttles = True

    with pytest.raises(ProfileUnavailableError, match="throttled"):
        store(client).get(["a"])


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "GetItem"),
        ReadTimeoutError(endpoint_url="http://localhost"),
    ],
)
def test_every_call_is_unavailable_when_the_client_fails(error: Exception) -> None:
    table = store(TableFake(error=error))

    for call in (
        lambda: table.get(["a"]),
        lambda: table.put(items(1)),
        lambda: table.remove(["a"]),
        lambda: table.add("a", "UPGRADE", NOW.date(), LATER, most_today=3, most=None),
    ):
        with pytest.raises(ProfileUnavailableError):
            call()


def test_profile_is_unavailable_when_an_item_cannot_be_read() -> None:
    client = TableFake()
    client.items["a"] = {"person": {"S": "a"}, "value": {"S": '{"person": 1}'}}

    with pytest.raises(ProfileUnavailableError, match="unreadable"):
        ProfileStore(store(client), lambda: NOW).get("a")
