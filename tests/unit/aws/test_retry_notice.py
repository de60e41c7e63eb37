"""A command that tries again says so once; what no other try can help ends at once."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from logdig.aws import clients, credentials
from logdig.aws.retry_notice import longest_seconds, watch_retries
from tests.unit.infra.aws.test_http import answering


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Lines that the person would read; waits are left out."""
    credentials.session.cache_clear()
    clients.client.cache_clear()
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    said: list[str] = []
    watch_retries(said.append)
    yield said
    credentials.session.cache_clear()
    clients.client.cache_clear()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "http://localhost:1", "http://no.such.host.invalid"])
def test_call_ends_at_once_when_another_try_cannot_help(lines: list[str], endpoint: str) -> None:
    client = clients.client("sts", "ap-northeast-1", endpoint, 5, 3)

    with pytest.raises(EndpointConnectionError) as ended:
        client.get_caller_identity()

    assert endpoint in str(ended.value)
    assert lines == []


def test_call_says_once_what_fails_when_it_is_tried_again(lines: list[str]) -> None:
    def slow(_headers: object, _body: object) -> tuple[int, bytes]:
        return 200, b""

    with answering(slow) as address:
        client = clients.client("sts", "ap-northeast-1", address, 5, 3)

        def time_out(**arguments: object) -> None:
            raise ReadTimeoutError(endpoint_url=address)

        client.meta.events.register("before-send", time_out)
        with pytest.raises(ReadTimeoutError):
            client.get_caller_identity()

    (line,) = lines
    assert line.startswith("GetCallerIdentity: Read timeout on endpoint URL")
    assert line.endswith("trying again for at most 13 s")


def test_longest_time_counts_tries_and_waits() -> None:
    config = Config(connect_timeout=3, read_timeout=300, retries={"total_max_attempts": 6})

    assert longest_seconds(config, ConnectTimeoutError(endpoint_url="x")) == 5 * 3 + 1 + 2 + 4 + 8 + 16
    assert longest_seconds(config, ReadTimeoutError(endpoint_url="x")) == 5 * 300 + 31
