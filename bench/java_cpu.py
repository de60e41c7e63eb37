"""CPU seconds of Spark: of its Java process, with compiler and garbage collection, and of its Python processes."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession


class Meter:
    """CPU seconds of the Java process, in all and by step."""

    def __init__(self, spark: SparkSession) -> None:
        assert spark._jvm is not None
        # Java's own bean for this is hidden by its modules.
        self._java = int(spark._jvm.java.lang.ProcessHandle.current().pid())
        self.steps: dict[str, float] = defaultdict(float)

    def seconds(self) -> float:
        """CPU seconds since Java began."""
        return own_seconds(self._java)

    def all_seconds(self) -> float:
        """CPU seconds of Java and its Python processes since Java began."""
        return self.seconds() + workers_seconds(self._java)

    @contextmanager
    def by_step(self, steps: Sequence[tuple[Any, str, str]]) -> Iterator[None]:
        """Measure each step, given by its place, name and meaning, while the block runs."""
        self.steps.clear()
        whole = [(place, name, getattr(place, name)) for place, name, _ in steps]
        for place, name, meaning in steps:
            setattr(place, name, self._timed(getattr(place, name), meaning))
        try:
            yield
        finally:
            for place, name, step in whole:
                setattr(place, name, step)

    def _timed(self, step: Callable[..., Any], meaning: str) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            before = self.seconds()
            try:
                return step(*arguments, **named)
            finally:
                self.steps[meaning] += self.seconds() - before

        return timed


def stat_of(process: int) -> list[str]:
    """Fields of a process's stat behind its name: its parent is the second, its CPU ticks are 11 to 14."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def own_seconds(process: int) -> float:
    """CPU seconds of a process without its children."""
    return sum(map(int, stat_of(process)[11:13])) / os.sysconf("SC_CLK_TCK")


def workers_seconds(java: int) -> float:
    """CPU seconds of the Python processes that Java has started, those of ended ones included."""
    children, spent = defaultdict(list), {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields, process = stat_of(int(folder.name)), int(folder.name)
            children[int(fields[1])].append(process)
            # Own ticks and those of ended children; of Java itself only the latter.
            spent[process] = sum(map(int, fields[13 if process == java else 11 : 15]))
    found, left = spent[java], children[java]
    while left:
        found += sum(spent[process] for process in left)
        left = [child for process in left for child in children[process]]
    return found / os.sysconf("SC_CLK_TCK")
