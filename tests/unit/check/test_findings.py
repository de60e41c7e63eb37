"""Facts of a page -> findings: each fault is named once, with the next step, and its neighbours stay right."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from logdig.check.facts import Finding, PageFacts, Post, Response, Tag, Violation
from logdig.check.findings import NAMES, find
from logdig.config.apps import App, Apps

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SITE, COLLECTOR = "https://shop.example", "https://collect.example"
SRC, API = f"{SITE}/lib/site.js", f"{COLLECTOR}/v1/"
JAVASCRIPT = "text/javascript; charset=utf-8"
APPS = Apps([App("shop", "pk_shop_1", frozenset({SITE}))])
COUNTS = {"accepted": 1, "duplicates": 0, "rejected": []}
TAG = Tag(SRC, token="pk_shop_1", api=API)
GOOD = PageFacts(
    url=f"{SITE}/",
    page=Response(f"{SITE}/", 200, "text/html"),
    origin=SITE,
    tags=(TAG,),
    is_started=True,
    script=Response(SRC, 200, JAVASCRIPT),
    parts={name: Response(f"{SITE}/lib/site.{name}.js", 200, JAVASCRIPT) for name in ("options", "failure")},
    loads={SRC: Response(SRC, 200, JAVASCRIPT)},
    api=API,
    probe=Response(f"{API}events", 202, "application/json", SITE, json.dumps(COUNTS | {"accepted": 0})),
    posts=(Post("pk_shop_1", ("page",), Response(f"{API}events", 202, body=json.dumps(COUNTS))),),
)


def judged(apps: Apps | None = None, **changes: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in find(replace(GOOD, **changes), apps, NOW)}


def red(findings: dict[str, Finding]) -> list[str]:
    return [name for name, finding in findings.items() if finding.ok is False]


def problem(status: int, detail: str, allow_origin: str = SITE) -> Response:
    return Response(f"{API}events", status, "application/problem+json", allow_origin, json.dumps({"detail": detail}))


@pytest.mark.parametrize("apps", [None, APPS])
def test_findings_are_all_green_when_the_page_records(apps: Apps | None) -> None:
    findings = judged(apps)

    assert list(findings) == list(NAMES)
    assert {finding.ok for finding in findings.values()} == {True}
    assert findings["token"].what == ("pk_shop_1, app shop" if apps else "pk_shop_1")


def test_every_red_finding_has_a_next_step() -> None:
    blocked = Violation("connect-src", API)
    bare: dict[str, Any] = {"tags": (), "posts": (), "is_started": False, "parts": {}}
    cases = [bare, {"probe": problem(401, "no")}, {"probe": problem(403, "no")}, {"violations": (blocked,)}]

    reds = [finding for case in cases for finding in judged(**case).values() if finding.ok is False]

    assert len(reds) >= 5
    assert [finding for finding in reds if not finding.next_step] == []


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Response(SITE, error="net::ERR_NAME_NOT_RESOLVED"), "net::ERR_NAME_NOT_RESOLVED"),
        (Response(SITE, 503, "text/html"), "answers HTTP 503"),
        (Response(SITE, 200, "application/json"), "is application/json, not HTML"),
        (Response(SITE, 200), "not HTML"),
    ],
)
def test_page_is_red_and_nothing_else_is_judged_when_there_is_no_page(page: Response, words: str) -> None:
    findings = judged(page=page)

    assert red(findings) == ["page"]
    assert words in findings["page"].what
    assert {findings[name].ok for name in NAMES[1:]} == {None}


def test_tag_is_green_when_a_bundle_starts_the_tracker() -> None:
    findings = judged(tags=(), is_started=False, parts={}, script=None, loads={})

    assert red(findings) == []
    assert findings["parts"].what == "part of the page's bundle"


def test_tag_that_counts_is_the_one_with_a_token_when_there_are_several() -> None:
    findings = judged(tags=(Tag(f"{SITE}/clicktracker.js"), TAG))

    assert findings["tag"].what == "found, and 1 more, of which none counts"
    assert red(findings) == []


def test_tag_is_open_when_a_consent_tool_holds_it_back() -> None:
    findings = judged(tags=(replace(TAG, type="text/plain"),), is_started=False, posts=(), loads={})

    assert red(findings) == []
    assert [findings[name].ok for name in ("tag", "script", "event")] == [None, None, None]
    assert findings["event"].what == "none was sent, see tag"


@pytest.mark.parametrize(
    ("load", "script", "words"),
    [
        (Response(SRC, error="net::ERR_BLOCKED_BY_CLIENT"), GOOD.script, "net::ERR_BLOCKED_BY_CLIENT"),
        (Response(SRC, error="net::ERR_ABORTED"), Response(SRC, 404, "text/html"), "HTTP 404"),
        (Response(SRC, 200, "text/html"), Response(SRC, 200, "text/html"), "text/html"),
        (Response(SRC, 200, JAVASCRIPT), GOOD.script, "did not start"),
        (None, Response(SRC, error="connect ECONNREFUSED 10.0.0.1:443"), "ECONNREFUSED"),
    ],
)
def test_script_is_red_when_it_does_not_run(load: Response | None, script: Response, words: str) -> None:
    findings = judged(is_started=False, posts=(), script=script, loads={SRC: load} if load else {})

    assert red(findings) == ["script", "event"]
    assert words in findings["script"].what


def test_parts_are_red_when_their_folder_lets_no_other_origin_read() -> None:
    cdn = {"options": Response("https://cdn.example/site.options.js", 200, JAVASCRIPT)}
    open_cdn = {"options": replace(cdn["options"], allow_origin="*")}

    assert red(judged(parts=cdn)) == ["parts"]
    assert red(judged(parts=open_cdn)) == []


def test_parts_are_red_when_the_page_could_not_load_one() -> None:
    failed = Response(f"{SITE}/lib/other.options.js", error="net::ERR_ABORTED")

    findings = judged(loads={**GOOD.loads, failed.url: failed})

    assert red(findings) == ["parts"]
    assert "other.options.js (net::ERR_ABORTED)" in findings["parts"].what


@pytest.mark.parametrize("src", [f"{SITE}/clicktracker.js", f"{SITE}/lib/ClickTracker.js?v=2"])
def test_blockers_is_red_when_the_script_has_a_name_they_know(src: str) -> None:
    findings = judged(tags=(replace(TAG, src=src),))

    assert red(findings) == ["blockers"]
    assert src in findings["blockers"].what


def test_blockers_is_red_when_only_a_part_has_a_name_they_know() -> None:
    parts = {"options": Response(f"{SITE}/clicktracker.options.js", 200, JAVASCRIPT)}

    assert red(judged(parts=parts)) == ["blockers"]


@pytest.mark.parametrize(
    ("violation", "words"),
    [
        (Violation("script-src-elem", SRC), f"script-src blocks {SRC}"),
        (Violation("script-src", f"{SITE}/lib/site.options.js"), "script-src blocks"),
        (Violation("connect-src", f"{API}events"), f"connect-src blocks {API}events"),
        (Violation("connect-src", COLLECTOR), f"connect-src blocks {COLLECTOR}"),
    ],
)
def test_csp_is_red_when_it_blocks_what_the_tracker_needs(violation: Violation, words: str) -> None:
    finding = judged(violations=(violation,))["csp"]

    assert (finding.ok, finding.what.startswith(words)) == (False, True)


@pytest.mark.parametrize(
    "violation",
    [
        Violation("script-src-elem", "https://ads.example/ad.js"),
        Violation("script-src-elem", "inline"),
        Violation("img-src", f"{COLLECTOR}/pixel.png"),
        Violation("connect-src", f"{COLLECTOR}.evil.example/"),
        Violation("connect-src", ""),
    ],
)
def test_csp_is_green_when_it_blocks_something_else(violation: Violation) -> None:
    assert judged(violations=(violation,))["csp"].ok is True


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (Response(f"{API}events", error="connect ECONNREFUSED 10.0.0.1:443"), "ECONNREFUSED"),
        (Response(f"{API}events", 200, "text/html", body="<html>"), "HTTP 200, and is no collector"),
        (Response(f"{API}events", 202, "text/html", body="<html>"), "is no collector"),
        (problem(404, "no such path"), "HTTP 404"),
        (problem(503, "the queue does not answer"), "the queue does not answer"),
    ],
)
def test_collector_is_red_when_none_answers(probe: Response, words: str) -> None:
    findings = judged(probe=probe)

    assert red(findings) == ["collector"]
    assert words in findings["collector"].what
    assert {findings[name].ok for name in ("origin", "cors")} == {None}


def test_collector_is_red_when_a_secure_page_asks_it_without_tls() -> None:
    tag = replace(TAG, api="http://collect.example/v1/")

    assert red(judged(tags=(tag,), api=tag.api)) == ["collector"]
    assert judged(tags=(tag,), api="http://localhost:8000/v1/")["collector"].ok is True


def test_token_is_red_when_the_collector_does_not_know_it() -> None:
    findings = judged(APPS, probe=problem(401, "unknown token"))

    assert red(findings) == ["token"]
    assert findings["token"].what == "the collector does not know pk_shop_1, though logdig.toml has it for shop"
    assert findings["origin"].ok is None


@pytest.mark.parametrize(("apps", "ok"), [(None, None), (APPS, True), (Apps([]), False)])
def test_token_is_judged_by_the_settings_when_the_origin_is_refused_first(apps: Apps | None, ok: bool | None) -> None:
    findings = judged(apps, probe=problem(403, "this Origin is registered for no app", ""))

    assert findings["token"].ok is ok
    assert findings["origin"].ok is False
    assert findings["cors"].ok is None


def test_origin_says_so_when_the_settings_have_it_and_the_collector_does_not() -> None:
    findings = judged(APPS, probe=problem(403, "this Origin is registered for no app", ""))

    assert findings["origin"].what == f"the collector refuses {SITE}, though logdig.toml has it for shop"


@pytest.mark.parametrize("allowed", ["", "https://other.example"])
def test_cors_is_red_when_a_proxy_drops_or_changes_the_header(allowed: str) -> None:
    assert red(judged(probe=replace(GOOD.probe or GOOD.page, allow_origin=allowed))) == ["cors"]


def test_cors_is_green_when_the_collector_has_the_pages_own_origin() -> None:
    probe = replace(GOOD.probe or GOOD.page, allow_origin="")

    assert judged(api=f"{SITE}/collect/v1/", probe=probe)["cors"].ok is True


@pytest.mark.parametrize(
    ("attributes", "sent", "ok"),
    [
        ({}, True, True),
        ({"consent": "all"}, True, True),
        ({"consent": "ask"}, True, True),
        ({"consent": "ask"}, False, None),
        ({"consent": "yes"}, False, False),
    ],
)
def test_consent_is_open_when_nobody_has_agreed(attributes: dict[str, str], sent: bool, ok: bool | None) -> None:
    findings = judged(tags=(replace(TAG, attributes=attributes),), posts=GOOD.posts if sent else ())

    assert findings["consent"].ok is ok
    assert (findings["event"].ok is True) is sent


def test_event_is_open_when_the_browser_says_no_for_its_user() -> None:
    findings = judged(has_signal=True, posts=())

    assert (red(findings), findings["event"].what) == ([], "none was sent, see consent")


def test_event_is_open_when_only_a_sample_is_recorded() -> None:
    findings = judged(tags=(replace(TAG, attributes={"sampleRate": "0.1"}),), posts=())

    assert (red(findings), "0.1" in findings["event"].what) == ([], True)


def test_event_gives_the_collectors_reason_when_it_is_rejected() -> None:
    reply = {"accepted": 0, "duplicates": 0, "rejected": [{"index": 0, "field": "x", "reason": "must be a number"}]}
    posts = (Post("pk_shop_1", ("click",), Response(f"{API}events", 202, body=json.dumps(reply))),)

    assert judged(posts=posts)["event"].what == "rejected by the collector: x: must be a number"


def test_event_names_what_is_red_when_none_was_sent() -> None:
    findings = judged(posts=(), violations=(Violation("connect-src", API),), probe=problem(401, "unknown token"))

    assert findings["event"].next_step == "first put right: csp, token"


def test_event_gives_the_trackers_warning_when_it_runs_and_sends_nothing() -> None:
    finding = judged(posts=(), warnings=("logdig: beforeSend fails",))["event"]

    assert (finding.ok, finding.what) == (False, "none was sent, and the tracker runs: logdig: beforeSend fails")


@pytest.mark.parametrize("body", ["", "<html>", "[]", "[" * 100_000, '{"rejected": [1]}', '{"rejected": {}}', "\ud800"])
def test_event_is_red_and_nothing_fails_when_the_answer_makes_no_sense(body: str) -> None:
    posts = (Post("pk_shop_1", ("page",), Response(f"{API}events", 202, body=body)),)

    assert red(judged(posts=posts)) == ["event"]
