"""What calls need and what policies give, both as (action, end of the resource's name), to hold one against the other.

The calls are those that the emulator moto recorded; S3 tells what is asked for by method, address and query.
"""

from __future__ import annotations

import base64
import json
import os
import re
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import unescape

from infra.resources import lock_table_name
from logdig.config.settings import Settings

Permission = tuple[str, str]

TARGETS = {"AWSGlue": "glue", "DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}
OBJECT = re.compile(r"<Object>.*?</Object>", re.DOTALL)
KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)


def granted(settings: Settings, statements: Iterable[dict[str, Any]]) -> set[Permission]:
    """What a policy allows, written by hand or in a template of these settings."""
    made = {"Profiles": f"table/{settings.profile_table_name}", "DeadLetters": settings.dlq_name}
    return {
        (action, one.rsplit(":", 1)[-1] if isinstance(one, str) else made[one[0]])
        for statement in statements
        for resource in statement["Resource"]
        for one in ([resource] if isinstance(resource, str) else resource.values())
        for action in statement["Action"]
    }


def refused(needed: Iterable[Permission], given: set[Permission]) -> list[Permission]:
    """What a policy does not give of what is needed."""
    return sorted(
        (action, name)
        for action, name in needed
        if not any(action == one and fnmatchcase(name, pattern) for one, pattern in given)
    )


def locks(settings: Settings) -> set[Permission]:
    """Iceberg's lock, which only the emulator's Glue needs."""
    actions = ("DescribeTable", "GetItem", "PutItem", "UpdateItem", "DeleteItem", "CreateTable")
    return {(f"dynamodb:{action}", f"table/{lock_table_name(settings)}") for action in actions}


@contextmanager
def asked(settings: Settings, session: Settings) -> Iterator[set[Permission]]:
    """Fill a set with what is asked of the emulator meanwhile.

    Args:
        settings: Whose names the policies bear.
        session: Of a Spark that many share; its bucket and its lock are told as those of ``settings``.
    """
    permissions: set[Permission] = set()
    _recorder("reset-recording")
    _recorder("start-recording")
    try:
        yield permissions
    finally:
        _recorder("stop-recording")
    for line in _recorder("download-recording", "GET").decode().splitlines():
        needed = _needed(json.loads(line))
        permissions.update((action, name.replace(session.prefix, settings.prefix)) for action, name in needed)
    assert permissions, "nothing was recorded"


def _recorder(action: str, method: str = "POST") -> bytes:
    url = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/recorder/{action}"
    with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
        content: bytes = answer.read()
    return content


def _needed(call: dict[str, Any]) -> Iterator[Permission]:
    headers = {name.lower(): value for name, value in call["headers"].items()}
    body = base64.b64decode(call["body"]) if call["body_encoded"] else str(call["body"] or "").encode()
    service, _, operation = headers.get("x-amz-target", "").partition(".")
    if service:
        told = json.loads(body)
        # A batch is judged as its single action; Glue by catalog, database and table, of which one is enough here.
        yield f"{TARGETS[service]}:{operation.removesuffix('Batch')}", _name(TARGETS[service], told)
        return
    address = urlsplit(call["url"])
    bucket, _, key = unquote(address.path).lstrip("/").partition("/")
    query = parse_qs(address.query, keep_blank_values=True)
    if "delete" in query:
        for entry in OBJECT.findall(body.decode()):
            version = "Version" if "<VersionId>" in entry else ""
            yield f"s3:DeleteObject{version}", f"{bucket}/{unescape(KEY.findall(entry)[0])}"
        return
    if copied := headers.get("x-amz-copy-source"):
        yield "s3:GetObject", unquote(copied).lstrip("/").split("?")[0]
    yield f"s3:{_s3_action(call['method'], key, query)}", f"{bucket}/{key}" if key else bucket


def _s3_action(method: str, key: str, query: dict[str, list[str]]) -> str:
    if not key:
        kinds = {"versions": "ListBucketVersions", "location": "GetBucketLocation"}
        return next((action for part, action in kinds.items() if part in query), "ListBucket")
    if method == "DELETE" and "uploadId" in query:
        return "AbortMultipartUpload"
    verb = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}[method]
    return f"{verb}Object{'Version' if 'versionId' in query else ''}"


def _name(service: str, told: dict[str, Any]) -> str:
    if service == "glue":
        table = told.get("Name") or told.get("TableInput", {}).get("Name")
        database = told.get("DatabaseName")
        return f"table/{database}/{table or '*'}" if database else f"database/{told['Name']}"
    if service == "dynamodb":
        return f"table/{told.get('TableName') or next(iter(told['RequestItems']))}"
    return str(told.get("QueueName") or told["QueueUrl"].rsplit("/", 1)[-1])
