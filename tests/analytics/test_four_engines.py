"""Every stored line means the same to msgspec, DuckDB, Spark and jq, whatever texts the events hold."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import jq
import msgspec
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from analytics.lake.line_rows import events, parse_raw
from logdig.aws.clients import s3_store
from logdig.config.settings import Settings
from logdig.flush.flusher import FlushLimits, flush
from logdig.queue.packs import QueueSink
from tests.fakes.queue import FakeClock, FakeQueue
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, NOW, OWN_PARTS, TEN_FIELDS, body, collector, event, post

pytestmark = pytest.mark.java

TEXTS = [
    "",
    " ",
    "line\nend\rand\r\nboth\u0085\u2028\u2029",
    "tab\tbell\x07escape\x1b\x7f",
    "quote \" ' ` back\\slash \\u0041 \\n",
    "a|b,c;d\te",
    "=cmd|' /C calc'!A0",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "\u202eright to left\u200b\ufeff",
    "한글 🎵 é e\u0301 \U0010ffff \uffff \ufffd",
    '{"__proto__": {"x": 1}}',
    "NULL",
    "null",
    "NaN",
    "true",
    "1e999",
    "2026-11-24T00:00:00Z",
    "%00%ff&amp;&#0;",
    "${jndi:ldap://x}{{7*7}}",
]
TEXT_PATHS = [
    "current_page",
    "link",
    "page_version",
    "page.referrer",
    "page.title",
    "page.language",
    "element.selector",
    "element.tag",
    "listen.track_id",
    "listen.zip",
    "ad.name",
    "ad.decision_id",
    "ad.placement",
    "custom.name",
    "custom.props.text",
    "experiments.button",
    "customer_id",
    "move.anchors.0",
]
TYPE_OF = {"page.": "page", "element": "click", "listen": "listen", "ad.": "ad", "custom.": "custom", "move": "move"}


def changed(path: str, text: str, number: int) -> dict[str, Any]:
    """An event of the type that has this field, with the text in it."""
    kind = next((kind for prefix, kind in TYPE_OF.items() if path.startswith(prefix)), "click")
    found = event(kind, event_id=f"text-{number:016}")
    place_text(found, path, text)
    return found


def place_text(found: dict[str, Any], path: str, text: str) -> None:
    """Put a text at a path of an event, whose parts are shared with other events until then."""
    step, _, rest = path.partition(".")
    if rest == "0":
        found[step] = [text]
    elif rest:
        found[step] = dict(found.get(step) or {})
        place_text(found[step], rest, text)
    else:
        found[step] = text


def stored() -> MemorySink:
    """What the collector stores of every text in every field, of logs of 2016 and of hostile events."""
    sink = MemorySink()
    front = collector(sink)
    cases = [(path, text) for path in TEXT_PATHS for text in TEXTS]
    for start in range(0, len(cases), 100):
        chunk = cases[start : start + 100]
        events = [changed(path, text, start + number) for number, (path, text) in enumerate(chunk)]
        assert front.handle(post(body(*events))).status == 202
    for text in TEXTS:
        agent = (*BROWSER[:2], ("user-agent", text))
        assert front.handle(post(body(event()), headers=agent)).status == 202
        front.handle(post(json.dumps(TEN_FIELDS | {"link": text, "x": text}).encode(), "/"))
    numbers = [b"-0", b"-0.0", b"1e-400", b"-9999999.999", b"1E+2", b"0.1", b"2e308", b"NaN", b"9007199254740993"]
    line = json.dumps(event()).encode()
    for number in numbers:
        front.handle(post(body(line.replace(b"110", number, 1))))
    hostile = [b'"\\ud800"', b'"\xff\xfe"', b'"\\u0000"', b"[[[[[[[[1]]]]]]]]", b'{"x": "' + b"x" * 40_000 + b'"}']
    for piece in hostile:
        front.handle(post(body(piece, *(event(name) for name in OWN_PARTS))))
    return sink


PATHS = {
    "events": [
        "event_id",
        "app",
        "token",
        "type",
        "timestamp",
        "occurred_at",
        "user_key",
        "user_agent",
        "legacy.x",
        "legacy.link",
        "current_page",
        "link",
        "page_version",
        "page.referrer",
        "page.title",
        "page.language",
        "element.selector",
        "element.tag",
        "listen.track_id",
        "listen.zip",
        "ad.name",
        "ad.decision_id",
        "ad.placement",
        "custom.name",
        "custom.props.text",
        "experiments.button",
        "customer_id",
    ],
    "rejected": ["received_at", "bad_id", "app", "text", "sha256"],
}


def text_at(line: dict[str, Any], path: str) -> str | None:
    """The text at a path of a parsed line; None where there is none."""
    found: Any = line
    for step in path.split("."):
        if isinstance(found, list | dict):
            found = found[int(step)] if isinstance(found, list) else found.get(step)
        else:
            return None
    return found if isinstance(found, str) else None


@pytest.mark.parametrize("zone", ["events", "rejected"])
def test_every_stored_line_is_read_alike_by_four_engines(spark: SparkSession, tmp_path: Path, zone: str) -> None:
    lines: list[bytes] = getattr(stored(), zone)
    assert len(lines) > (400 if zone == "events" else 15)
    assert all(line.isascii() and b"\n" not in line and b"\r" not in line for line in lines)
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    by_msgspec = [msgspec.json.decode(line) for line in lines]
    wanted = [tuple(text_at(line, one) for one in PATHS[zone]) for line in by_msgspec]

    by_jq = [json.loads(text) for text in jq.compile(".").input_text(path.read_text("ascii")).text().splitlines()]
    selected = ", ".join(f"json ->> '$.{one}'" for one in PATHS[zone])
    by_duckdb = duckdb.connect().execute(f"SELECT {selected} FROM read_ndjson_objects('{path}')").fetchall()
    columns = [f"get_json_object(value, '$.{one}') AS c{place}" for place, one in enumerate(PATHS[zone])]
    by_spark = [tuple(row) for row in spark.read.text(str(path)).selectExpr(*columns).collect()]

    assert by_jq == by_msgspec
    assert by_duckdb == wanted
    assert by_spark == wanted


IN_EVERY_FIELD = "{}|\"'\\ \u2028\u2029한글🎵é\n\r\t"
IDS = ("listen.track_id", "ad.decision_id", "customer_id")
"""Control characters are refused in them."""
PARTS_OF_TYPES = {path.partition(".")[0] for path in TEXT_PATHS if "." in path and not path.startswith("experiments")}


def with_texts_everywhere(number: int) -> dict[str, Any]:
    """An event of some type with a text of its own in every text field that the type has."""
    kind = list(OWN_PARTS)[number % len(OWN_PARTS)]
    found = event(kind, event_id=f"whole-{number:016}")
    for path in TEXT_PATHS:
        part, text = path.partition(".")[0], IN_EVERY_FIELD.format(number)
        if part not in PARTS_OF_TYPES or part in OWN_PARTS[kind]:
            place_text(found, path, text.rstrip() if path in IDS else text)
    return found


def test_a_hundred_events_come_back_unchanged_from_s3_through_three_engines(
    spark: SparkSession, own: Settings, tmp_path: Path
) -> None:
    sent = {one["event_id"]: one for one in map(with_texts_everywhere, range(100))}
    clock, store = FakeClock(NOW), s3_store(own)
    queue = FakeQueue(clock)
    front = collector(QueueSink(queue, lambda: "p1"))
    agent = IN_EVERY_FIELD.format("agent")
    answer = front.handle(post(body(*sent.values()), headers=(*BROWSER[:2], ("user-agent", agent))))
    assert json.loads(answer.body) == {"accepted": 100, "duplicates": 0, "rejected": []}
    flush(queue, store, FlushLimits(wait_seconds=0), clock, deadline=NOW + timedelta(hours=1))
    files = [entry.key for entry in store.list("raw/")]
    for number, key in enumerate(files):
        (tmp_path / f"{number}.jsonl.gz").write_bytes(store.get(key))
    paths = ["event_id", "user_agent", *TEXT_PATHS]
    wanted = sorted([one["event_id"], agent, *(text_at(one, path) for path in TEXT_PATHS)] for one in sent.values())

    lines = spark.read.option("recursiveFileLookup", "true").text(f"s3a://{own.bucket_name}/raw/")
    asked = [path.replace("anchors.0", "anchors[0]") for path in paths]
    by_spark = sorted(list(row) for row in events(parse_raw(lines)).select(*map(F.expr, asked)).collect())
    selected = ", ".join(f"json ->> '$.{path}'" for path in asked)
    by_duckdb = duckdb.connect().execute(f"SELECT {selected} FROM read_ndjson_objects('{tmp_path}/*.gz')").fetchall()
    program = f"[{', '.join(f'.{path}' for path in asked)}]"
    whole = b"".join(gzip.decompress(file.read_bytes()) for file in tmp_path.iterdir()).decode("ascii")
    by_jq = sorted(json.loads(text) for text in jq.compile(program).input_text(whole).text().splitlines())

    assert by_spark == wanted
    assert sorted(list(row) for row in by_duckdb) == wanted
    assert by_jq == wanted
