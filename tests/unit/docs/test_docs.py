"""Documents move with the code: what exists is documented, and what is linked exists."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec

from logdig.config.loader import ENVIRONMENT_KEYS
from logdig.config.settings import (
    AppSettings,
    FlushSettings,
    OfferSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
)
from tools import tables_page

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_settings_page_names_every_key_and_variable() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    structs = (Settings, AppSettings, FlushSettings, OfferSettings, RetentionSettings, ScheduleSettings)
    keys = {field.name for struct in structs for field in msgspec.structs.fields(struct)}

    missing = [
        key
        for key in keys - {"apps", "flush", "offers", "retention", "schedules"} | set(ENVIRONMENT_KEYS)
        if f"| `{key}` |" not in text
    ]

    assert missing == []


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
