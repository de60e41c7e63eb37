"""Raw and bad objects into the tables ``events`` and ``bad_events``, each event once.

A batch has steps, and each may be the last that is done: what was read is noted after everything else, so a batch that
ended anywhere is read again and changes nothing. Source: docs/tables.md, "How events come in".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from analytics import tables
from analytics.lake import event_copies as found
from analytics.lake.branch import Branch, MainMovedError, branch, drop_leftovers
from analytics.lake.line_rows import BAD_WINS
from analytics.lake.objects import zone_of
from analytics.lake.stored_lines import PARSES, TAKES, is_of_content, lines_of, unreadable_rows
from analytics.lake.touched import note_rows
from analytics.lake.upgrade import upgrade
from analytics.schema.columns import table_columns
from analytics.schema.frames import fit
from logdig.config.settings import Settings
from logdig.errors import TransientError
from logdig.store.keys import ZONES, Zone, parse_key
from logdig.store.object_store import EventStore, StoredObject
from logdig.store.objects import decompress

FILES_A_BATCH = 100
"""Objects read at once, at most 16 MiB of text each: bounds a batch to 1.6 GiB at any backlog."""
REFUSALS_MOST = 5
"""Another writer commits once in minutes; one that is faster than a batch so often is no accident."""
WORK = "ingest"


@dataclass
class Counts:
    """Lines read by zone, those of them that could not be read, and objects set aside with the reason."""

    lines: dict[Zone, int] = field(default_factory=lambda: {"raw": 0, "bad": 0})
    unreadable: int = 0
    aside: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ingest:
    """What a run works with.

    Args:
        spark: Session with the catalog ``lake``.
        settings: Names.
        store: The bucket.
        now: Present, UTC.
        again: Keys that were set aside and are read once more.
    """

    spark: SparkSession
    settings: Settings
    store: EventStore
    now: datetime
    again: frozenset[str] = frozenset()


def ingest(run: Ingest, objects: Sequence[StoredObject]) -> Counts:
    """Bring the lines of objects into the tables; what was read before changes nothing.

    Args:
        run: What it works with; the caller holds the lease.
        objects: `analytics.lake.objects.pending`, oldest first.
    Raises:
        LeaseLostError, StoreUnavailableError, SetupError: Nothing of the content is at fault; run it again.
        TransientError: Others wrote ``events`` REFUSALS_MOST times in a row.
    """
    counts = Counts()
    upgrade(run.spark, run.settings, run.store, run.now)
    drop_leftovers(run.spark, tables.table_name(run.settings, "events"))
    for batch in batches(objects):
        _ingest_batch(run, batch, counts)
    return counts


def batches(objects: Iterable[StoredObject], most: int = FILES_A_BATCH) -> Iterator[list[StoredObject]]:
    """Split objects into batches of one zone, in their order."""
    by_zone: dict[Zone, list[StoredObject]] = {zone: [] for zone in ZONES}
    for entry in objects:
        by_zone[zone_of(entry)].append(entry)
    for ours in by_zone.values():
        yield from (ours[start : start + most] for start in range(0, len(ours), most))


def _ingest_batch(run: Ingest, batch: list[StoredObject], counts: Counts) -> None:
    """Read a batch; halve it when its content fails it, down to the object that is set aside."""
    zone = zone_of(batch[0])
    try:
        lines, broken = _write(run, zone, batch)
    except Exception as err:
        if not is_of_content(err):
            raise
        if len(batch) == 1:
            _set_aside(run, batch[0], err, counts)
            return
        middle = len(batch) // 2
        _ingest_batch(run, batch[:middle], counts)
        _ingest_batch(run, batch[middle:], counts)
        return
    record(run, batch)
    counts.lines[zone] += lines
    counts.unreadable += broken


def _write(run: Ingest, zone: Zone, batch: Sequence[StoredObject]) -> tuple[int, int]:
    """Bring the lines of a batch into the tables; return how many there are, and how many could not be read."""
    keys = [entry.key for entry in batch]
    if zone == "raw":
        lines, broken = write_events(run, keys)
    else:
        taken, counted = _taken(run, zone, keys)
        merge_bad(run, tables.staged(taken))
        lines, broken = _counted(counted)
    if broken:
        merge_bad(run, tables.staged(unreadable_rows(run.spark, run.settings, zone, keys)))
    return lines, broken


def _taken(run: Ingest, zone: Zone, keys: Sequence[str]) -> tuple[DataFrame, Observation]:
    counted = Observation()
    parsed = PARSES[zone](lines_of(run.spark, run.settings, keys).select("value"))
    observed = parsed.observe(
        counted, F.count(F.lit(1)).alias("lines"), F.count_if(~F.col("readable")).alias("unreadable")
    )
    return TAKES[zone](observed), counted


def _counted(counted: Observation) -> tuple[int, int]:
    return counted.get["lines"], counted.get["unreadable"]


def write_events(run: Ingest, keys: Sequence[str]) -> tuple[int, int]:
    """Append raw lines to a branch, delete there what is a later copy, and let readers see it.

    Returns:
        Lines, and how many of them cannot be read.
    Raises:
        TransientError: Refused REFUSALS_MOST times, each time since another commit had come first.
    """
    full = tables.table_name(run.settings, "events")
    for _ in range(REFUSALS_MOST):
        taken, counted = _taken(run, "raw", keys)
        try:
            with branch(run.spark, full) as own:
                own.append(fit(taken, run.spark.table(full).schema))
                deduplicate(run, own)
                own.publish()
        except MainMovedError:
            continue
        return _counted(counted)
    raise TransientError(f"table events: another writer came first {REFUSALS_MOST} times; run ingest again")


def deduplicate(run: Ingest, own: Branch) -> None:
    """Note what a branch changes, then delete later copies of its events there, whether they are new or not."""
    summary = tables.staged(found.summarized(own.appended().select("app", "day", "timestamp", "received_at")))
    new = found.added(summary)
    if not new.rows:
        return
    where = found.condition(new)
    rows = own.rows().alias("t").where(where)
    keys = own.appended().select(*found.KEYS) if new.rows < found.BROADCAST_KEYS else None
    doubled = tables.staged(found.doubled_keys(rows, keys))
    count = doubled.count()
    if not count:
        note_touched(run, summary)
        return
    few = F.broadcast(doubled) if count < found.BROADCAST_KEYS else doubled
    later = tables.staged(found.later_copies(rows, few))
    note_touched(run, summary, later)
    tables.delete_positions(own.target, later, where)


def note_touched(run: Ingest, summary: DataFrame, later: DataFrame | None = None) -> None:
    """Note the days of new rows, and those that lose a copy: an earlier one may lie on another day."""
    touched = summary.select("app", "day", "rows", "first_received")
    if later is not None:
        gone = later.select(
            "app", "day", F.lit(-1).cast("long").alias("rows"), F.lit(None).cast("date").alias("first_received")
        )
        touched = touched.unionByName(gone)
    # Where every new row is a copy, or takes the place of one, a few events may yet be others.
    came = F.when(F.max("rows") > 0, F.greatest(F.sum("rows"), F.lit(1))).otherwise(0)
    days = touched.groupBy("app", "day").agg(
        came.cast("int").alias("rows"), F.min("first_received").alias("first_received")
    )
    note_rows(run.spark, run.settings, days, run.now, WORK)


def merge_bad(run: Ingest, rows: DataFrame) -> None:
    """Merge rows of bad_events, staged; copies of one have the same day."""
    days = [row["day"] for row in rows.select("day").distinct().collect()]
    if days:
        tables.merge(run.settings, "bad_events", rows, keys=["bad_id"], wins=BAD_WINS, days=days)


def _set_aside(run: Ingest, entry: StoredObject, err: Exception, counts: Counts) -> None:
    try:
        text = decompress(run.store.get(entry.key))
    except KeyError:
        return  # Erased since it was listed.
    reason = "damaged gzip" if text is None else f"Spark cannot read it: {_first_line(err)}"
    record(run, [entry], reason)
    counts.aside[entry.key] = reason


def _first_line(err: Exception) -> str:
    return str(err).strip().splitlines()[0][:300]


def record(run: Ingest, batch: Sequence[StoredObject], error: str | None = None) -> None:
    """Note what became of objects, the last step of a batch: read, or set aside with the reason."""
    rows = [(entry.key, parse_key(entry.key).day, entry.size_bytes, run.now, error) for entry in batch]
    frame = tables.small_frame(run.spark, table_columns("ingested"), rows)
    if run.again.isdisjoint(entry.key for entry in batch):
        tables.append(run.spark, run.settings, "ingested", frame)
    else:
        tables.merge(run.settings, "ingested", tables.staged(frame), keys=["key"], wins="true")
