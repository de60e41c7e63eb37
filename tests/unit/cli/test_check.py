"""`logdig check`: lines, exit code, and what it says when the browser is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result

from cli import page_visit
from cli.commands import check
from logdig.check.facts import Finding, PageFacts, Response
from logdig.config.settings import Settings
from logdig.errors import MissingPartError
from tests.unit.check.test_findings import GOOD, TAG

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command on facts instead of a page."""
    monkeypatch.setattr(check, "read_settings", Settings)

    def call(facts: PageFacts, *arguments: str) -> Result:
        monkeypatch.setattr(page_visit, "visit", lambda *_arguments, **_options: facts)
        return CliRunner().invoke(check.command, ["https://shop.example/", *arguments])

    return call


def test_check_ends_with_success_when_nothing_is_red(run: Run) -> None:
    told = run(GOOD)

    assert told.exit_code == 0
    assert {line.split()[0] for line in told.stdout.splitlines()} == {"green"}


def test_check_ends_with_failure_and_says_what_to_do_when_a_line_is_red(run: Run) -> None:
    told = run(replace(GOOD, page=Response("https://shop.example/", 500, "text/html")))

    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "red   page        https://shop.example/ answers HTTP 500",
        "                  next: name a page that visitors can open",
    ]
    assert told.stderr == "1 red: page\n"


def test_check_ends_with_success_when_the_only_red_line_is_ignored(run: Run) -> None:
    facts = replace(GOOD, tags=(replace(TAG, src="https://shop.example/clicktracker.js"),))

    told = run(facts, "--ignore", "blockers", "--json")

    report = json.loads(told.stdout)
    assert (told.exit_code, report["ok"]) == (0, True)
    assert [row["name"] for row in report["findings"] if row["ok"] is False] == ["blockers"]


def test_line_is_escaped_when_it_would_steer_a_terminal() -> None:
    line = check.line_of(Finding("event", None, "rejected: \x1b[2J", "\x07"))

    assert r"\x1b[2J" in line
    assert r"next: \x07" in line


@pytest.mark.parametrize(
    "url", ["shop.example", "ftp://shop.example/", "https://", "http://[", "https://a b/", "https://a/\x1b"]
)
def test_check_refuses_what_is_no_address_of_a_page(url: str) -> None:
    told = CliRunner().invoke(check.command, [url])

    assert told.exit_code == 2
    assert "an address such as https://shop.example/" in told.output


def test_check_takes_an_address_with_a_query(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def visit(url: str, *_arguments: object, **_options: object) -> PageFacts:
        opened.append(url)
        return GOOD

    monkeypatch.setattr(page_visit, "visit", visit)

    CliRunner().invoke(check.command, ["https://a/?b=1&c=%20#d"])

    assert opened == ["https://a/?b=1&c=%20#d"]


@pytest.mark.parametrize("name", ["playwright", "playwright.sync_api"])
def test_check_says_how_to_get_playwright_when_it_is_missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(MissingPartError, match=r"pip install -e '\.\[capture\]'"):
        page_visit.visit("https://shop.example/", 1, agree=False)
