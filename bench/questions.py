"""How long questions take: the heatmap of 2 million clicks from a cold process and again, and questions with two
filters over 6 million sessions, 20 million page views and 2 million clicks, of all visitors and of a sample.

Run ``.venv/bin/python bench/questions.py``, or with ``--part 10`` a tenth of the rows. Rows are made once and lie as
Parquet on this machine, so neither the plan of Iceberg nor S3 is in the figures. Each heatmap is compared with a count
by numpy.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from logdig.marts.arrow_alone import import_arrow_alone
from logdig.marts.kept import KeptColumns
from logdig.marts.pinned import TableState

FIRST = date(2026, 9, 1)
DAYS = 84
CLICKS, SESSIONS, VIEWS = 2_000_000, 6_000_000, 20_000_000
CHUNK = 1_000_000
WARM = 20
QUESTIONS, OF_SAMPLE = 60, 20
"""How often each question is asked, each time with other filters."""
COUNTRIES = tuple(f"C{number}" for number in range(60))
SOURCES = ("(direct)", "google", "naver.com", *(f"site{number}.test" for number in range(200)))
PAGES = tuple(f"/product/{number}" for number in range(500))


class ParquetTables:
    """Tables of one folder, a file each; see `logdig.marts.pinned.Pinned`."""

    def __init__(self, folder: Path, kept: KeptColumns) -> None:
        self._folder, self._kept = folder, kept
        self._weights: dict[int, Any] = {}

    def pin(self, names: Sequence[str]) -> ParquetTables:
        return self

    def state(self, name: str, app: str) -> TableState:
        return TableState(name, 1 if self._file(name).exists() else None)

    def count(self, name: str, app: str, start: date, end: date) -> int:
        import pyarrow.parquet as pq

        return pq.read_metadata(self._file(name)).num_rows if self._file(name).exists() else 0

    def rows(self, name: str, columns: Sequence[str], app: str, start: date, end: date, *, sample: bool) -> Any:
        from logdig.marts.columns import encoded, table_schema

        wanted = list(dict.fromkeys(("day", *columns)))
        if not self._file(name).exists():
            return encoded(table_schema(name, wanted)).empty_table()

        def read(missing: Sequence[str], first: date, last: date) -> Any:
            return self._read(name, missing, first, last)

        return self._kept.rows((name, 1, app), wanted, start, end, read)

    def _read(self, name: str, columns: Sequence[str], first: date, last: date) -> Any:
        import pyarrow as pa
        import pyarrow.dataset as ds

        from logdig.marts.columns import MANY, TOGETHER, UNIQUE, encode, encoded, fill_up, table_schema

        together = TOGETHER.get(name)
        read = list(dict.fromkeys([*columns, *([together] if together else [])]))
        wanted = encoded(table_schema(name, read), (*MANY, *UNIQUE))
        texts = [field.name for field in wanted if pa.types.is_dictionary(field.type)]
        form = ds.ParquetFileFormat(read_options=ds.ParquetReadOptions(dictionary_columns=texts))
        stored = ds.dataset(self._file(name), format=form)
        there = [column for column in read if column in stored.schema.names]
        days = (ds.field("day") >= first) & (ds.field("day") <= last)
        found = fill_up(stored.to_table(columns=there, filter=days), wanted, drop_others=True).cast(wanted)
        return encode(found, together).select(columns)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"


class SampledTables(ParquetTables):
    """The same rows, of a site that records every fourth visitor."""

    def rows(self, name: str, columns: Sequence[str], app: str, start: date, end: date, *, sample: bool) -> Any:
        import pyarrow as pa

        found = super().rows(name, columns, app, start, end, sample=sample)
        if "weight" not in found.column_names:
            return found
        if found.num_rows not in self._weights:
            self._weights[found.num_rows] = pa.repeat(4.0, found.num_rows)
        return found.set_column(found.column_names.index("weight"), "weight", self._weights[found.num_rows])


def make(folder: Path, part: int) -> None:
    """Write the tables, ordered by day, unless they are there."""
    for name, count, columns in (
        ("clicks", CLICKS, click_columns), ("sessions", SESSIONS, session_columns), ("page_views", VIEWS, view_columns),
        ("conversions", SESSIONS // 20, conversion_columns),
    ):  # fmt: skip
        if not (folder / f"{name}.parquet").exists():
            print(f"making {count // part:,} rows of {name}", file=sys.stderr)
            write(folder / f"{name}.parquet", name, columns, count // part)


def write(path: Path, name: str, columns: Any, count: int) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from logdig.marts.columns import table_schema

    choose = np.random.default_rng(7)
    days = np.sort(choose.integers(0, DAYS, count))
    writer = None
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        own = columns(choose, size, count)
        own["day"] = pa.array(days[start : start + size] + FIRST.toordinal() - 719163, pa.int32()).cast(pa.date32())
        own["weight"] = pa.array(np.ones(size))
        schema = table_schema(name, list(own))
        rows = pa.table(own).cast(schema)
        writer = writer or pq.ParquetWriter(path, schema, compression="zstd")
        writer.write_table(rows)
    if writer:
        writer.close()


def pick(choose: Any, size: int, values: Sequence[str | None]) -> Any:
    """A text for each row; the first ones come more often."""
    import numpy as np
    import pyarrow as pa

    numbers = np.minimum(choose.exponential(len(values) / 4, size).astype(np.int32), len(values) - 1)
    return pa.DictionaryArray.from_arrays(pa.array(numbers), pa.array(values, pa.string())).cast(pa.string())


def ids(prefix: str, numbers: Any) -> Any:
    """Texts of 21 characters."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), 20, "0"), "")


