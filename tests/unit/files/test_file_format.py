"""A file is what its first bytes say; no byte of it is decoded lossily."""

from __future__ import annotations

import codecs
import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.errors import InputError
from logdig.files.file_format import decode, detect_format, read_lines, split_lines

KOREAN = "번호,이름\r\n1,홍길동\r\n"


def lines_of(path: Path, content: bytes, encoding: str | None = None) -> list[str]:
    path.write_bytes(content)
    return list(read_lines(path, detect_format(path, encoding)))


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("encoding", "mark", "named"),
    [
        ("utf-8", b"", None),
        ("utf-8", codecs.BOM_UTF8, None),
        ("utf-16-le", codecs.BOM_UTF16_LE, None),
        ("utf-16-be", codecs.BOM_UTF16_BE, None),
        ("utf-32-le", codecs.BOM_UTF32_LE, None),
        ("cp949", b"", "CP949"),
        ("euc-kr", b"", "euc_kr"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("utf-8", codecs.BOM_UTF8, "utf-8"),
    ],
)
def test_text_is_read_in_its_encoding(tmp_path: Path, compress: type, encoding: str, mark: bytes, named: str) -> None:
    content = compress(mark + KOREAN.encode(encoding))

    assert lines_of(tmp_path / "f.csv", content, named) == KOREAN.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("content", "named", "message"),
    [
        ("a\nb\n좋은".encode("cp949"), None, "line 3: byte 5 (0xC1) is not utf-8"),
        ("a\rb\r좋은".encode("cp949"), None, "line 3: byte 5 (0xC1) is not utf-8"),
        ("naïve".encode("windows-1252"), None, "line 1: byte 3 (0xEF) is not utf-8"),
        (b"a\r\nb\xff", "cp949", "line 2: byte 5 (0xFF) is not cp949"),
        ("끝".encode()[:2], None, "line 1: byte 1 (0xEB) is not utf-8"),
        ("끝".encode("utf-16")[:-1] + b"\x00\x00", None, "line 1: byte 5"),
    ],
)
def test_file_is_refused_with_line_byte_and_flag_when_it_is_of_another_encoding(
    tmp_path: Path, content: bytes, named: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=f"{re.escape(message)}.*--encoding cp949"):
        lines_of(tmp_path / "f.csv", content, named)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "an Excel workbook or a zip archive: save the sheet as 'CSV UTF-8'"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "an older Excel workbook"),
        (b"BZh91AY&SYrest", "bzip2"),
        (b"\x28\xb5\x2f\xfdrest", "zstd"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!doctype html><p>", "a web page"),
        (gzip.compress(b"PK\x03\x04rest"), "an Excel workbook"),
        (gzip.compress(gzip.compress(b"a,b\n")), "gzip twice"),
        (gzip.compress(b"PAR1rest"), "a Parquet file inside gzip"),
        ("a,b\r\n".encode("utf-16-le"), "UTF-16 without a mark: --encoding utf-16-le"),
        ("a,b\r\n".encode("utf-16-be"), "UTF-16 without a mark: --encoding utf-16-be"),
        (gzip.compress(b"a,b\n" * 100_000)[:-100], "gzip data is damaged or cut off"),
        (b"\x1f\x8b\x08nothing of the kind", "gzip data is damaged or cut off"),
    ],
)
def test_file_of_another_kind_is_refused_with_the_word_that_helps(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        lines_of(tmp_path / "f.csv", content)


@pytest.mark.parametrize(
    "name",
    [
        "klingon",
        "base64",
        "rot13",
        "hex",
        "undefined",
        "a\0b",
        "unicode_escape",
        "raw-unicode-escape",
        "punycode",
        "idna",
    ],
)
def test_encoding_is_refused_when_it_is_no_text_encoding(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="is no encoding of text files, such as cp949"):
        lines_of(tmp_path / "f.csv", b"a", name)


def test_encoding_is_refused_when_the_file_begins_with_the_mark_of_another(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="byte order mark of utf-8, not of cp949; leave --encoding out"):
        lines_of(tmp_path / "f.csv", codecs.BOM_UTF8 + b"a", "cp949")


def test_one_zero_character_does_not_make_a_file_binary(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "f.csv", b"some good row\nbad\0row\ngood again\n")[1] == "bad\0row\n"


@given(
    st.text(st.characters(codec="cp949"), max_size=60),
    st.sampled_from(["utf-8", "utf-16-le", "cp949"]),
    st.integers(1, 7),
)
def test_decoding_in_pieces_gives_the_whole_text(text: str, encoding: str, size: int) -> None:
    content = text.encode(encoding)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]

    assert "".join(decode(pieces, encoding)) == text.removeprefix("\ufeff")


@given(st.text(st.sampled_from("ab\r\n\u2028\x0b"), max_size=40), st.integers(1, 5))
def test_lines_end_at_lf_crlf_and_cr_alone_wherever_pieces_end(text: str, size: int) -> None:
    pieces = [text[start : start + size] for start in range(0, len(text), size)]

    lines = list(split_lines(pieces))

    assert "".join(lines) == text
    assert lines == re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)


def test_line_without_end_is_refused_instead_of_filling_the_memory() -> None:
    with pytest.raises(InputError, match="line 2 has no end, the limit is 1,000,000 characters"):
        list(split_lines(["a\n", *["x" * 60_000] * 20]))
