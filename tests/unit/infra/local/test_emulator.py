"""The emulator's quicker look-ups answer as moto's own do."""

from __future__ import annotations

import pytest
from moto import backends
from moto.sqs.models import SQSBackend

from infra.local.emulator import _services, is_within_retention

RETENTION_SECONDS = 3600


@pytest.fixture
def backend() -> SQSBackend:
    """A queue service of its own with one queue."""
    backend = SQSBackend("eu-central-1", "123456789012")
    backend.create_queue("events", {}, MessageRetentionPeriod=RETENTION_SECONDS)
    return backend


@pytest.mark.parametrize("age_seconds", [0, RETENTION_SECONDS - 60, RETENTION_SECONDS + 60, 10 * RETENTION_SECONDS])
def test_retention_answers_as_moto_when_a_message_is_of_any_age(backend: SQSBackend, age_seconds: int) -> None:
    message = backend.send_message("events", "text", {})
    message.sent_timestamp -= age_seconds * 1000
    expected = backend.is_message_valid_based_on_retention_period("events", message)
    assert is_within_retention(backend, "events", message) == expected == (age_seconds < RETENTION_SECONDS)


def test_services_are_the_folders_of_moto_when_asked_twice() -> None:
    assert _services() == _services() == tuple(backends.list_of_moto_modules())
    assert "sqs" in _services()
