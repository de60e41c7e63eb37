"""Another S3, SQS, DynamoDB and Glue than Amazon's: every client goes where ``AWS_ENDPOINT_URL`` points, by path."""

import pytest

from analytics.spark import endpoint_configuration
from logdig.aws import clients
from logdig.config.settings import Settings
from logdig.marts import reader

ENDPOINT = "http://store.example:9000"
SETTINGS = Settings(service="shop")
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize("service", ["s3", "glue"])
def test_boto3_client_calls_the_endpoint_when_one_is_set(service: str) -> None:
    client = clients.client(service, SETTINGS.region, ENDPOINT, 1.0, 1)

    assert client.meta.endpoint_url == ENDPOINT


def test_s3_client_names_the_bucket_in_the_path_when_an_endpoint_is_set() -> None:
    s3 = clients.client("s3", SETTINGS.region, ENDPOINT, 1.0, 1)

    assert s3.generate_presigned_url("get_object", Params={"Bucket": "shop-dev-s3", "Key": "raw/x"}).startswith(
        f"{ENDPOINT}/shop-dev-s3/raw/x?"
    )


def test_spark_calls_the_endpoint_by_path_for_files_tables_catalog_and_locks() -> None:
    configuration = endpoint_configuration(SETTINGS, ENDPOINT, KEYS)

    for key in ("s3.endpoint", "glue.endpoint", "dynamodb.endpoint"):
        assert configuration[f"spark.sql.catalog.lake.{key}"] == ENDPOINT
    assert configuration["spark.sql.catalog.lake.s3.path-style-access"] == "true"
    assert configuration["spark.hadoop.fs.s3a.endpoint"] == ENDPOINT
    assert configuration["spark.hadoop.fs.s3a.path.style.access"] == "true"


def test_spark_passes_the_token_of_temporary_keys_on() -> None:
    configuration = endpoint_configuration(SETTINGS, ENDPOINT, KEYS | {"AWS_SESSION_TOKEN": "token"})

    assert (
        configuration["spark.sql.catalog.lake.s3.session-token"]
        == configuration["spark.hadoop.fs.s3a.session.token"]
        == "token"
    )


def test_pyiceberg_calls_the_endpoint_for_files_and_catalog() -> None:
    properties = reader.catalog_properties(
        SETTINGS, KEYS | {"AWS_ENDPOINT_URL": ENDPOINT, "AWS_SESSION_TOKEN": "token"}
    )

    assert properties["s3.endpoint"] == properties["glue.endpoint"] == ENDPOINT
    assert properties["client.session-token"] == "token"
