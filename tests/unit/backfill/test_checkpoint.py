"""What is remembered of sendings survives a restart; what is damaged costs a question or a resend, no more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from logdig.backfill.checkpoint import Checkpoint, SentFile, SentFiles, file_digest, require_folder
from logdig.backfill.repeats import Repeats
from logdig.errors import SetupError


def test_checkpoint_holds_for_its_sending_alone_and_is_gone_at_the_end(tmp_path: Path) -> None:
    Checkpoint(tmp_path, "a").write(17, timedelta(days=40))

    assert Checkpoint(tmp_path, "a").read(timedelta()) == (17, timedelta(days=40))
    assert Checkpoint(tmp_path, "b").read(timedelta(days=3)) == (0, timedelta(days=3))
    Checkpoint(tmp_path, "a").clear()
    assert not Checkpoint(tmp_path, "a").is_begun


def test_folder_is_refused_before_anything_is_sent_when_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SetupError, match=r"file/sent: Not a directory; .* set XDG_CACHE_HOME"):
        require_folder(tmp_path / "file" / "sent")
    require_folder(tmp_path / "new" / "sent")
    assert list((tmp_path / "new" / "sent").iterdir()) == []


def test_sent_files_are_kept_by_app_endpoint_kind_and_content(tmp_path: Path) -> None:
    file = SentFile("march.csv", "2026-03-01T12:00:00.000Z", 12)
    SentFiles(tmp_path, "web", "http://a").add("listens", "d1", file)
    SentFiles(tmp_path, "web", "http://a").add("listens", "d2", file)

    kept = SentFiles(tmp_path, "web", "http://a")
    assert [kept.find("listens", digest) for digest in ("d1", "d2", "d3")] == [file, file, None]
    assert kept.find("clicks", "d1") is None
    assert SentFiles(tmp_path, "web", "http://b").find("listens", "d1") is None
    assert SentFiles(tmp_path, "shop", "http://a").find("listens", "d1") is None


def test_damaged_memory_is_read_as_none(tmp_path: Path) -> None:
    Checkpoint(tmp_path, "a").write(17, timedelta())
    SentFiles(tmp_path, "web", "http://a").add("listens", "d1", SentFile("f", "t", 1))
    for path in tmp_path.iterdir():
        path.write_bytes(b'{"line": [')

    assert Checkpoint(tmp_path, "a").read(timedelta()) == (0, timedelta())
    assert SentFiles(tmp_path, "web", "http://a").find("listens", "d1") is None


def test_digest_is_of_the_content_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"rows")
    (tmp_path / "c").write_bytes(b"rows\n")

    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b") != file_digest(tmp_path / "c")


def test_repeats_name_the_first_line_of_an_event() -> None:
    with Repeats() as repeats:
        assert [repeats.first_line(event_id, line) for line, event_id in enumerate("abcab", 1)] == [
            None,
            None,
            None,
            1,
            2,
        ]
