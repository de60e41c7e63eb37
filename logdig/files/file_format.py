"""What a file is, by its first bytes, and its bytes as lines of text: nothing is decoded lossily."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from logdig.errors import InputError
from logdig.files.refused_rows import excerpt

_OTHER = (
    "name the encoding that the file has, such as --encoding cp949 (Korean) or --encoding windows-1252 (Western Europe)"
)
CHUNK_BYTES = 64 * 1024
LINE_CHARACTERS_LIMIT = 1_000_000
PARQUET = b"PAR1"
GZIP = b"\x1f\x8b"
NOT_READ = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive: save the sheet as 'CSV UTF-8', or unpack the archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an older Excel workbook: save the sheet as 'CSV UTF-8'"),
    (b"\xfd7zXZ\x00", "compressed with xz: unpack it, or use gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it, or use gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"%PDF-", "a PDF: export the data as CSV"),
    (b"SQLite format 3\x00", "an SQLite database: export the table as CSV"),
    (b"Obj\x01", "an Avro file: export it as Parquet, NDJSON or CSV"),
    (b"<?xml", "XML: export the data as CSV"),
    (b"<!DOCTYPE", "a web page: was an error page saved instead of the file?"),
    (b"<html", "a web page: save the sheet as 'CSV UTF-8'"),
)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_MARKS = (
    # UTF-32's mark begins with UTF-16's.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile(r"\r\n|\n|\r")
_ZEROS_OF_BINARY = 0.1


NOTATIONS = ("unicode-escape", "raw-unicode-escape", "punycode", "idna")
"""Codecs of Python that write text inside other text; as a file's encoding they would change backslashes or letters."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How a file's bytes are read: Parquet, or text in an encoding, perhaps compressed with gzip."""

    is_parquet: bool
    is_compressed: bool
    encoding: str


def detect_format(path: Path, encoding: str | None = None) -> FileFormat:
    """Look at the first bytes of a file.

    Args:
        path: The file.
        encoding: A codec of Python; None means UTF-8, or what a byte order mark says.
    Raises:
        InputError: No such file or codec, a kind of file that is not read, or a mark of another encoding.
    """
    codec = _codec(encoding) if encoding else None
    try:
        with path.open("rb") as file:
            head = file.read(CHUNK_BYTES)
    except OSError as err:
        raise InputError(f"{path}: {err.strerror}") from err
    is_compressed = head.startswith(GZIP)
    if is_compressed:
        head = next(_chunks(path, is_compressed=True), b"")
    _refuse_other_kinds(path, head, is_compressed=is_compressed)
    if head.startswith(PARQUET):
        return FileFormat(True, False, "")
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if codec and marked and not marked.startswith(codec.removesuffix("-sig")):
        raise InputError(f"{path}: begins with the byte order mark of {marked}, not of {codec}; leave --encoding out")
    chosen = marked or codec or "utf-8"
    # Text in UTF-16 without its mark is valid UTF-8 with a zero byte at every other place.
    if chosen == "utf-8" and head.count(0) > _ZEROS_OF_BINARY * len(head):
        # Of most letters the high byte is the zero.
        name = "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
        raise InputError(f"{path}: holds zero bytes: no text, or UTF-16 without a mark: --encoding {name} reads that")
    return FileFormat(False, is_compressed, chosen)


def _codec(name: str) -> str:
    try:
        # An empty text is given back unread.
        "a".encode(name)
        codecs.getincrementaldecoder(name)
        found = codecs.lookup(name).name
    except (LookupError, ValueError) as err:
        raise _unknown_encoding(name) from err
    if found in NOTATIONS:
        raise _unknown_encoding(name)
    return found


def _unknown_encoding(name: str) -> InputError:
    return InputError(f"--encoding {name!r} is no encoding of text files, such as cp949 or windows-1252")


def _refuse_other_kinds(path: Path, head: bytes, *, is_compressed: bool) -> None:
    what = next((words for signature, words in NOT_READ if head.lower().startswith(signature.lower())), None)
    if _BZIP2.match(head):
        what = "compressed with bzip2: unpack it, or use gzip"
    if is_compressed and head.startswith(GZIP):
        what = "compressed with gzip twice: unpack it once"
    if is_compressed and head.startswith(PARQUET):
        what = "a Parquet file inside gzip: unpack it, Parquet compresses by itself"
    if what:
        raise InputError(f"{path}: is {what}")


def read_lines(path: Path, form: FileFormat) -> Iterator[str]:
    """Lines of a text file, each with its end: LF, CRLF or CR.

    Raises:
        InputError: A byte that the encoding does not have, damaged gzip, or a line without end.
    """
    return split_lines(decode(_chunks(path, is_compressed=form.is_compressed), form.encoding, str(path)), str(path))


def _chunks(path: Path, *, is_compressed: bool) -> Iterator[bytes]:
    try:
        with gzip.open(path) if is_compressed else path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except (gzip.BadGzipFile, EOFError, zlib.error) as err:
        raise InputError(f"{path}: its gzip data is damaged or cut off ({err}); copy the file again") from err
    except OSError as err:
        raise InputError(f"{path}: {err.strerror}") from err


def decode(chunks: Iterable[bytes], encoding: str, name: str = "the file") -> Iterator[str]:
    """Decode a file in pieces, without its byte order mark.

    Raises:
        InputError: Names line, byte and the flag that helps.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    read = newlines = returns = 0
    is_first = True
    for chunk in chain(chunks, [b""]):
        read += len(chunk)
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeError as err:
            bad = err.object[err.start] if isinstance(err, UnicodeDecodeError) else 0
            before = err.object[: err.start] if isinstance(err, UnicodeDecodeError) else b""
            place = read - (len(err.object) - err.start if isinstance(err, UnicodeDecodeError) else 0) + 1
            if not isinstance(err, UnicodeDecodeError) or place > read:
                raise InputError(f"{name}: it ends within a character, so it is not {encoding}; {_OTHER}") from err
            line = 1 + ((newlines + before.count(b"\n")) or (returns + before.count(b"\r")))
            raise InputError(f"{name}: line {line}: byte {place:,} (0x{bad:02X}) is not {encoding}; {_OTHER}") from err
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        newlines, returns = newlines + text.count("\n"), returns + text.count("\r")
        yield text


def split_lines(texts: Iterable[str], name: str = "the file") -> Iterator[str]:
    """Join pieces of text and cut them at line ends, which stay on the lines."""
    rest, number = "", 1
    for text in texts:
        rest += text
        end = 0
        for match in _LINE_END.finditer(rest):
            if match.end() == len(rest) and rest[-1] == "\r":
                # The other half of CRLF may come with the next piece.
                break
            yield rest[end : match.end()]
            end, number = match.end(), number + 1
        rest = rest[end:]
        if len(rest) > LINE_CHARACTERS_LIMIT:
            limit = f"the limit is {LINE_CHARACTERS_LIMIT:,} characters"
            raise InputError(f"{name}: line {number} has no end, {limit}; it begins {excerpt(rest[:20])!r}")
    if rest:
        yield rest
