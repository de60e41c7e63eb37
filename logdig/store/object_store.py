"""The object store of the zones: its protocol, and S3.

Every botocore error becomes StoreUnavailableError here, after boto3's own retries with exponential backoff.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from logdig.errors import StoreUnavailableError

DELETE_LIMIT = 1000
"""Keys of one delete call; the limit of S3."""

CONFLICT_TRIES = 3
"""Tries of a conditional put that conflicts with another put of the same key."""

NOT_S3 = "the response is not from S3; check AWS_ENDPOINT_URL and the proxy"
"""A proxy's page would otherwise look like an empty bucket, or like a stored object."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One entry of a listing."""

    key: str
    size_bytes: int
    stored_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One version of an object, or a delete marker (``is_mark``); ``is_live``: a listing shows it."""

    key: str
    version_id: str
    is_live: bool
    is_mark: bool


class EventStore(Protocol):
    """Object store. Every method raises StoreUnavailableError when the store does not answer."""

    def put(self, key: str, body: bytes) -> bool:
        """Store a body unless the key exists; False = it existed, which is success for a content address."""

    def get(self, key: str) -> bytes:
        """Read a whole object; KeyError when there is none."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects whose key begins with the prefix, in key order."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; a missing one is no error."""


class VersionedStore(EventStore, Protocol):
    """Object store that may keep overwritten and deleted versions; without versioning every object has one version."""

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """Yield every version and delete marker of the keys that begin with the prefix."""

    def get_version(self, version: StoredVersion) -> bytes:
        """Read one version; KeyError when there is none."""

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """Remove versions and delete markers for good; a missing one is no error."""


class S3EventStore:
    """S3 behind `EventStore`.

    Args:
        client: boto3 S3 client.
        bucket: Name of the bucket.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def put(self, key: str, body: bytes, content_type: str = "application/gzip") -> bool:
        """See `EventStore.put`."""
        # S3 compares it with the received bytes, so that no damaged object is stored.
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
        for _ in range(CONFLICT_TRIES):
            try:
                response = self._client.put_object(
                    Bucket=self.bucket,
                    Key=key,
                    Body=body,
                    IfNoneMatch="*",
                    ContentType=content_type,
                    ChecksumSHA256=checksum,
                )
            except ClientError as err:
                status = err.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
                if status == 412:
                    return False
                if status != 409:
                    raise self._unavailable("put", key, err) from err
            except BotoCoreError as err:
                raise self._unavailable("put", key, err) from err
            else:
                if "ETag" not in response:
                    raise StoreUnavailableError(f"S3 put of {self.bucket}/{key}: {NOT_S3}", operation="put", key=key)
                return True
        raise StoreUnavailableError(f"S3 put of {key}: {CONFLICT_TRIES} conflicts in a row; try again later", key=key)

    def get(self, key: str) -> bytes:
        """See `EventStore.get`."""
        return self._get(key)

    def get_version(self, version: StoredVersion) -> bytes:
        """See `VersionedStore.get_version`."""
        return self._get(version.key, VersionId=version.version_id)

    def _get(self, key: str, **version: str) -> bytes:
        try:
            body: bytes = self._client.get_object(Bucket=self.bucket, Key=key, **version)["Body"].read()
        except self._client.exceptions.NoSuchKey as err:
            raise KeyError(key) from err
        except (BotoCoreError, ClientError) as err:
            raise self._unavailable("get", key, err) from err
        return body

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """See `EventStore.list`."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                if "Name" not in page:
                    raise StoreUnavailableError(f"S3 list of {self.bucket}/{prefix}: {NOT_S3}", key=prefix)
                for entry in page.get("Contents", []):
                    yield StoredObject(entry["Key"], entry["Size"], entry.get("LastModified"))
        except (BotoCoreError, ClientError) as err:
            raise self._unavailable("list", prefix, err) from err

    def get_tagged(self, key: str) -> tuple[bytes, str] | None:
        """See `logdig.store.lease.TaggedStore`."""
        try:
            response = self._client.get_object(Bucket=self.bucket, Key=key)
            return response["Body"].read(), response["ETag"]
        except self._client.exceptions.NoSuchKey:
            return None
        except (BotoCoreError, ClientError) as err:
            raise self._unavailable("get", key, err) from err

    def put_tagged(self, key: str, body: bytes, tag: str | None) -> str | None:
        """See `logdig.store.lease.TaggedStore`."""
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            response = self._client.put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", **condition
            )
        except ClientError as err:
            # 409: another conditional put of the key is under way; 404: the object is gone.
            if err.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (404, 409, 412):
                return None
            raise self._unavailable("put", key, err) from err
        except BotoCoreError as err:
            raise self._unavailable("put", key, err) from err
        if "ETag" not in response:
            raise StoreUnavailableError(f"S3 put of {self.bucket}/{key}: {NOT_S3}", operation="put", key=key)
        return str(response["ETag"])

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """See `VersionedStore.versions`."""
        try:
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                for name in ("Versions", "DeleteMarkers"):
                    for entry in page.get(name, []):
                        is_mark = name == "DeleteMarkers"
                        is_live = bool(entry["IsLatest"]) and not is_mark
                        yield StoredVersion(entry["Key"], entry["VersionId"], is_live, is_mark)
        except (BotoCoreError, ClientError) as err:
            raise self._unavailable("list versions", prefix, err) from err

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """See `VersionedStore.erase`."""
        self._delete([{"Key": version.key, "VersionId": version.version_id} for version in versions])

    def delete(self, keys: Sequence[str]) -> None:
        """See `EventStore.delete`."""
        self._delete([{"Key": key} for key in keys])

    def _delete(self, entries: Sequence[dict[str, str]]) -> None:
        for start in range(0, len(entries), DELETE_LIMIT):
            chunk = list(entries[start : start + DELETE_LIMIT])
            try:
                response = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": chunk, "Quiet": True})
            except (BotoCoreError, ClientError) as err:
                raise self._unavailable("delete", chunk[0]["Key"], err) from err
            for failed in response.get("Errors", []):
                raise StoreUnavailableError(f"S3 delete of {failed['Key']}: {failed.get('Message')}", key=failed["Key"])

    def _unavailable(self, operation: str, key: str, err: Exception) -> StoreUnavailableError:
        return StoreUnavailableError(f"S3 {operation} of {self.bucket}/{key}: {err}", operation=operation, key=key)
