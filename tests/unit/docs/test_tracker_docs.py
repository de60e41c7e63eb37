"""docs/tracker.md names every command, option, attribute, file and reason of the tracker's source, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "clicktracker_js" / "src"
DOCS = (ROOT / "docs" / "tracker.md").read_text(encoding="utf-8")


def source(name: str) -> str:
    """Text of one file of the source."""
    return (SOURCE / name).read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """First cells of the tables of one section."""
    section = DOCS.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| `")]


def test_every_command_is_documented() -> None:
    block = source("commands.js").split("export const commands")[1]
    commands = set(re.findall(r"^  (\w+): \(", block, re.MULTILINE)) | {"init"}

    documented = {name for row in rows("Commands") for name in re.findall(r"logdig\('(\w+)'", row)}

    assert len(commands) == 14
    assert documented == commands


def test_every_option_is_documented_with_its_attribute() -> None:
    started = re.search(r"const init = \(\{([^}]*)\}", source("start.js"))
    brought = re.search(r"const \{([^}]*)\} = validated", source("parts/options.js"))
    assert started
    assert brought
    named = [re.split("[:=]", part)[0].strip() for part in (started[1] + "," + brought[1]).split(",")]
    options = set(named) - {"...options"}
    attributes = {"data-" + re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), name) for name in options}

    documented = {row.strip("`") for row in rows("Attributes") if not row.startswith("`data-logdig-")}
    typed = set(re.findall(r"^  (\w+)\??:", source("module.d.ts").split("interface Decision")[0], re.MULTILINE))

    assert len(options) == 14
    assert documented == attributes
    assert typed == options


def test_every_attribute_of_elements_is_documented() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.js"))
    named = {name.rstrip("-") for name in re.findall(r"data-logdig-[a-z-]+", text)}
    named |= {"data-" + re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), name) for name in
              re.findall(r"dataset\.(logdig\w+)", text)}  # fmt: skip

    documented = {row.strip("`").removesuffix("-*") for row in rows("Attributes") if row.startswith("`data-logdig-")}

    assert documented == named


def test_every_reason_and_file_is_documented() -> None:
    reasons = set(re.findall(r"'(\w+)'", source("queue.js").split("@typedef")[1].split("} Reason")[0]))
    built = {path.name for path in (ROOT / "clicktracker_js" / "dist").iterdir()}

    told = re.search(r"counted by reason \(([^)]*)\)", DOCS)
    files = {name for row in rows("Files") for name in re.findall(r"`([^`]+)`", row)}

    assert told
    assert set(re.findall(r"`(\w+)`", told[1])) == reasons
    assert files == built
