"""docs/api.md moves with the Structs: every path, type, field and limit is on the page."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from logdig.collect.body import MEMBERS_LIMIT
from logdig.collect.collector import METHODS, PATHS
from logdig.collect.http import Request
from logdig.collect.openapi import MEANINGS
from logdig.collect.readiness import CACHE_TIME
from logdig.events.envelope import EVENTS_LIMIT, Body
from logdig.events.lenient_json import NAMES_LIMIT, NESTING_LIMIT
from logdig.events.lines import TEN_NAMES
from logdig.events.parser import DEPTH_LIMIT, EVENT_BYTES_LIMIT
from logdig.events.types import EVENT_TYPES, Event
from tests.fakes.tracked import BROWSER, body, collector, post

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
TABLES = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
WORDS = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`[^`]+`", TABLES))))


def names(struct: type[msgspec.Struct]) -> set[str]:
    """Field names of a Struct and of the Structs inside it."""
    fields = set()
    for field in msgspec.structs.fields(struct):
        fields.add(field.name)
        inner = [option for option in (field.type, *getattr(field.type, "__args__", ())) if isinstance(option, type)]
        for option in inner:
            if issubclass(option, msgspec.Struct):
                fields |= names(option)
    return fields


@pytest.mark.parametrize("struct", [Body, *EVENT_TYPES])
def test_page_names_every_field(struct: type[msgspec.Struct]) -> None:
    assert names(struct) - WORDS == set()


def test_page_names_every_type_path_and_method() -> None:
    assert {str(event_type.__struct_config__.tag) for event_type in EVENT_TYPES} <= WORDS
    assert all(f"| `{path}` |" in PAGE for path in PATHS)
    assert all(method in PAGE for method in METHODS)
    assert set(TEN_NAMES) <= WORDS


def test_page_marks_as_required_what_a_browser_must_send() -> None:
    required = {field.name for field in msgspec.structs.fields(Event) if field.required}
    rows = re.findall(r"^\| (`[^|]+`) \| yes(?:, always)? \|", PAGE, re.MULTILINE)

    assert {name for row in rows for name in re.findall(r"[a-z_]+", row)} == required | {"type"}


def test_page_tells_the_limits() -> None:
    assert f"up to {EVENTS_LIMIT} events" in PAGE
    assert f"more than {EVENT_BYTES_LIMIT // 1024} KiB" in PAGE
    assert f"deeper than {DEPTH_LIMIT}" in PAGE
    assert f"nested deeper than {NESTING_LIMIT}" in PAGE
    assert f"more than {MEMBERS_LIMIT} members" in PAGE
    assert f"more than {NAMES_LIMIT} fields" in PAGE
    assert f"at most once in {CACHE_TIME.seconds} seconds" in PAGE


def test_page_and_document_tell_every_status_that_the_source_gives() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "logdig").rglob("*.py")))
    given = {int(status) for status in re.findall(r"RefusedError\(\s*([45]\d\d)", sources)}
    given |= {int(status) for status in re.findall(r"http_status = (\d{3})", sources)}

    assert given >= {400, 401, 403, 404, 405, 413, 415, 429, 500, 503}
    rows = set(re.findall(r"\d{3}", " ".join(re.findall(r"^\| ([0-9, ]+) \|", PAGE, re.MULTILINE)))) | {"500"}
    assert {int(row) for row in rows} >= given
    assert set(MEANINGS) | {404, 405} >= given


def test_page_names_every_header_of_an_answer() -> None:
    kinds = [post(body()), Request("OPTIONS", "/", "", BROWSER), Request("PUT", "/", "", BROWSER)]
    answers = [collector().handle(request) for request in kinds]

    assert {name for reply in answers for name, _ in reply.headers if f"`{name}" not in PAGE} == set()
