"""The catalogues of words: the same keys in every language, and none that a script uses is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import dashboard

STATIC = Path(dashboard.__file__).parent / "static"
CATALOGUES = {path.stem: json.loads(path.read_text()) for path in sorted((STATIC / "words").glob("*.json"))}
SCRIPTS = [path for path in sorted(STATIC.rglob("*.js")) if "vendor" not in path.parts]
HOLE = re.compile(r"\{\w+\}")


def flat(part: Any, path: str = "") -> dict[str, str]:
    if isinstance(part, str):
        return {path: part}
    return {
        key: text
        for name, below in part.items()
        for key, text in flat(below, f"{path}.{name}" if path else name).items()
    }


WORDS = {language: flat(found) for language, found in CATALOGUES.items()}


def test_there_are_english_and_korean() -> None:
    assert {"en", "ko"} <= set(WORDS)


@pytest.mark.parametrize("language", WORDS)
def test_catalogue_has_the_keys_and_holes_of_english_and_no_empty_text(language: str) -> None:
    own, english = WORDS[language], WORDS["en"]

    assert own.keys() == english.keys()
    assert all(own.values())
    assert {key: set(HOLE.findall(text)) for key, text in own.items()} == {
        key: set(HOLE.findall(text)) for key, text in english.items()
    }


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(STATIC)))
def test_words_of_a_script_are_in_the_catalogue(script: Path) -> None:
    text = script.read_text()
    whole = set(re.findall(r"\bt\('([a-z]\w*(?:\.[\w-]+)+)'", text)) | set(re.findall(r"labelled\('([\w.]+)'", text))
    begun = set(re.findall(r"\bt\(`([a-z]\w*(?:\.[\w-]+)*\.)\$\{", text))

    assert whole - WORDS["en"].keys() == set()
    assert {prefix for prefix in begun if not any(key.startswith(prefix) for key in WORDS["en"])} == set()
