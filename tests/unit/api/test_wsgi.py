"""The WSGI application: what a client does that goes before its body is sent."""

from __future__ import annotations

from io import BytesIO

from werkzeug.test import create_environ, run_wsgi_app

from logdig.collect.body import PAYLOAD_BYTES_LIMIT
from tests.fakes.served import make_app


def test_too_large_body_is_refused_without_error_when_the_client_hangs_up() -> None:
    environ = create_environ("/v1/events", method="POST", input_stream=BytesIO(b"begun"))
    environ["CONTENT_LENGTH"] = str(PAYLOAD_BYTES_LIMIT + 1)

    _, status, _ = run_wsgi_app(make_app(), environ, buffered=True)

    assert status.startswith("413")
