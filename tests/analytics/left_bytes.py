"""Every byte that is left of an installation, unpacked as far as its formats pack it."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator

import boto3
import pyarrow.parquet as pq

from logdig.aws.clients import dead_letter_queue, profile_store, s3_store, sqs_queue
from logdig.config.settings import Settings


def left_bytes(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every version of every object, of every item and every message; messages are taken."""
    yield from object_bytes(settings)
    dynamodb = boto3.client("dynamodb")
    for name in dynamodb.list_tables()["TableNames"]:
        if name.startswith(settings.prefix):
            yield name, repr(dynamodb.scan(TableName=name)["Items"]).encode()
    assert profile_store(settings).get("nobody") is None
    for queue in (sqs_queue(settings), dead_letter_queue(settings)):
        while messages := queue.receive(0):
            yield queue.queue_url, repr(messages).encode()


def object_bytes(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every version of every object."""
    store = s3_store(settings)
    for version in store.versions(""):
        yield version.key, version.key.encode()
        if not version.is_mark:
            body = store.get_version(version)
            yield version.key, body
            yield version.key, _unpacked(version.key, body)


def _unpacked(key: str, body: bytes) -> bytes:
    if key.endswith(".gz"):
        # All that a damaged object still gives.
        return zlib.decompressobj(wbits=31).decompress(body)
    if key.endswith(".parquet"):
        return repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
    if body.startswith(b"Obj\x01"):
        return _avro(body)
    return b""


def _avro(body: bytes) -> bytes:
    """Unpack the blocks of an Avro file: after each number of rows and of bytes comes a deflated block and 16 bytes."""
    sync = body[-16:]
    head, *blocks = body.split(sync)
    found = [head]
    for block in blocks:
        for start in range(2, min(22, len(block))):
            try:
                found.append(zlib.decompress(block[start:], -15))
            except zlib.error:
                continue
            else:
                break
        else:
            assert not block, "a block that cannot be unpacked"
    return b"".join(found)
