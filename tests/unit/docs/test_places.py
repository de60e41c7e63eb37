"""Modules and files that a page, comment or text of the sources names are there: no move leaves an old place behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
FOLDERS = (*(name for name in PACKAGES if name != "tests"), "bench", "docs", "clicktracker_js")
SUFFIXES = ("py", "md", "toml", "js", "mjs", "json", "sh", "zpln", "yml", "config")
SKIPPED = {"vendor", "node_modules", "dist"}
EXAMPLES = {"CHANGELOG.md", "add-a-mart.md"}
"""Pages that name older places, or a module that the reader writes."""

# In backticks or quotes, so that an attribute in code is not taken for a module; two names or more below the package.
MODULE = re.compile(rf"""[`"']((?:{"|".join(PACKAGES)})(?:\.[A-Za-z_]\w*){{2,}})[`"':]""")
FILE = re.compile(rf"(?<![\w./@:-])((?:{'|'.join((*FOLDERS, 'tests'))})/[\w./-]+\.(?:py|md|js|mjs|zpln))\b")


def is_there(name: str) -> bool:
    """Whether a dotted name is a package, a module, or what a module defines."""
    path, parts = ROOT, name.split(".")
    while parts and (path / parts[0]).is_dir():
        path /= parts.pop(0)
    if not parts:
        return True
    module = path / f"{parts[0]}.py"
    if module.exists():
        return len(parts) == 1 or re.search(rf"\b{parts[1]}\b", module.read_text(encoding="utf-8")) is not None
    return re.search(rf"\b{parts[0]}\b", (path / "__init__.py").read_text(encoding="utf-8")) is not None


def missing(text: str) -> list[str]:
    """Modules and files that a text names and that are not there."""
    modules = [found for found in MODULE.findall(text) if not is_there(found)]
    return modules + [found for found in FILE.findall(text) if not (ROOT / found).exists()]


def sources() -> list[Path]:
    """Every file of the project that may name a place."""
    files = [path for folder in FOLDERS for suffix in SUFFIXES for path in (ROOT / folder).rglob(f"*.{suffix}")]
    files += [path for path in ROOT.iterdir() if path.suffix in {".md", ".toml"} or path.name == "Makefile"]
    files += list((ROOT / "infra").rglob("Dockerfile"))
    files += [path for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name]
    return [path for path in files if path.name not in EXAMPLES and not SKIPPED & set(path.parts)]


def test_every_place_that_a_file_names_is_there() -> None:
    files = sources()
    stale = [f"{path.relative_to(ROOT)}: {name}" for path in files for name in missing(path.read_text("utf-8"))]

    assert len(files) > 300
    assert stale == []


@pytest.mark.parametrize(
    "text",
    ['"infra.doors.server"', "`logdig.lake.Marts`", "`analytics.model.splits.nothing`", "see analytics/upkeep.py"],
)
def test_place_is_missing_when_nothing_is_there(text: str) -> None:
    assert len(missing(text)) == 1


@pytest.mark.parametrize("text", ["`analytics.model.targets.retire`", "`analytics.model`", "docs/index.md"])
def test_place_is_not_missing_when_it_is_there(text: str) -> None:
    assert missing(text) == []
