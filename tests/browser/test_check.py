"""`logdig check` on real pages with planted faults, in Chromium, as a shell runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.local.machine import find_chromium
from logdig.check.findings import NAMES
from tests.browser.collector_stub import DIST, TOKEN, TYPES, Answer, Collector, Quiet, Server, collector_handler

NO_EVENT = ("--seconds", "2")
"""Where none can come; elsewhere the command waits until there is one."""


@dataclass(slots=True)
class Site:
    """A site whose only page is ``body``, with the tracker's files but those that are ``missing``.

    ``is_catch_all``: for what is missing it gives its page, as many sites do.
    """

    url: str = ""
    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/html; charset=utf-8"})
    missing: tuple[str, ...] = ()
    is_catch_all: bool = False

    def tag(self, endpoint: str, token: str = TOKEN, more: str = "", script: str = "site") -> str:
        return f'<script async src="/{script}.js" data-token="{token}" data-endpoint="{endpoint}" {more}></script>'


def handler(site: Site) -> type[Quiet]:
    class Handler(Quiet):
        def do_GET(self) -> None:  # noqa: N802 (the base class looks for this name)
            name, _, rest = self.path.split("?")[0].removeprefix("/").partition(".")
            path = DIST / f"clicktracker.{rest}"
            if name in ("site", "clicktracker", "clickTracker") and path.is_file() and rest not in site.missing:
                self.reply(200, {"Content-Type": TYPES[path.suffix]}, path.read_bytes())
            elif name == "page" or (path.is_file() and site.is_catch_all):
                self.reply(site.status, site.headers, f"<!doctype html><title>Shop</title>{site.body}".encode())
            else:
                self.reply(404, {"Content-Type": "text/plain"}, b"not found")

    return Handler


@dataclass(frozen=True, slots=True)
class Told:
    """What the command printed: findings by name, and its exit code."""

    code: int
    findings: dict[str, dict[str, Any]]

    @property
    def red(self) -> list[str]:
        return [name for name, finding in self.findings.items() if finding["ok"] is False]

    def what(self, name: str) -> str:
        return str(self.findings[name]["what"])


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    with Server(collector_handler(collector)) as server:
        collector.url = server.url
        yield collector


@pytest.fixture
def site(collector: Collector) -> Iterator[Site]:
    """A site that is registered with the collector."""
    site = Site()
    with ExitStack() as servers:
        server = servers.enter_context(Server(handler(site)))
        site.url = server.url
        site.body = site.tag(collector.url)
        collector.origins.add(site.url)
        yield site


@pytest.fixture
def check(tmp_path: Path, site: Site) -> Callable[..., Told]:
    """Run the command on the site's page, in a folder without settings."""
    if find_chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have a browser")
        pytest.skip("no Chromium or Chrome on this machine")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LOGDIG_")}

    def run(*arguments: str, page: str = "page.html", settings: str = "") -> Told:
        (tmp_path / "logdig.toml").write_text(settings)
        command = [sys.executable, "-c", "from cli.main import main; main()", "check", f"{site.url}/{page}", "--json"]
        ended = subprocess.run(
            [*command, "--seconds", "60", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert ended.stdout, ended.stderr
        report = json.loads(ended.stdout)
        return Told(ended.returncode, {finding.pop("name"): finding for finding in report["findings"]})

    return run


def test_check_finds_nothing_red_when_the_page_records(check: Callable[..., Told], collector: Collector) -> None:
    told = check()

    assert {name: finding["ok"] for name, finding in told.findings.items()} == dict.fromkeys(NAMES, True)
    assert told.code == 0
    assert told.what("event") == "page: accepted by the collector, and queued"
    assert [event["type"] for event in collector.acts] == ["page"]


def test_check_tells_a_token_that_the_collector_does_not_know(
    check: Callable[..., Told], site: Site, collector: Collector
) -> None:
    site.body = site.tag(collector.url, token="pk_of_another_shop")

    told = check(settings=f'[[apps]]\nname = "shop"\ntoken = "pk_of_the_shop"\norigins = ["{site.url}"]\n')

    assert (told.code, told.red) == (1, ["token", "event"])
    assert told.what("token") == "the collector does not know pk_of_another_shop"
    assert "HTTP 401" in told.what("event")


def test_check_tells_an_origin_that_is_not_registered(
    check: Callable[..., Told], site: Site, collector: Collector
) -> None:
    collector.origins.clear()

    told = check()

    assert (told.code, told.red) == (1, ["origin", "event"])
    assert site.url in told.what("origin")
    assert f'add "{site.url}"' in told.findings["origin"]["next"]
    assert told.findings["token"]["ok"] is None


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("script-src 'none'", "script-src blocks {site}/site.js"),
        ("connect-src 'self'", "connect-src blocks {collector}"),
        ("default-src 'self'", "connect-src blocks {collector}"),
        ("default-src 'none'", "script-src blocks {site}/site.js; connect-src blocks {collector}"),
    ],
)
def test_check_tells_what_the_security_policy_blocks(
    check: Callable[..., Told], site: Site, collector: Collector, policy: str, words: str
) -> None:
    site.headers["Content-Security-Policy"] = policy

    told = check(*NO_EVENT)

    assert told.what("csp").startswith(words.format(site=site.url, collector=collector.url).split(";")[0])
    assert {"csp", "event"} <= set(told.red)
    assert told.findings["collector"]["ok"] is told.findings["token"]["ok"] is told.findings["origin"]["ok"] is True


