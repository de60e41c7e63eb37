"""Documents move with the code: what exists is documented, and what is linked exists."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from analytics.jobs.registry import JOBS
from logdig.config.frustration import FrustrationSettings
from logdig.config.goals import GoalSettings, PageSettings
from logdig.config.loader import ENVIRONMENT_KEYS
from logdig.config.offers import SmsSettings
from logdig.config.settings import (
    AppSettings,
    FlushSettings,
    ListeningSettings,
    OfferSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
    WordSettings,
)
from tools import tables_page

ROOT = Path(__file__).resolve().parents[3]
ACTIVATE = "`. .venv/bin/activate`"
LAYERS = [
    contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    if contract["type"] == "layers"
]
SOURCES = ("analytics", "api", "cli", "dashboard", "demo", "infra", "lambdas", "logdig")
VARIABLE = re.compile(
    r"""LOGDIG_[A-Z][A-Z_]+|(?<=environ\[")[A-Z_]+|(?<=environ\.get\(")[A-Z_]+|(?<=environment\.get\(")[A-Z_]+"""
)
INNER_VARIABLES = {"PATH", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"}
"""Of the system, and those that LogDig sets for its own processes."""
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


SECTIONS = {"apps", "flush", "listening", "offers", "retention", "schedules", "words"}
"""Settings that have keys of their own."""


def test_settings_page_names_every_key_and_variable() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    structs = (
        *(Settings, AppSettings, FlushSettings, OfferSettings, RetentionSettings, ScheduleSettings),
        *(PageSettings, GoalSettings, FrustrationSettings, SmsSettings),
    )
    keys = {field.name for struct in structs for field in msgspec.structs.fields(struct)}
    keys |= {
        f"{name}.{field.name}"
        for name, struct in (("listening", ListeningSettings), ("words", WordSettings))
        for field in msgspec.structs.fields(struct)
    }

    missing = [
        key
        for key in keys - {"apps", "flush", "listening", "offers", "retention", "schedules", "words"}
        | set(ENVIRONMENT_KEYS)
        if f"| `{key}` |" not in text
    ]

    assert missing == []


def test_settings_page_names_every_variable_that_the_sources_read() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    files = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py") if "vendor" not in path.parts]
    sources = [path.read_text("utf-8") for path in files]
    read = {name.rstrip("_") for source in sources for name in VARIABLE.findall(source)}

    missing = sorted(name for name in read - INNER_VARIABLES if f"`{name}" not in text)

    assert missing == []


def test_jobs_page_lists_every_job_in_order_with_what_it_does_and_reads() -> None:
    text = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
    rows = [f"| `{name}` | {job.meaning} | {', '.join(job.sources)} |" for name, job in JOBS.items()]

    listed = [line for line in text.partition("## All jobs")[2].partition("\n## ")[0].splitlines() if "| `" in line]

    assert listed == rows


def test_commands_page_is_fresh() -> None:
    # A process of its own: click remembers the help option of commands that other tests called by themselves.
    check = subprocess.run([sys.executable, "-m", "tools.commands_page", "--check"], cwd=ROOT, check=False)

    assert check.returncode == 0, "run: python -m tools.commands_page"


def test_tables_page_is_fresh() -> None:
    assert tables_page.main(["--check"]) == 0, "run: python -m tools.tables_page"


def test_pages_link_only_to_files_that_exist() -> None:
    broken = []
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if not target.startswith(("http:", "https:", "mailto:")) and not (path.parent / target).exists():
                broken.append(f"{path.name}: {target}")

    assert broken == []


def test_index_links_every_page() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")

    assert [
        path.name for path in (ROOT / "docs").glob("*.md") if path.name != "index.md" and path.name not in text
    ] == []


def first_command(text: str) -> int | None:
    """Where a page first names a command of LogDig, in a block or inline."""
    found = re.search(r"(?:^|`)(?:\$ )?logdig [a-z]", text, re.MULTILINE)
    return found.start() if found else None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_says_how_to_activate_the_environment_before_its_first_command(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    command = first_command(text)
    told = text.find(ACTIVATE)

    assert text.count(ACTIVATE) <= 1
    assert command is None or 0 <= told < command, f"say {ACTIVATE} at the top of {path.name}"


@pytest.mark.parametrize("page", ["`logdig flush`", "```\nlogdig dev\n```", "| `logdig app list` |"])
def test_first_command_is_found_inline_and_in_blocks(page: str) -> None:
    assert first_command(page) is not None


@pytest.mark.parametrize("page", ["`logdig.toml`", "logdig('track')", "`logdig/flush`"])
def test_first_command_is_none_for_files_and_calls_of_the_tracker(page: str) -> None:
    assert first_command(page) is None


def test_pages_start_server_and_dashboard_by_their_commands() -> None:
    old = [
        path.name for path in PAGES if re.search(r"python -m (api\.server|dashboard|api\.dashboard)", path.read_text())
    ]

    assert old == []


def drawn_layers(heading: str) -> list[str]:
    """Layers of one block of docs/design.md: what stands before two spaces or more."""
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    block = text.split(f"### {heading}\n")[1].split("```")[1]
    return [re.split(r"  +", line)[0] for line in block.strip().splitlines()]


@pytest.mark.parametrize("contract", LAYERS, ids=lambda contract: contract["name"])
def test_design_draws_the_layers_of_the_import_contract_in_order(contract: dict[str, list[str]]) -> None:
    folder = ROOT / contract.get("containers", [""])[0]
    there = [
        layer for layer in contract["layers"] if not layer.startswith("(") or (folder / layer.strip("()")).exists()
    ]

    assert drawn_layers(str(contract["name"])) == [layer.strip("()") for layer in there]


def test_promises_are_numbered_in_one_place() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    numbers = re.findall(r"^\| P(\d+) \|.*\|$", page, re.MULTILINE)
    told = [path.name for path in PAGES if re.search(r"^(\| P1 \||1\. A 2xx)", path.read_text("utf-8"), re.MULTILINE)]

    assert numbers == [str(number) for number in range(1, 11)]
    assert told == ["reliability.md"]


def test_reliability_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:tests|bench)/[\w/.]+)`", page))
    files |= {f"tests/faults/{name}" for name in re.findall(r"`(test_[\w*]+\.py)`", page.split("## Report")[0])}
    functions = set(re.findall(r"`(test_\w+)`", page))
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "faults").glob("test_*.py"))

    assert files
    assert functions
    assert [name for name in sorted(files) if not list(ROOT.glob(name))] == []
    assert [name for name in sorted(functions) if f"def {name}(" not in written] == []


def test_extension_guide_names_files_that_exist() -> None:
    page = (ROOT / "docs" / "extend.md").read_text(encoding="utf-8")
    named = [name for name in re.findall(r"`([\w.]+/[\w/.]*)`", page) if name != "dist/"]

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
