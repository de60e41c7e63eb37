"""A DynamoDB and an SQS in one process for the decision's bench: each answers after its own time and keeps nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import msgspec

from logdig.decide.profiles import OfferScore, Profile
from tests.fakes.sqs import Connection, Mode, Stub

PERSON = "bench#c#7"
OFFER = "UPGRADE"
STORE_SECONDS = 0.004
QUEUE_SECONDS = 0.008


def profile() -> Profile:
    return Profile(PERSON, datetime.now(UTC), {OFFER: OfferScore(0.8, "m1", band=5)}, level=1, status=1)


class _Store(Connection):
    """Gives the profile, and takes counts; its connections are in the order of their requests."""

    def _serve(self, head: bytes, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        if b"batchgetitem" in head:
            loop.call_later(STORE_SECONDS, self._answer, 200, self._found(body))
        elif b"updateitem" in head:
            loop.call_later(STORE_SECONDS, self._answer, 200, b"{}")
        else:
            super()._serve(head, body)

    def _found(self, body: bytes) -> bytes:
        ((table, asked),) = json.loads(body)["RequestItems"].items()
        value = {"S": msgspec.json.encode(profile()).decode()}
        expires = {"N": str(int(datetime.now(UTC).timestamp()) + 86_400)}
        items = [
            {"person": key["person"], "value": value, "expires_at": expires}
            for key in asked["Keys"]
            if key["person"]["S"] == PERSON
        ]
        return json.dumps({"Responses": {table: items}, "UnprocessedKeys": {}}).encode()


async def serve(port: int) -> None:
    stub = Stub(mode=Mode(seconds=QUEUE_SECONDS))
    server = await asyncio.get_running_loop().create_server(lambda: _Store(stub), "127.0.0.1", port, backlog=512)
    await server.serve_forever()