def people(choose: Any, size: int, visitors: int) -> dict[str, Any]:
    return {
        "user_key": ids("u", choose.integers(0, visitors, size)),
        "device": pick(choose, size, ("desktop", "mobile", "tablet")), "country": pick(choose, size, COUNTRIES),
        "source": pick(choose, size, SOURCES), "channel": pick(choose, size, ("Direct", "Organic Search", "Referral")),
        "browser": pick(choose, size, ("Chrome", "Safari", "Firefox", "Edge", "Other")),
    }  # fmt: skip


def session_columns(choose: Any, size: int, count: int) -> dict[str, Any]:
    import pyarrow as pa

    return people(choose, size, count // 3) | {
        "continued": pa.array(choose.random(size) < 0.01), "views": pa.array(choose.integers(1, 9, size)),
        "engaged_ms": pa.array(choose.integers(0, 200_000, size)), "bounce": pa.array(choose.random(size) < 0.3),
        "entry_page": pick(choose, size, PAGES),
    }  # fmt: skip


def conversion_columns(choose: Any, size: int, count: int) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa

    return people(choose, size, count) | {
        "goal": pick(choose, size, ("buy", "sign up")), "value": pa.array(choose.integers(1, 100, size).astype(float)),
        "session_id": ids("s", choose.integers(0, count, size)), "event_id": ids("e", np.arange(size)),
    }  # fmt: skip


def view_columns(choose: Any, size: int, count: int) -> dict[str, Any]:
    import pyarrow as pa

    return people(choose, size, count // 10) | {
        "page": pick(choose, size, PAGES), "viewed": pa.array(choose.random(size) < 0.99),
        "entry": pa.array(choose.random(size) < 0.3), "exit": pa.array(choose.random(size) < 0.3),
        "engaged_ms": pa.array(choose.integers(0, 60_000, size)), "depth_share": pa.array(choose.random(size)),
        "vh": pa.array(choose.integers(500, 1200, size).astype(float)),
    }  # fmt: skip


