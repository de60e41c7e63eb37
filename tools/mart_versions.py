"""What makes the rows of each mart, as a digest beside the mart's version: ``python -m tools.mart_versions``.

A digest covers the transform, what prepares its rows, and every definition that these reach in PACKAGES, without
comments, docstrings, annotations and layout. When one changes, rows that were computed before may be others than those
computed now, and only a raised `version` makes them anew. Libraries and their lists are not covered.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from analytics.jobs.kinds import DayMart
from analytics.jobs.registry import JOBS
from logdig.tables.catalog import TABLES

ROOT = Path(__file__).resolve().parent.parent
FILE = Path(__file__).with_name("mart_versions.json")
PACKAGES = (
    *("analytics.marts", "analytics.schema.day_parts", "analytics.schema.people"),
    *("logdig.visits", "logdig.addresses"),
)
SAME_ROWS = "--same-rows"
WHOLE = "*"
"""Name that stands for every definition of a module."""

Definition = tuple[str, str]
"""A module and a name in it."""
Noted = Mapping[str, Mapping[str, object]]
"""``version`` and ``digest`` by mart."""


def digest(starts: Iterable[Definition], source: Callable[[str], str | None]) -> str:
    """Digest definitions and all that they reach.

    Args:
        starts: Where to begin.
        source: Text of a module; None where it is not covered.
    """
    modules = cache(lambda name: _Module(text) if (text := source(name)) is not None else None)
    reached: dict[str, object] = {}
    left = list(starts)
    while left:
        name, wanted = left.pop()
        if (module := modules(f"{name}.{wanted}")) is not None:  # `from package import module`
            name, wanted = f"{name}.{wanted}", WHOLE
        elif (module := modules(name)) is None:
            continue
        if wanted == WHOLE:
            left += [(name, one) for one in module.definitions]
        elif wanted in module.definitions and f"{name}.{wanted}" not in reached:
            node = module.definitions[wanted]
            reached[f"{name}.{wanted}"] = _tree(node)
            left += [module.imported.get(one, (name, one)) for one in _names(node)]
    return hashlib.sha256(json.dumps(reached, sort_keys=True).encode()).hexdigest()[:16]


class _Module:
    """Definitions at the top of a module, and where the names come from that it imports."""

    def __init__(self, text: str) -> None:
        tree = ast.parse(text)
        self.definitions: dict[str, ast.stmt] = {}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.definitions[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
                self.definitions.update(dict.fromkeys(names, node))
        self.imported = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Fields that say what a node does."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "kind") or value is None or value == []:
            continue
        yield name, [one for one in value if not _is_text(one)] if isinstance(value, list) else value


def _is_text(node: object) -> bool:
    """Tell whether a statement is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _tree(value: object) -> object:
    """Write a syntax tree as lists and texts, equal under every Python."""
    if isinstance(value, ast.AST):
        return [type(value).__name__, {name: _tree(field) for name, field in _fields(value)}]
    return [_tree(one) for one in value] if isinstance(value, list) else repr(value)


def _names(node: ast.AST) -> set[str]:
    """Names that a node uses."""
    found = {node.id} if isinstance(node, ast.Name) else set()
    for _, value in _fields(node):
        for one in value if isinstance(value, list) else [value]:
            found |= _names(one) if isinstance(one, ast.AST) else set()
    return found


def current() -> dict[str, dict[str, object]]:
    """Version and digest of each mart that has a version, as the code is now."""
    marts = [name for name, job in JOBS.items() if job.is_mart and TABLES[name].version]
    return {name: {"version": TABLES[name].version, "digest": digest(_starts(name), _source)} for name in marts}


def _starts(name: str) -> list[Definition]:
    """The transform, and what makes the rows that it takes in place of events."""
    job = JOBS[name]
    if isinstance(job, DayMart):
        paths = (path.partition(":") for path in (job.transform, job.prepared) if path)
        return [(module, function) for module, _, function in paths]
    return [(f"analytics.marts.{name}", WHOLE)]


def _source(module: str) -> str | None:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    is_covered = any(module == name or module.startswith(f"{name}.") for name in PACKAGES)
    return path.read_text(encoding="utf-8") if is_covered and path.is_file() else None


def noted() -> Noted:
    """What was written last."""
    found: Noted = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def unraised(before: Noted, now: Noted) -> list[str]:
    """Marts whose rows may have changed while their version has not."""
    return [
        name
        for name, one in now.items()
        if name in before and one["version"] == before[name]["version"] and one["digest"] != before[name]["digest"]
    ]


def advice(names: Sequence[str]) -> str:
    """Say what to do about `unraised` marts."""
    return (
        f"{', '.join(names)}: what makes the rows has changed. When a row may differ, raise version of the mart's "
        "declaration in logdig/tables, then run: python -m tools.mart_versions. When every row stays the same, run: "
        f"python -m tools.mart_versions {SAME_ROWS}"
    )


def main(arguments: Sequence[str]) -> None:
    """Write the digests, unless a version must be raised first."""
    now = current()
    if (names := unraised(noted(), now)) and SAME_ROWS not in arguments:
        sys.exit(advice(names))
    FILE.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {FILE.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
