"""What a function finds in its environment is what botocore would find; what says more is left to botocore."""

from __future__ import annotations

import botocore.session
import pytest

from logdig.aws.credentials import Keys, from_lambda_environment

REGION = "ap-northeast-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
FUNCTION = KEYS | {"AWS_LAMBDA_FUNCTION_NAME": "collect"}


@pytest.mark.parametrize("service", ["sqs", "ssm", "dynamodb"])
def test_function_finds_the_endpoint_that_botocore_finds_or_asks_it(service: str) -> None:
    session = botocore.session.get_session()
    regions = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions(service, partition)
    ]

    configs = {region: from_lambda_environment(service, region, None, FUNCTION) for region in regions}

    ordinary = {region: where.endpoint for region, where in configs.items() if where is not None}
    for region, endpoint in ordinary.items():
        assert endpoint == session.create_client(service, region).meta.endpoint_url
    assert REGION in ordinary
    assert {"cn-north-1", "us-gov-west-1"} <= configs.keys() - ordinary.keys()


def test_function_reads_its_keys_and_asks_botocore_where_the_environment_says_more() -> None:
    where = from_lambda_environment("sqs", REGION, None, FUNCTION)
    more = [
        "AWS_CREDENTIAL_EXPIRATION",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL_SQS",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_CA_BUNDLE",
    ]

    assert where is not None
    assert where.credentials() == Keys("AKIA1", "secret", "token")
    for name in more:
        assert from_lambda_environment("sqs", REGION, None, FUNCTION | {name: "x"}) is None
    assert from_lambda_environment("sqs", REGION, None, KEYS) is None
    assert from_lambda_environment("sqs", REGION, None, {"AWS_LAMBDA_FUNCTION_NAME": "collect"}) is None
