"""Read the Parquet files of a plan with Arrow alone, which opens a small file several times faster than PyIceberg."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.expressions.visitors import bind, extract_field_ids
from pyiceberg.io.pyarrow import ArrowScan, PyArrowFileIO, expression_to_pyarrow, schema_to_pyarrow
from pyiceberg.manifest import FileFormat
from pyiceberg.schema import Schema

from logdig.marts.columns import MANY, UNIQUE, encoded

if TYPE_CHECKING:
    from pyiceberg.io import FileIO
    from pyiceberg.table import DataScan, FileScanTask

READ_AHEAD = 16
"""Files that are being opened at once; a store answers after 20 ms and more, however small the file."""


def read_batches(scan: DataScan, *, encode: bool = False) -> Iterator[pa.RecordBatch]:
    """Read the rows of a scan batch by batch; of one snapshot always in the same order, whatever the columns are.

    Args:
        scan: Table, columns and conditions.
        encode: Texts as dictionaries, but for those of which there are many.

    Files with deleted rows, and all files when a column was ever renamed, dropped or changed, are read by PyIceberg,
    which finds columns by their number; the others by Arrow, which finds them by name.
    """
    table, columns, io = scan.table_metadata.schema(), scan.projection(), scan.io
    target, stored = (schema_to_pyarrow(schema, include_field_ids=False) for schema in (columns, table))
    if encode:
        target, stored = (encoded(schema, (*MANY, *UNIQUE)) for schema in (target, stored))
    condition = bind(table, scan.row_filter, scan.case_sensitive)
    numbers = columns.field_ids | extract_field_ids(condition)
    plain: list[FileScanTask] = []
    others: list[FileScanTask] = []
    by_name = names_never_changed(table, scan.table_metadata.schemas, numbers)
    for task in sorted(scan.plan_files(), key=lambda task: (not _is_whole(task), task.file.file_path)):
        (plain if by_name and _is_whole(task) else others).append(task)
    if plain:
        dataset = _dataset(io, plain, stored)
        wanted = None if condition == AlwaysTrue() else expression_to_pyarrow(condition)
        for batch in dataset.to_batches(columns=target.names, filter=wanted, fragment_readahead=READ_AHEAD):
            yield batch.cast(target)
    by_number = ArrowScan(scan.table_metadata, io, columns, scan.row_filter, scan.case_sensitive)
    for batch in by_number.to_record_batches(others) if others else ():
        yield batch.cast(target)


def _is_whole(task: FileScanTask) -> bool:
    return not task.delete_files and task.file.file_format == FileFormat.PARQUET


def names_never_changed(current: Schema, ever: Iterable[Schema], numbers: Set[int]) -> bool:
    """Tell whether files of any age have these columns under the name and type of today, if they have them.

    Args:
        current: Columns of today.
        ever: The same of each state that the table was in.
        numbers: Field ids of the columns that are read.
    """
    columns = {field.field_id: field for field in current.fields if field.field_id in numbers}
    if not numbers <= Schema(*columns.values()).field_ids:
        return False
    names = {field.name for field in columns.values()}
    return all(
        (field.name, field.field_type) == (columns[field.field_id].name, columns[field.field_id].field_type)
        if field.field_id in columns
        else field.name not in names
        for schema in ever
        for field in schema.fields
    )


def _dataset(io: FileIO, tasks: Iterable[FileScanTask], columns: pa.Schema) -> ds.FileSystemDataset:
    if not isinstance(io, PyArrowFileIO):
        raise TypeError(f"files are read by {type(io).__name__}, not by Arrow")
    texts = [field.name for field in columns if pa.types.is_dictionary(field.type)]
    file_format = ds.ParquetFileFormat(read_options=ds.ParquetReadOptions(dictionary_columns=texts))
    fragments = []
    for task in tasks:
        scheme, host, path = io.parse_location(task.file.file_path, io.properties)
        # The plan knows the size, so the store is not asked for it.
        size = task.file.file_size_in_bytes
        fragments.append(file_format.make_fragment(path, io.fs_by_scheme(scheme, host), file_size=size))
    return ds.FileSystemDataset(fragments, columns, file_format)
