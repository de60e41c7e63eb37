"""Words of our own do not come back: pages use the terms that the field uses."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

FOLDERS = (
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "bench"),
    *("logdig", "api", "lambdas", "analytics", "dashboard", "infra", "demo", "cli", "tools", "clicktracker_js"),
)
"""Files and folders that are checked. In a folder of sources: comments and strings of Python, all of JavaScript."""

MADE_FROM_SOURCES = ("commands.md",)
"""Pages that tools write: what is wrong there is wrong in the source."""

PRIVATE = (
    r"roads?",
    r"doors?",
    r"mend(s|ed|ing)?",
    r"suspects?",
    r"surroundings",
    r"(take|takes|taken|taking|took)( \w+){0,3} up",
    r"parted",
    r"(tell|tells|told|telling)( \w+){0,3} apart",
    r"none of (ours|LogDig's)",
    r"ang(ry|er)",
)
"""What must not be said. Terms to use instead: docs/design.md, "Words"."""

PUBLIC = r'front[_-]door|"Road"'
"""Names that users type or see: the setting, the option, a title in the demo's music site."""


def private_words(text: str) -> list[str]:
    """Private words of a text, names that users type left out."""
    text = re.sub(PUBLIC, "", text)
    pattern = "|".join(PRIVATE)
    return [found[0] for found in re.finditer(rf"(?<![a-z])({pattern})(?![a-z])", text, re.IGNORECASE)]


def spoken(path: Path) -> str:
    """What a file says: of Python its comments and strings, of everything else the whole text."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    says = (tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
    return "\n".join(
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type in says
    )


def checked(name: str) -> list[Path]:
    """Files of one entry of FOLDERS."""
    path = ROOT / name
    if path.is_file():
        return [path]
    files = [file for suffix in ("md", "py", "js", "mjs", "ts") for file in path.rglob(f"*.{suffix}")]
    skipped = {"vendor", "node_modules", "dist"}
    named = {*MADE_FROM_SOURCES, Path(__file__).name}
    return [file for file in files if file.name not in named and not skipped & set(file.parts)]


@pytest.mark.parametrize("name", FOLDERS)
def test_pages_and_sources_use_no_private_words(name: str) -> None:
    files = checked(name)
    said = [f"{file.relative_to(ROOT)}: {word}" for file in files for word in private_words(spoken(file))]

    assert files
    assert said == []


@pytest.mark.parametrize(
    "text",
    [
        "the whole road",
        "Doors",
        "mended ones",
        "Suspects",
        "surroundings",
        "takes the data up again",
        "parted by commas",
        "copies are told apart",
        "none of ours",
        "an angry click",
    ],
)
def test_private_word_is_found_when_a_page_says_it(text: str) -> None:
    assert len(private_words(f"Here: {text}.")) == 1


@pytest.mark.parametrize("text", ["`front_door`", "--front-door", "the roadmap", "recommend", "departed", "danger"])
def test_no_private_word_is_found_in_public_names_and_longer_words(text: str) -> None:
    assert private_words(text) == []


def test_python_source_is_checked_in_comments_and_strings_only(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text('road = 1  # a door\nmend = "suspects"\n', encoding="utf-8")

    assert private_words(spoken(source)) == ["door", "suspects"]