def click_columns(choose: Any, size: int, count: int) -> dict[str, Any]:
    """Clicks on 20 pages of 40 elements each, around places that people aim at; one of ten on no element."""
    import numpy as np
    import pyarrow as pa

    pages = np.minimum(choose.exponential(3, size).astype(np.int32), 19)
    element = choose.integers(0, 40, size)
    links = pa.array([f"https://shop.test/item/{number}" for number in range(40)])
    selectors = pa.array([f"#main > section > div.item-{number} > a" for number in range(40)])
    after = {
        name: pa.array(choose.integers(0, 900, size).astype(np.int32), mask=choose.random(size) < 0.8)
        for name in ("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms", "watched_ms")
    }
    inside = np.clip(choose.normal(16384, 6000, (2, size)), 0, 32767).astype(np.int32)
    return {
        "user_key": ids("u", choose.integers(0, max(count // 8, 1), size)),
        "page": pa.array([f"/p{number}" for number in range(20)]).take(pa.array(pages)),
        "device": pick(choose, size, ("desktop", "mobile", "tablet")), "country": pick(choose, size, COUNTRIES),
        "selector": selectors.take(pa.array(element, mask=choose.random(size) < 0.1)),
        "link": links.take(pa.array(element)), "tag": pick(choose, size, ("a",)),
        "ex": pa.array(inside[0]), "ey": pa.array(inside[1]), "w": pa.array(80.0 + element * 16),
        "h": pa.array(24.0 + element), "fixed": pa.array(element == 0), "x": pa.array(choose.integers(0, 1440, size)),
        "y": pa.array(choose.integers(0, 4000, size)), "dead": pa.array(choose.random(size) < 0.05),
        "link_out": pa.array(choose.random(size) < 0.2), "download": pa.array(choose.random(size) < 0.05),
        "host": pick(choose, size, ("shop.test", "www.shop.test")),
        "after": pa.StructArray.from_arrays(list(after.values()), list(after)),
    }  # fmt: skip


def memory_mb() -> int:
    """Greatest memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


Seconds = tuple[float, float]
"""By the clock, and of the processor, which other work on the machine changes less."""


def now() -> Seconds:
    """Clock and processor of this process and of those that it has waited for."""
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used)


def since(started: Seconds) -> Seconds:
    clock, processor = now()
    return clock - started[0], processor - started[1]


def said(seconds: list[Seconds], share: float = 0.5) -> str:
    """Clock and processor at a share of the sorted times."""
    clock, processor = (
        sorted(times)[min(len(times) - 1, int(len(times) * share))] for times in zip(*seconds, strict=True)
    )
    return f"{clock * 1000:,.0f} ms ({processor * 1000:,.0f} ms of the processor)"


def heat(folder: Path, page: str, times: int) -> tuple[list[Seconds], Any]:
    """Seconds of each heatmap, and the last answer."""
    from logdig.questions.catalog import question_of
    from logdig.questions.engine.answering import ask
    from logdig.questions.engine.parameters import Parameters

    tables = ParquetTables(folder, KeptColumns())
    asked = Parameters("shop", FIRST, FIRST + timedelta(days=DAYS), where={"page": page})
    seconds = []
    for _ in range(times):
        started = now()
        answer = ask(tables, question_of("heatmap"), asked)
        seconds.append(since(started))
    return seconds, answer


def equals_numpy(folder: Path, page: str, answer: Any) -> bool:
    """Compare clicks and visitors of every cell with a count by numpy."""
    import numpy as np
    import pyarrow.dataset as ds

    rows = ds.dataset(folder / "clicks.parquet").to_table(filter=ds.field("page") == page)
    known = rows.filter(ds.field("selector").is_valid())
    levels = [np.ceil(np.log2(known[name].to_numpy() / 8)).astype(int) for name in ("w", "h")]
    places = [known[name].to_numpy() >> (15 - level) for name, level in zip(("ex", "ey"), levels, strict=True)]
    names = np.asarray(known["selector"].to_pylist())
    users = np.asarray(known["user_key"].to_pylist())
    cells: dict[tuple[Any, ...], list[Any]] = {}
    for key in zip(names, *places, users, strict=True):
        cells.setdefault(key[:3], []).append(key[3])
    found = {
        (row["selector"], row["cell_x"], row["cell_y"]): (row["clicks"], row["visitors"])
        for row in answer.rows.to_pylist() if row["selector"] is not None
    }  # fmt: skip
    return found == {key: (len(clicks), len(set(clicks))) for key, clicks in cells.items()}


def cold(folder: Path, page: str) -> Seconds:
    """Seconds of a process that starts, asks once and ends."""
    started = now()
    subprocess.run([sys.executable, __file__, "--one", page, "--folder", str(folder)], check=True, cwd=ROOT)
    return since(started)


def two_filters(folder: Path) -> Iterator[tuple[str, list[Seconds], int]]:
    """Seconds of questions with two filters, each asked once after the columns are in memory."""
    values = {
        "device": ("desktop", "mobile", "tablet"), "country": COUNTRIES[:20], "source": SOURCES[:20],
        "browser": ("Chrome", "Safari", "Firefox", "Edge"), "channel": ("Direct", "Organic Search", "Referral"),
    }  # fmt: skip
    of_clicks = {"device": values["device"], "country": values["country"], "host": ("shop.test", "www.shop.test")}
    kept = KeptColumns(8 * 1024**3)
    for case, tables in (("", ParquetTables(folder, kept)), (" of sampled visitors", SampledTables(folder, kept))):
        for name in ("overview", "sources", "goals", "pages", "scroll", *(() if case else ("links",))):
            times = OF_SAMPLE if case else QUESTIONS
            seconds = asked(tables, name, of_clicks if name == "links" else values, times)
            yield f"{name}{case}", seconds, memory_mb()


def asked(tables: ParquetTables, name: str, values: Mapping[str, Sequence[str]], times: int) -> list[Seconds]:
    """Seconds of a question under pairs of filters, over the last 7, 28 or all days."""
    from logdig.questions.catalog import question_of
    from logdig.questions.engine.answering import ask
    from logdig.questions.engine.parameters import Parameters

    choose, seconds = random.Random(3), []  # noqa: S311
    for number in range(times + len(values)):
        filters = choose.sample(sorted(values), 2) if number >= len(values) else [sorted(values)[number]]
        where = {one: choose.choice(values[one]) for one in filters}
        days = choose.choice((7, 28, DAYS))
        last = FIRST + timedelta(days=DAYS - 1)
        start = FIRST if number < len(values) else last - timedelta(days=days - 1)
        started = now()
        ask(tables, question_of(name), Parameters("shop", start, last, where=where))
        if number >= len(values):
            seconds.append(since(started))
    return seconds


def report(folder: Path) -> None:
    """Print the figures as a table."""
    print(f"load before: {os.getloadavg()[0]:.1f}")
    cases = {"one of 20 pages, the most clicked": "/p0", "all on one page": "/all"}
    for case, page in cases.items():
        place = folder if page == "/p0" else one_page(folder)
        starts = [cold(place, page) for _ in range(3)]
        seconds, answer = heat(place, page, WARM + 1)
        same = equals_numpy(place, page, answer)
        cells, clicks = answer.rows.num_rows, answer.account["clicks"]
        print(f"heatmap, {case}: {clicks:,.0f} clicks, {cells:,} cells, equal to numpy: {same}, {memory_mb():,} MB")
        print(f"  cold {said(starts)}; again {said(seconds[1:])}, p99 {said(seconds[1:], 0.99)}")
    for name, seconds, memory in two_filters(folder):
        print(
            f"{name}, {len(seconds)} times with two filters: {said(seconds)}, p99 {said(seconds, 0.99)}, {memory:,} MB"
        )
    print(f"load after: {os.getloadavg()[0]:.1f}")


def one_page(folder: Path) -> Path:
    """The same clicks as if all were on one page."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = folder / "one-page"
    place.mkdir(exist_ok=True)
    if not (place / "clicks.parquet").exists():
        rows = pq.read_table(folder / "clicks.parquet")
        page = pa.array(["/all"] * rows.num_rows)
        pq.write_table(rows.set_column(rows.column_names.index("page"), "page", page), place / "clicks.parquet")
    return place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=int, default=1, help="this part of the rows")
    parser.add_argument("--folder", type=Path, help="where the rows are; default: a folder that is removed")
    parser.add_argument("--one", help="ask for the heatmap of this page once")
    arguments = parser.parse_args()
    if arguments.one:
        # As the command does.
        import_arrow_alone()
        heat(arguments.folder, arguments.one, 1)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        make(folder, arguments.part)
        report(folder)


if __name__ == "__main__":
    main()
