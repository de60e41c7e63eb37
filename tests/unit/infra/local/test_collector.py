"""The local collector says once which sender it refuses and what to do, and has the tracker's files."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.collector import NOTICES_LIMIT, TRACKER, Refusals, token_of, tracker_file
from infra.local.notices import MARK, NoticeReader, notice
from logdig.config.settings import AppSettings, PreviousToken, Settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)
SETTINGS = Settings(
    apps=(
        AppSettings(name="shop", token="pk_shop_1234", previous_tokens=(PreviousToken("pk_shop_0000", NOW),)),
        AppSettings(name="old", token="pk_old_12345", disabled=True),
    )
)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def refusals(lines: list[str]) -> Refusals:
    return Refusals(SETTINGS, {}, lines.append, lambda: NOW)


def test_refused_origin_is_told_once_when_it_comes_again(refusals: Refusals, lines: list[str]) -> None:
    for origin in ("https://a.example", "https://b.example", "https://a.example"):
        refusals.note(403, origin, "")

    assert [line.split(":", 1)[0] for line in lines] == ["refused origin 'https", "refused origin 'https"]
    assert "'https://a.example'" in lines[0]
    assert "origins in logdig.toml" in lines[0]


@pytest.mark.parametrize(
    "token, advice",
    [
        ("pk_nobody_1", "no app has it; use one of these in the tag's data-token: pk_shop_1234 (shop)"),
        ("pk_shop_0000", "it was rotated and has expired; tokens that hold: pk_shop_1234 (shop)"),
        ("pk_old_12345", "its app is disabled; 'logdig app enable NAME'"),
        ("pk_shop_1234", "signed with another secret"),
    ],
)
def test_refused_token_is_told_once_with_what_to_do(
    refusals: Refusals, lines: list[str], token: str, advice: str
) -> None:
    refusals.note(401, "http://localhost:5173", token)
    refusals.note(401, "http://localhost:5174", token)

    (line,) = lines
    assert line.startswith(f"refused token '{token}'")
    assert advice in line


def test_refusals_stop_when_a_sender_makes_up_tokens(refusals: Refusals, lines: list[str]) -> None:
    for number in range(NOTICES_LIMIT + 50):
        refusals.note(401, "", f"pk_{number}" + "x" * 10_000)

    assert len(lines) == NOTICES_LIMIT
    assert max(map(len, lines)) < 300


@pytest.mark.parametrize(
    "body, encoding, token",
    [
        (b'{"token":"pk_1","events":[]}', "", "pk_1"),
        (gzip.compress(b'{"sent_at":1,"token" : "pk_2"}', mtime=0), "gzip", "pk_2"),
        (b"\x1f\x8bdamaged", "gzip", ""),
        (b'{"token":5}', "", ""),
        (b"", "", ""),
    ],
)
def test_token_of_reads_a_body_of_any_kind(body: bytes, encoding: str, token: str) -> None:
    assert token_of(body, encoding) == token


def test_tracker_file_is_each_script_of_the_build_and_nothing_else() -> None:
    scripts = [path.name for path in TRACKER.iterdir() if path.suffix in (".js", ".mjs")]

    assert all(tracker_file(f"/{name}") == (TRACKER / name).read_bytes() for name in scripts)
    assert tracker_file("/logdig.js") == (TRACKER / "clicktracker.js").read_bytes()
    assert tracker_file("/logdig.options.js") == (TRACKER / "clicktracker.options.js").read_bytes()
    others = (
        "/clicktracker",
        "/../clicktracker.js",
        "/clicktracker.none.js",
        "/",
        "/clicktracker.js/",
        "/package.json",
    )
    assert [tracker_file(path) for path in others] == [None] * len(others)


def test_notices_are_read_once_and_whole_when_the_log_grows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notice("refused \x1b[2J\nforged")
    printed = capsys.readouterr().out
    log = tmp_path / "part.log"
    reader = NoticeReader([log])
    assert (printed.count("\n"), reader.new()) == (1, [])

    log.write_text(f"noise\n{printed}{MARK}half")
    assert reader.new() == ["refused  [2J forged"]
    log.write_text(f"noise\n{printed}{MARK}half a line\n")

    assert (reader.new(), reader.new()) == (["half a line"], [])
