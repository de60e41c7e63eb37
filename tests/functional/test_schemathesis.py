"""Schemathesis tries the endpoints with requests made from our OpenAPI document: never a 5xx, always as described."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from chalice.config import Config
from chalice.local import LocalDevServer

from api.wsgi import create_app
from lambdas.app import build_app
from logdig.collect import factory
from logdig.collect.openapi import Json, document
from logdig.config.offers import OfferSettings
from logdig.config.settings import Settings
from logdig.decide.service import Decider
from logdig.decide.stores.memory_items import InMemoryProfiles
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import ORIGIN, TOKEN, collector
from tests.functional.conftest import free_port

SECONDS = int(os.environ.get("LOGDIG_FUZZ_SECONDS", "1200" if os.environ.get("LOGDIG_FULL") == "1" else "10"))
SEED = os.environ.get("LOGDIG_FUZZ_SEED", "7")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing."""


def known_token(description: Json) -> Json:
    """Let every body carry a token that is known, so that more than its refusal is tried."""
    schemas = description["components"]["schemas"]
    for name in ("Body", "DecideRequest", "Legacy"):
        schemas[name]["properties"]["token"] = {"type": "string", "enum": [TOKEN]}
    return description


def decider() -> Decider:
    """A decision service that knows nobody."""
    return Decider(InMemoryProfiles(), MemorySink(), (OfferSettings(name="UPGRADE"),), factory.utc_now, factory.new_id)


@pytest.fixture
def flask_url() -> Iterator[str]:
    app = create_app(Settings(), collector=collector(decider=decider()))
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def chalice_url() -> Iterator[str]:
    ours = collector(decider=decider())
    app = build_app(lambda: ours)
    port = free_port()
    server = LocalDevServer(app, Config(), "127.0.0.1", port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    server.server.server_close()
    thread.join()


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 600)
@pytest.mark.parametrize(
    ("endpoint", "phases"),
    # The coverage phase also sends TRACE, which Python's own HTTP server below Chalice answers 501 before our code.
    [("flask_url", "coverage,fuzzing"), ("chalice_url", "fuzzing")],
)
def test_door_answers_as_described_whatever_is_made_of_the_document(
    endpoint: str, phases: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue(endpoint)
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(known_token(document())))
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", str(description), "--url", url]
    command += ["--checks", CHECKS, "--max-time", str(SECONDS), "--phases", phases, "--seed", SEED]
    command += ["-H", f"Origin: {ORIGIN}", "--no-color", "--warnings", "off"]

    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS + 120, check=False)

    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
