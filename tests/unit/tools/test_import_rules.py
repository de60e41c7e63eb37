"""The import rules hold: each contract of pyproject.toml breaks when one forbidden import is planted.

Every plant is a real line in a copy of the packages, and import-linter itself reads the copy. All plants share one
process, since starting Python and importing the linter takes longer than reading the packages.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
RULES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = RULES["contracts"]
LAYERED = [contract for contract in CONTRACTS if contract["type"] == "layers"]
FORBIDDEN = [contract for contract in CONTRACTS if contract["type"] == "forbidden"]
PACKAGES: list[str] = RULES["root_packages"]
HOUSE, CORE = "The house, top to bottom", "The core, top to bottom"
FRAMEWORKS, AWS = "The core knows no framework and no Spark", "AWS libraries stay in the adapters"
AWS_ADAPTERS = {"logdig.aws", "logdig.queue", "logdig.store", "logdig.marts"}

LINT = """
import json, sys
from pathlib import Path

sys.path.insert(0, "")
from importlinter import cli
from importlinter.application.output import console

outputs = []
for path, line in json.load(sys.stdin):
    planted, before = Path(path), None
    if planted.exists():
        before = planted.read_text(encoding="utf-8")
    planted.parent.mkdir(exist_ok=True)
    planted.write_text((before or "") + line, encoding="utf-8")
    with console.capture() as captured:
        cli.lint_imports(config_filename="pyproject.toml", no_cache=True, no_logo=True)
    outputs.append(captured.get())
    if before is None:
        planted.unlink()
    else:
        planted.write_text(before, encoding="utf-8")
    if path.endswith("/newcomer/__init__.py"):
        planted.parent.rmdir()
json.dump(outputs, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Plant:
    """One line in one module, and the contract that it breaks."""

    importer: str
    imported: str
    contract: str
    line: str = "import {}"

    @property
    def path(self) -> str:
        """File of the importer, from the root; in a package it is a new module called ``planted``."""
        folder = Path(*self.importer.split("."))
        return f"{folder}/planted.py" if (ROOT / folder).is_dir() else f"{folder}.py"

    @property
    def text(self) -> str:
        """The line that is added."""
        return "\n" + self.line.format(self.imported) + "\n"


def _exists(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def _rows(contract: dict[str, list[str]]) -> list[list[str]]:
    """Layers of one contract, top first, as full names of the modules that exist."""
    containers = contract.get("containers", [""])
    prefix = containers[0] + "." if containers[0] else ""
    rows = [[prefix + tail.strip(" ()") for tail in layer.split("|")] for layer in contract["layers"]]
    return [row for row in ([name for name in row if _exists(name)] for row in rows) if row]


def _layer_plants() -> list[Plant]:
    """For each layer an import of the layer above it, and one between two packages that stand side by side."""
    plants = []
    for contract in LAYERED:
        rows = _rows(contract)
        for above, below in itertools.pairwise(rows):
            plants += [Plant(name, above[0], contract["name"]) for name in below]
        plants += [Plant(row[0], name, contract["name"]) for row in rows for name in row[1:]]
    return plants


def _forbidden_plants() -> list[Plant]:
    """For each source and each library that it must not import, one import."""
    plants = []
    for contract in FORBIDDEN:
        sources, libraries = contract["source_modules"], contract["forbidden_modules"]
        first = [Plant(sources[0], library, contract["name"]) for library in libraries]
        plants += first + [Plant(source, libraries[0], contract["name"]) for source in sources[1:]]
    return plants


# Imports that must never come back, by the modules' own names.
NAMED = [
    Plant("logdig.collect.collector", "botocore.session", AWS),
    Plant("logdig.flush.flusher", "cli.options", HOUSE),
    Plant("logdig.errors", "logdig.collect.collector", CORE),
    Plant("lambdas.flush", "infra.deploy", HOUSE),
    Plant("api.server", "analytics.spark", HOUSE),
    Plant("infra.deploy.plan", "cli.commands.plan", HOUSE),
    Plant("logdig.events.parser", "flask", FRAMEWORKS),
    Plant("dashboard.app", "api.asgi", HOUSE, "def late() -> None:\n    import {}"),
    Plant("logdig.times", "logdig.aws", CORE, "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {}"),
]
PLANTS = [*NAMED, *_layer_plants(), *_forbidden_plants()]
EXHAUSTIVE = [contract for contract in LAYERED if "containers" in contract]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What import-linter says: of the packages as they are, with each plant, and with each new package."""
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "vendor", "static", "site", "server")
        shutil.copytree(ROOT / package, tree / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tree)
    changes = {"": (f"{PACKAGES[0]}/__init__.py", "")}
    changes |= {f"{plant.importer} -> {plant.imported}": (plant.path, plant.text) for plant in PLANTS}
    changes |= {
        name: (f"{name}/newcomer/__init__.py", "") for contract in EXHAUSTIVE for name in contract["containers"]
    }
    linted = subprocess.run(
        [sys.executable, "-c", LINT],
        cwd=tree,
        env={"COLUMNS": "400"},
        input=json.dumps(list(changes.values())),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(changes, json.loads(linted.stdout), strict=True))


def _broken(report: str) -> list[str]:
    return re.findall(r"^(.+) BROKEN", report, re.MULTILINE)


def test_contracts_are_kept_when_nothing_is_planted(reports: dict[str, str]) -> None:
    assert len(re.findall(r" KEPT", reports[""])) == len(CONTRACTS)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: f"{plant.importer} -> {plant.imported}")
def test_contract_breaks_when_a_forbidden_import_is_planted(reports: dict[str, str], plant: Plant) -> None:
    report = reports[f"{plant.importer} -> {plant.imported}"]

    module = plant.path.removesuffix(".py").replace("/", ".")
    assert plant.contract in _broken(report)
    assert re.search(rf"{module} -> {plant.imported.split('.')[0]}\S* \(l\.", report)


@pytest.mark.parametrize("contract", EXHAUSTIVE, ids=lambda contract: contract["name"])
def test_contract_breaks_when_no_layer_names_a_new_package(
    reports: dict[str, str], contract: dict[str, list[str]]
) -> None:
    report = reports[contract["containers"][0]]

    assert contract["name"] in _broken(report)
    assert f"{contract['containers'][0]}.newcomer" in report


def test_house_names_every_top_level_package() -> None:
    """The house has no container, so import-linter cannot miss a new package there; this test does."""
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}

    assert folders
    assert set(PACKAGES) == folders
    assert {name for row in _rows(LAYERED[0]) for name in row} == folders


def test_contract_on_aws_libraries_names_everything_but_the_adapters() -> None:
    core = {f"logdig.{path.stem}" for path in (ROOT / "logdig").iterdir() if not path.name.startswith((".", "_"))}
    (contract,) = [contract for contract in FORBIDDEN if contract["name"] == AWS]

    assert set(contract["source_modules"]) == core - AWS_ADAPTERS


@pytest.mark.parametrize("package", sorted(path.parent.name for path in (ROOT / "logdig").glob("*/__init__.py")))
def test_package_of_the_core_has_at_most_twelve_modules(package: str) -> None:
    modules = [path.name for path in (ROOT / "logdig" / package).glob("*.py") if path.name != "__init__.py"]

    assert 0 < len(modules) <= 12
