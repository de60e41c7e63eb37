"""Objects of the buckets that a deploy fills, and that destroy empties."""

from __future__ import annotations

from collections.abc import Callable

from infra.aws.account import Account, RefusedByAwsError
from infra.packaging.build import Package
from logdig.errors import LogDigError


def object_exists(account: Account, bucket: str, key: str) -> bool:
    """Tell whether an object exists; not in a bucket that does not."""
    return account.find("s3", "head_object", "404", Bucket=bucket, Key=key) is not None


def put_package(account: Account, bucket: str, package: Package) -> None:
    """Upload one package; an object of its name has the same content, since the name holds the digest."""
    with package.path.open("rb") as body:
        try:
            account.call(
                "s3",
                "put_object",
                Bucket=bucket,
                Key=package.key,
                Body=body,
                ContentType=package.content_type,
                IfNoneMatch="*",
                **({"CacheControl": package.cache_control} if package.cache_control else {}),
            )
        except RefusedByAwsError as err:
            if err.code != "PreconditionFailed":
                raise


def empty_bucket(account: Account, bucket: str, on_deleted: Callable[[int], None]) -> int:
    """Delete every version of every object; return how many. A bucket that is gone is empty.

    Raises:
        LogDigError: S3 refused to delete one; the message names it.
    """
    deleted = 0
    while True:
        page = account.find("s3", "list_object_versions", "NoSuchBucket", Bucket=bucket) or {}
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not versions:
            return deleted
        entries = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
        result = account.call("s3", "delete_objects", Bucket=bucket, Delete={"Objects": entries, "Quiet": True})
        for error in result.get("Errors", []):
            raise LogDigError(f"s3://{bucket}/{error['Key']} cannot be deleted: {error.get('Message')}; try again")
        deleted += len(entries)
        on_deleted(deleted)
