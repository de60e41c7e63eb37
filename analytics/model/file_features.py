"""Features and labels straight from recorded files, without any lake: the six shares of 2016 by their definitions.

Every row counts: there is no window, nobody's consent is asked, and times are taken as the file writes them. Nothing
here needs Spark.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from logdig.backfill.recorded_files import Row, read_row
from logdig.backfill.repeats import Repeats
from logdig.files.columns import Kind
from logdig.files.records import open_source, read_source
from logdig.files.refused_rows import RefusedRow
from logdig.tables.model import FEATURE_NAMES
from logdig.visits.day_parts import DAY_PARTS, day_part

COLUMNS = ("customer_id", "label", *FEATURE_NAMES, "plays")
PROGRESS_ROWS = 10_000

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Plays:
    """What one customer's listens add up to."""

    count: int = 0
    mobile: int = 0
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DAY_PARTS, 0))
    tracks: set[str] = field(default_factory=set)

    def add(self, row: Row) -> None:
        """Count a listen."""
        self.count += 1
        self.mobile += row.columns["mobile"] == "1"
        self.parts[day_part(row.written.hour)] += 1
        self.tracks.add(row.columns["track_id"])

    def shares(self) -> tuple[float, ...]:
        """FEATURE_NAMES in order, 0 to 1, not rounded."""
        counts = {**self.parts, "mobile": self.mobile, "unique": len(self.tracks)}
        return tuple(counts[name] / self.count for name in FEATURE_NAMES)


@dataclass(slots=True)
class FileRows:
    """What became of a file's rows.

    Args:
        read: Rows that can be read.
        repeats: Listens among them that do not count, since their event_id came before in the file.
        refused: Rows that cannot be read, left out.
    """

    read: int = 0
    repeats: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One customer: 1 where there is a click on the ad, the shares in the order of FEATURE_NAMES, and the listens."""

    customer_id: str
    label: int
    shares: tuple[float, ...]
    plays: int


@dataclass(frozen=True, slots=True)
class FileFeatures:
    """Customers with a listen, ordered by id (numbers as numbers), and what became of the rows of both files.

    ``only_clicked`` are customers with a click on the ad and without any listen; they have no features.
    """

    customers: tuple[Labelled, ...]
    listens: FileRows
    clicks: FileRows
    only_clicked: int


def features_of_files(
    listens: Path,
    clicks: Path,
    ad: str,
    *,
    keep_duplicates: bool = False,
    encoding: str | None = None,
    progress: Progress = lambda _line, _lines: None,
) -> FileFeatures:
    """Count every customer's listens, and label who clicked an ad.

    Args:
        listens: File of listens, in any form that `logdig send listens` reads.
        clicks: File of ad clicks, likewise.
        ad: Ad whose click is the label.
        keep_duplicates: Count listens whose event_id came before in the file, too.
        encoding: Of text; None = UTF-8, or by its byte order mark.
        progress: Called with the line of the listens that is read and the number of lines.
    Raises:
        InputError: A file cannot be read as a whole.
    """
    plays: dict[str, Plays] = {}
    heard, clicked = FileRows(), FileRows()
    with Repeats() as repeats:
        for row in _rows("listens", listens, encoding, heard, progress):
            if not keep_duplicates and _is_repeat(row, repeats):
                heard.repeats += 1
            else:
                plays.setdefault(row.columns["customer_id"], Plays()).add(row)
    # A click that stands twice makes the same label.
    ads = _rows("clicks", clicks, encoding, clicked)
    positives = {row.columns["customer_id"] for row in ads if row.columns["ad"] == ad}
    customers = tuple(
        Labelled(customer, int(customer in positives), plays[customer].shares(), plays[customer].count)
        for customer in sorted(plays, key=_in_order)
    )
    return FileFeatures(customers, heard, clicked, len(positives - plays.keys()))


def _rows(
    kind: Kind, path: Path, encoding: str | None, report: FileRows, progress: Progress = lambda _line, _lines: None
) -> Iterator[Row]:
    """Rows of a file that can be read; the others are noted."""
    source = open_source(path, kind, {}, encoding)
    for record in read_source(source, kind, {}):
        if record.line % PROGRESS_ROWS == 0:
            progress(record.line, source.lines)
        row = read_row(record)
        if isinstance(row, RefusedRow):
            report.refused.append(row)
        else:
            report.read += 1
            yield row


def _is_repeat(row: Row, repeats: Repeats) -> bool:
    event_id = row.columns.get("event_id")
    return event_id is not None and repeats.first_line(event_id, row.line) is not None


def _in_order(customer_id: str) -> tuple[bool, int, str]:
    is_number = customer_id.isascii() and customer_id.isdigit()
    return not is_number, int(customer_id) if is_number else 0, customer_id


def write_csv(customers: Iterable[Labelled], path: Path) -> None:
    """Write customers under a header of COLUMNS; shares with all their digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((one.customer_id, one.label, *one.shares, one.plays) for one in customers)


def write_libsvm(customers: Iterable[Labelled], path: Path) -> None:
    """Write customers as ``label 1:morning ... 6:unique``, the older system's form, in the same order as the CSV.

    The form has no place for an id: line n belongs to row n of the CSV.
    """
    with path.open("w", encoding="ascii", newline="") as file:
        for one in customers:
            values = " ".join(f"{place}:{share}" for place, share in enumerate(one.shares, 1))
            file.write(f"{one.label} {values}\n")
