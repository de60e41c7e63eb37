"""The committed dist/ is what the source builds, and every file of it stays within its budget of bytes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import brotli
import pytest

from tests.browser.node import TRACKER, run

DIST = TRACKER / "dist"
BUDGET_BYTES = {
    "clicktracker.js": 6894,
    "clicktracker.mjs": 6857,
    "clicktracker.debug.js": 500,
    "clicktracker.decide.js": 399,
    "clicktracker.effects.js": 597,
    "clicktracker.experiment.js": 431,
    "clicktracker.failure.js": 762,
    "clicktracker.move.js": 908,
    "clicktracker.options.js": 1173,
    "clicktracker.overlay.js": 6144,
}
"""Brotli at its best. To let a file grow, change its figure in the same commit and say why."""
BUILT = sorted([*BUDGET_BYTES, "clickTracker.js", "clicktracker.d.mts"])
CONTEXT = {
    "config",
    "countDropped",
    "currentConsent",
    "customerId",
    "isOptedOut",
    "noteEffect",
    "pageAge",
    "pageFields",
    "read",
    "readVisitor",
    "record",
    "remove",
    "reporters",
    "selectorOf",
    "write",
}
CONFIG = {
    "api",
    "cleanFragment",
    "consent",
    "decide",
    "envelope",
    "filter",
    "isBlocked",
    "isRecorded",
    "keepsParameter",
    "scrollerOf",
    "token",
}
"""Names that the script and its parts share. A cached part of an older build asks for them: add names, rename none."""


@pytest.mark.usefixtures("tools")
def test_dist_is_what_the_source_builds(tmp_path: Path) -> None:
    built = run("node", "build.mjs", str(tmp_path))

    assert built.returncode == 0, built.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == BUILT
    assert sorted(path.name for path in DIST.iterdir()) == BUILT
    for name in BUILT:
        assert (tmp_path / name).read_bytes() == (DIST / name).read_bytes(), f"{name}: run npm run build and commit it"


@pytest.mark.parametrize("name", BUDGET_BYTES)
def test_built_file_stays_within_its_budget(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    content = (DIST / name).read_bytes()

    size = len(brotli.compress(content, quality=11))

    with capsys.disabled():
        print(f"\n{name}: {len(content):,} bytes, {size:,} brotli (budget {BUDGET_BYTES[name]:,})")
    assert size <= BUDGET_BYTES[name]


def test_shared_names_stay_when_parts_of_another_build_are_cached() -> None:
    context = re.search(
        r"export const context = \{(.*?)\n\}", (TRACKER / "src" / "context.js").read_text("utf-8"), re.DOTALL
    )
    settings = (TRACKER / "src" / "config.js").read_text("utf-8")
    assert context

    assert set(re.findall(r"^  (\w+)", context[1], re.MULTILINE)) >= CONTEXT
    assert set(re.findall(r"@property \{.*\} \[?(\w+)", settings)) >= CONFIG


@pytest.mark.parametrize("name", [name for name in BUDGET_BYTES if name.count(".") == 2])
def test_built_part_asks_for_shared_names_in_full(name: str) -> None:
    built = (DIST / name).read_text("utf-8")
    script = (DIST / "clicktracker.js").read_text("utf-8")

    exported = re.search(r"export\{(\w+) as run\}", built)
    assert exported
    asked = re.search(rf"\b{exported[1]}=(?:async)?\(\{{([^}}]*)\}}", built)

    assert asked
    names = re.findall(r"(\w+):", asked[1])
    assert names
    assert set(names) <= CONTEXT
    assert [shared for shared in names if not re.search(rf"[{{,]{shared}:", script)] == []


def test_library_knows_no_tracker() -> None:
    files = list((TRACKER / "src" / "lib").glob("*.js"))

    assert files
    for path in files:
        text = path.read_text("utf-8")
        assert "logdig" not in text.lower(), path.name
        assert all(name.startswith("./") for name in re.findall(r"from '([^']*)'", text)), path.name


def test_every_file_of_the_source_is_short() -> None:
    long = {path.name: len(path.read_text("utf-8").splitlines()) for path in (TRACKER / "src").rglob("*.js")}

    assert {name: lines for name, lines in long.items() if lines > 150} == {}


def test_name_of_2016_is_the_same_script() -> None:
    assert (DIST / "clickTracker.js").read_bytes() == (DIST / "clicktracker.js").read_bytes()


def test_lock_file_names_exact_versions_and_no_registry() -> None:
    package = json.loads((TRACKER / "package.json").read_text(encoding="utf-8"))
    lock = (TRACKER / "package-lock.json").read_text(encoding="utf-8")

    assert all(version[0].isdigit() for version in package["devDependencies"].values())
    assert "dependencies" not in package
    assert '"resolved"' not in lock
    assert "://" not in lock.replace('"url": "https://', "")
