"""The collector's API as OpenAPI 3.1 and as a web page, made from the Structs that check the requests."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from typing import Any

import msgspec

from logdig import __version__
from logdig.decide.request import DecideRequest
from logdig.events.envelope import EVENTS_LIMIT, Body
from logdig.events.lines import TEN_NAMES
from logdig.events.parts import MEASURING_PARTS
from logdig.events.types import EVENT_TYPES, SIGNED_EVENT_TYPES, Event

REFERENCE = "#/components/schemas/{name}"
Json = dict[str, Any]

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b2430}"
    "code{background:#f1f3f6;padding:.1em .3em;border-radius:.3em}table{border-collapse:collapse;width:100%}"
    "td,th{border-bottom:1px solid #dde2e8;padding:.4rem .6rem;text-align:left;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{background:#11161c;color:#e6ebf0}code{background:#222b35}"
    "td,th{border-color:#2b3642}}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"

PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457 problem",
    "properties": {name: {"type": "string"} for name in ("type", "title", "detail")} | {"status": {"type": "integer"}},
    "required": ["type", "title", "status", "detail"],
}
COUNTS: Json = {
    "type": "object",
    "properties": {
        "accepted": {"type": "integer", "minimum": 0, "description": "different events that are stored"},
        "duplicates": {"type": "integer", "minimum": 0, "description": "repeats inside this request"},
        "rejected": {
            "type": "array",
            "description": "one entry for each error, at most ten an event; field is empty for the whole event",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer"},
                    "field": {"type": "string"},
                    "reason": {"type": "string"},
                },
                "required": ["index", "field", "reason"],
            },
        },
    },
    "required": ["accepted", "duplicates", "rejected"],
}
DECISION: Json = {
    "type": "object",
    "description": "signed callers also get score, model_version, features_as_of and the reason about the person",
    "properties": {
        "decision_id": {"type": "string"},
        "decision": {"enum": ["show", "suppress", "holdout"]},
        "ad": {"type": ["string", "null"]},
        "reason": {"type": "string"},
        "ttl_s": {"type": "integer", "minimum": 0},
    },
    "required": ["decision_id", "decision", "ad", "reason", "ttl_s"],
}
LEGACY_REPLY: Json = {
    "type": "object",
    "properties": {"status": {"type": "string"}, "duration_millisecond": {"type": "string"}},
    "required": ["status", "duration_millisecond"],
}
LEGACY_ERROR: Json = {
    "type": "object",
    "properties": {"message": {"type": ["object", "string"]}},
    "required": ["message"],
}
MEANINGS = {
    400: "cannot be read",
    401: "unknown token, or a wrong or old signature",
    403: "origin not allowed, or neither origin nor signature",
    408: "on the server: the body took longer than 10 s",
    413: "too large, or too many events",
    415: "content type or encoding not taken",
    429: "too many requests; see Retry-After",
    500: "internal error; the log has the details",
    503: "overloaded, or a service that it needs does not answer; see Retry-After",
}

REFUSALS = tuple(MEANINGS)
"""Error statuses of every POST."""


def document() -> Json:
    """The whole OpenAPI 3.1 document."""
    types = (*EVENT_TYPES, *SIGNED_EVENT_TYPES, Body, DecideRequest)
    _, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    schemas: Json = _ecma(components)
    for part in MEASURING_PARTS.values():
        # The Structs refuse what they do not know, so that the parser can count it before it is dropped.
        schemas[part.__name__] |= {"additionalProperties": True}
        schemas[part.__name__]["description"] += " Unknown members are dropped and counted."
    schemas["SignedBody"] = _body(schemas["Body"], SIGNED_EVENT_TYPES)
    schemas["Body"] = _body(schemas["Body"], EVENT_TYPES)
    schemas |= {"Problem": PROBLEM, "Counts": COUNTS, "Decision": DECISION, "Legacy": _legacy_log()}
    schemas |= {"LegacyReply": LEGACY_REPLY, "LegacyError": LEGACY_ERROR}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LogDig collector",
            "version": __version__,
            "description": "A 2xx means that the queue holds every event of the request.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {"schemas": schemas, "securitySchemes": _security()},
    }


def _body(body: Json, kinds: Iterable[type[Event]]) -> Json:
    """The schema of a body with events of these types."""
    references = {str(kind.__struct_config__.tag): _ref(kind.__name__) for kind in kinds}
    mapping = {tag: reference["$ref"] for tag, reference in references.items()}
    one_event = {
        "oneOf": list(references.values()),
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    events = {"type": "array", "items": one_event, "maxItems": EVENTS_LIMIT}
    return body | {"properties": body["properties"] | {"events": events}}


def _paths() -> Json:
    signed: list[Json] = [{"origin": []}, {"signature": []}]
    text = {"schema": {"anyOf": [_ref("Body"), _ref("SignedBody")]}}
    packed = {"schema": {"type": "string", "contentMediaType": "application/json"}}
    bodies = {"application/json": text, "text/plain": text, "application/octet-stream": packed}
    ten = {"schema": _ref("Legacy")}
    return {
        "/v1/events": {
            "post": {
                "operationId": "postEvents",
                "summary": "Store a batch of events",
                "security": signed,
                "requestBody": {"required": True, "content": bodies},
                "responses": _replies(202, "stored", "Counts", REFUSALS),
            }
        },
        "/v1/decide": {
            "post": {
                "operationId": "postDecide",
                "summary": "Ask whether to show an offer",
                "security": signed,
                "requestBody": {"required": True, "content": {"application/json": {"schema": _ref("DecideRequest")}}},
                "responses": _replies(200, "the decision", "Decision", REFUSALS),
            }
        },
        "/": {
            "get": {
                "operationId": "hello",
                "summary": "Say that the server is there, as in 2016",
                "responses": _plain("the server is there"),
            },
            "post": {
                "operationId": "postLog",
                "summary": "Store one log of ten fields, as in 2016",
                "security": signed,
                "requestBody": {"content": {"application/x-www-form-urlencoded": ten, "application/json": ten}},
                "responses": _replies(200, "stored", "LegacyReply", REFUSALS, "LegacyError"),
            },
        },
        "/healthz": {
            "get": {"operationId": "healthz", "summary": "Say that the process lives", "responses": _plain("it lives")}
        },
        "/readyz": {
            "get": {
                "operationId": "readyz",
                "summary": "Say whether the queue answers",
                "responses": _plain("it answers") | _errors((503,)),
            }
        },
        "/v1/openapi.json": {
            "get": {"operationId": "openapi", "summary": "This document", "responses": _plain("OpenAPI 3.1")}
        },
    }


def _plain(meaning: str) -> Json:
    return {"200": {"description": meaning, "content": {"application/json": {"schema": {"type": "object"}}}}}


def _replies(status: int, meaning: str, schema: str, errors: tuple[int, ...], error: str = "Problem") -> Json:
    good = {str(status): {"description": meaning, "content": {"application/json": {"schema": _ref(schema)}}}}
    return good | _errors(errors, error)


def _errors(statuses: tuple[int, ...], schema: str = "Problem") -> Json:
    kind = "application/problem+json" if schema == "Problem" else "application/json"
    return {
        str(status): {"description": MEANINGS[status], "content": {kind: {"schema": _ref(schema)}}}
        for status in statuses
    }


def _legacy_log() -> Json:
    fields = {name: {"type": "string"} for name in TEN_NAMES}
    return {"type": "object", "properties": fields, "required": list(TEN_NAMES)}


def _security() -> Json:
    return {
        "origin": {
            "type": "apiKey",
            "in": "header",
            "name": "Origin",
            "description": "a registered origin; browsers send it by themselves",
        },
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "X-LogDig-Signature",
            "description": "t=<unix seconds>,v1=<hex HMAC-SHA256 of t.body>, for servers",
        },
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _ecma(value: Any) -> Any:
    r"""Write patterns as JSON Schema reads them: Python's ``\Z`` is ``$`` there."""
    if isinstance(value, dict):
        return {key: _ecma(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_ecma(item) for item in value]
    return value.replace("\\Z", "$") if isinstance(value, str) else value


@cache
def document_json() -> bytes:
    """The document as JSON, made once per process."""
    return json.dumps(document(), separators=(",", ":"), sort_keys=True).encode("ascii")


@cache
def page() -> bytes:
    """The document as a page without scripts: paths with their responses, schemas with their fields."""
    api = document()
    parts = ["<h1>LogDig collector</h1>", f"<p>{escape(api['info']['description'])}</p>"]
    for path, methods in api["paths"].items():
        parts += [_operation(path, method, operation) for method, operation in methods.items()]
    parts += [_schema(name, schema) for name, schema in api["components"]["schemas"].items()]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><title>LogDig collector</title>{head}{"".join(parts)}</html>'.encode()


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{code}<td>{escape(response['description'])}" for code, response in operation["responses"].items()
    )
    types = ", ".join(f"<code>{kind}</code>" for kind in operation.get("requestBody", {}).get("content", {}))
    body = f"<p>Body: {types}</p>" if types else ""
    title = f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
    return f"{title}{body}<table><tr><th>status<th>meaning{rows}</table>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code><td>{'required' if field in required else ''}<td>{escape(_rule(rule))}"
        for field, rule in schema.get("properties", {}).items()
    )
    about = f"<p>{escape(schema.get('description', ''))}</p>"
    return f'<h3 id="{escape(name)}">{escape(name)}</h3>{about}<table><tr><th>field<th><th>rule{rows}</table>'


def _rule(rule: Mapping[str, Any]) -> str:
    """Describe a field's rule in a few words."""
    if "description" in rule:
        return str(rule["description"])
    if "$ref" in rule:
        return str(rule["$ref"]).rsplit("/", 1)[1]
    if "anyOf" in rule:
        return " or ".join(_rule(option) for option in rule["anyOf"])
    shown = {
        key: value for key, value in rule.items() if key in ("enum", "minimum", "maximum", "maxLength", "maxItems")
    }
    return " ".join([str(rule.get("type", "")), *(f"{key} {value}" for key, value in shown.items())]).strip()
