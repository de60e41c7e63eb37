"""Rows of a Parquet file, a few at a time; pyarrow is imported when one is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from logdig.errors import InputError, MissingPartError
from logdig.files.refused_rows import excerpt

ROWS_AT_ONCE = 10_000


def count_rows(path: Path) -> int:
    """Rows of a file; see `read_parquet` for what it raises."""
    return int(_open(path).metadata.num_rows)


def parquet_columns(path: Path) -> list[str]:
    """Names of a file's columns."""
    return list(_open(path).schema_arrow.names)


def read_parquet(path: Path, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Values of the named columns, row by row.

    Raises:
        InputError: The file is damaged.
        MissingPartError: pyarrow is not installed.
    """
    import pyarrow

    try:
        for batch in _open(path).iter_batches(ROWS_AT_ONCE, columns=list(names)):
            yield from zip(*(_plain_values(batch.column(name)) for name in names), strict=True)
    except (pyarrow.ArrowException, OSError) as err:
        raise _damaged(path, err) from err


def _open(path: Path) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as err:
        raise MissingPartError(f"{path}: Parquet needs pyarrow: pip install 'logdig[analytics]'") from err
    try:
        return parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as err:
        raise _damaged(path, err) from err


def _damaged(path: Path, err: Exception) -> InputError:
    return InputError(
        f"{path}: its Parquet data is damaged: {excerpt(str(err).partition('. ')[0])}; export the file again"
    )


def _plain_values(column: Any) -> list[Any]:
    import pyarrow

    kind = column.type
    if pyarrow.types.is_timestamp(kind) and kind.unit == "ns":
        # Python's times end at the microsecond.
        column = column.cast(pyarrow.timestamp("us", kind.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except (OverflowError, ValueError):
        return [_plain_value(value) for value in column]
    return values


def _plain_value(value: Any) -> Any:
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        return "outside the years 1 to 9999"
