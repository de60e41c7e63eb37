"""Reproducible archives: sorted names, one time, one mode, no owner.

Equal contents on one machine give equal bytes, so a digest in an object's name says whether anything changed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP can name."""
FILE_MODE = 0o644
"""Lambda runs the files as another user than the one who owns them, so all may read."""
TAR_GZIP_LEVEL = 6


def files_below(folder: Path, *, beneath: str = "") -> Iterator[tuple[str, Path]]:
    """Yield archive name and path of every file below a folder, without compiled Python."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"{beneath}{path.relative_to(folder).as_posix()}", path


def write_zip(path: Path, contents: Mapping[str, Path | bytes]) -> int:
    """Write a ZIP whose bytes depend on the contents alone.

    Args:
        path: Written atomically.
        contents: Name in the archive to a file, or to the bytes themselves.
    Returns:
        Bytes of all contents, which is what Lambda limits.
    """
    part, size = _part_of(path), 0
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents):
            content = _read(contents[name])
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o100000 | FILE_MODE) << 16
            archive.writestr(entry, content)
            size += len(content)
    part.replace(path)
    return size


def write_tar_gz(path: Path, contents: Iterable[tuple[str, Path]]) -> int:
    """Write a gzip-compressed tar whose bytes depend on the contents alone; see `write_zip`."""
    part, size = _part_of(path), 0
    with (
        part.open("wb") as raw,
        gzip.GzipFile("", "wb", TAR_GZIP_LEVEL, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, source in sorted(contents):
            content = source.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), FILE_MODE
            archive.addfile(entry, io.BytesIO(content))
            size += len(content)
    part.replace(path)
    return size


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _part_of(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + ".part")


def _read(content: Path | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
