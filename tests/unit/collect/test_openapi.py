"""The OpenAPI document and its page say what the Structs check."""

from __future__ import annotations

import json
import re

import msgspec
from openapi_spec_validator import validate

from logdig.collect.collector import PATHS
from logdig.collect.http import Request
from logdig.collect.openapi import PAGE_POLICY, STYLE, document, document_json, page
from logdig.events.parts import MEASURING_PARTS
from logdig.events.types import EVENT_TYPES
from tests.fakes.tracked import collector

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]


def test_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_document_holds_every_field_of_every_event_type() -> None:
    for kind in EVENT_TYPES:
        schema = SCHEMAS[kind.__name__]
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}

        assert set(schema["properties"]) == fields | {"type"}
        assert schema["additionalProperties"] is False


def test_document_takes_unknown_members_where_the_parser_drops_them() -> None:
    open_parts = {name for name, schema in SCHEMAS.items() if schema.get("additionalProperties") is True}

    assert open_parts == {part.__name__ for part in MEASURING_PARTS.values()}


def test_document_describes_the_events_of_signed_senders() -> None:
    assert {"user_agent", "country", "region", "bot"} <= SCHEMAS["SignedListenEvent"]["properties"].keys()
    listed = SCHEMAS["SignedBody"]["properties"]["events"]["items"]["oneOf"]
    assert len(listed) == len(EVENT_TYPES)
    assert "user_agent" not in SCHEMAS["ListenEvent"]["properties"]


def test_document_names_every_path_but_the_page_itself() -> None:
    assert set(DOCUMENT["paths"]) == set(PATHS) - {"/v1/docs", "/metrics"}


def test_document_has_no_pattern_that_only_python_reads() -> None:
    assert "\\\\Z" not in document_json().decode()


def test_page_needs_no_script_and_nothing_from_outside() -> None:
    text = page().decode()

    assert re.findall(r"<(?:script|link|img|iframe)|https?://", text) == []
    assert f"<style>{STYLE}</style>" in text
    assert "script" not in PAGE_POLICY


def test_collector_serves_document_and_page() -> None:
    served = {path: collector().handle(Request("GET", path)) for path in ("/v1/openapi.json", "/v1/docs")}

    assert json.loads(served["/v1/openapi.json"].body) == DOCUMENT
    assert dict(served["/v1/docs"].headers)["Content-Security-Policy"] == PAGE_POLICY