def test_check_finds_nothing_red_when_a_policy_allows_script_and_collector(
    check: Callable[..., Told], site: Site, collector: Collector
) -> None:
    site.headers["Content-Security-Policy"] = f"default-src 'none'; script-src 'nonce-a1'; connect-src {collector.url}"
    site.body = site.tag(collector.url, more='nonce="a1" data-sample-rate="1"')

    assert check().red == []


@pytest.mark.parametrize("is_catch_all", [False, True])
def test_check_names_a_part_that_is_missing(check: Callable[..., Told], site: Site, *, is_catch_all: bool) -> None:
    site.missing, site.is_catch_all = ("failure.js",), is_catch_all

    told = check()

    assert (told.code, told.red) == (1, ["parts"])
    assert "site.failure.js (" + ("text/html" if is_catch_all else "HTTP 404") in told.what("parts")


def test_check_says_that_no_event_came_when_the_part_for_the_options_is_missing(
    check: Callable[..., Told], site: Site, collector: Collector
) -> None:
    site.missing, site.body = ("options.js",), site.tag(collector.url, more='data-sample-rate="1"')

    told = check(*NO_EVENT)

    assert told.red == ["parts", "event"]
    assert "parts" in told.findings["event"]["next"]


def test_check_names_the_script_when_it_is_missing(check: Callable[..., Told], site: Site) -> None:
    site.missing = ("js",)

    told = check(*NO_EVENT)

    assert told.red == ["script", "event"]
    assert "site.js: HTTP 404" in told.what("script")


@pytest.mark.parametrize("name", ["clicktracker", "clickTracker"])
def test_check_tells_a_name_that_blockers_know(
    check: Callable[..., Told], site: Site, collector: Collector, name: str
) -> None:
    site.body = site.tag(collector.url, script=name)

    told = check()
    ignored = check("--ignore", "blockers")

    assert (told.code, told.red) == (1, ["blockers"])
    assert (ignored.code, ignored.red) == (0, ["blockers"])


def test_check_is_open_about_a_page_that_asks_for_consent_and_goes_on_when_told_to_agree(
    check: Callable[..., Told], site: Site, collector: Collector
) -> None:
    site.body = site.tag(collector.url, more='data-consent="ask"')

    told = check(*NO_EVENT)
    posts = [post for post in collector.posts if post.events]
    agreed = check("--agree")

    assert (told.code, told.red, posts) == (0, [], [])
    assert (told.findings["consent"]["ok"], told.findings["event"]["ok"]) == (None, None)
    assert "--agree" in told.findings["consent"]["next"]
    assert (agreed.red, agreed.findings["event"]["ok"]) == ([], True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<h1>Shop</h1>", "no tracker in the page"),
        ('<script src="/site.js" data-token="pk_test"></script>', "no data-endpoint"),
        ('<script src="/clicktracker.js"></script>', "no data-token"),
        (
            '<script type="module" src="/site.js" data-token="pk_test" data-endpoint="http://127.0.0.1:1"></script>',
            "module",
        ),
    ],
)
def test_check_tells_a_tag_that_cannot_start(check: Callable[..., Told], site: Site, body: str, words: str) -> None:
    site.body = body

    told = check(*NO_EVENT)

    assert {"tag", "event"} <= set(told.red)
    assert words in told.what("tag")


def test_check_tells_a_collector_that_does_not_answer(check: Callable[..., Told], site: Site) -> None:
    site.body = site.tag("http://127.0.0.1:9")

    told = check(*NO_EVENT)

    assert told.red == ["collector", "event"]
    assert "ECONNREFUSED" in told.what("collector")


def test_check_gives_the_collectors_reason_when_it_rejects_the_event(
    check: Callable[..., Told], site: Site, collector: Collector
) -> None:
    reply = {
        "accepted": 0,
        "duplicates": 0,
        "rejected": [{"index": 0, "field": "page.title", "reason": "too\x1b[2J long"}],
    }
    collector.choose = lambda body: Answer(202, body=reply) if body["events"] else None

    told = check()

    assert told.red == ["event"]
    assert told.what("event") == "rejected by the collector: page.title: too\x1b[2J long"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(404, "text/html", "answers HTTP 404"), (200, "application/pdf", "not HTML"), (200, "text/plain", "not HTML")],
)
def test_check_says_only_that_there_is_no_page_when_there_is_none(
    check: Callable[..., Told], site: Site, status: int, kind: str, words: str
) -> None:
    site.status, site.headers = status, {"Content-Type": kind}

    told = check()

    assert (told.code, told.red) == (1, ["page"])
    assert words in told.what("page")
    assert {finding["ok"] for name, finding in told.findings.items() if name != "page"} == {None}
