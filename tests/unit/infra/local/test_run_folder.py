"""One run at a time has the folder; its token and data stay, its environment goes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.run_folder import RunFolder
from logdig.errors import MissingPartError, SetupError


def unexpected(text: str) -> None:
    pytest.fail(text)


def test_claim_names_the_process_when_another_run_has_the_folder(tmp_path: Path) -> None:
    first = RunFolder(tmp_path / "run")
    first.claim(unexpected)

    first.publish({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    refused = RunFolder(tmp_path / "run")
    with pytest.raises(MissingPartError, match=f"already runs in .*run \\(process {os.getpid()}\\)"):
        refused.claim(unexpected)
    refused.release()

    assert refused.environment() == {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    first.release()
    second = RunFolder(tmp_path / "run")
    second.claim(unexpected)
    second.release()


def test_claim_waits_when_parts_of_a_killed_run_still_end(tmp_path: Path) -> None:
    first = RunFolder(tmp_path)
    parts = first.claim(unexpected)
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(parts,)
    )
    first.release()
    told = []

    def end_parts(text: str) -> None:
        told.append(text)
        child.communicate()

    second = RunFolder(tmp_path)
    second.claim(end_parts)
    second.release()

    assert told == ["waiting for the parts of an earlier run to end"]


def test_token_is_the_same_when_a_run_follows_and_data_was_removed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.data.mkdir()
    (folder.data / "object").write_text("event")
    token = folder.token(lambda: "pk_web_first")
    folder.remove_data()
    folder.remove_data()

    assert (token, RunFolder(tmp_path).token(lambda: "pk_web_second")) == ("pk_web_first", "pk_web_first")
    assert not folder.data.exists()


def test_environment_is_there_only_while_a_run_is_ready(tmp_path: Path) -> None:
    folder, reader = RunFolder(tmp_path), RunFolder(tmp_path)
    with pytest.raises(MissingPartError, match="no 'logdig dev' runs in"):
        reader.environment()

    folder.claim(unexpected)
    with pytest.raises(MissingPartError, match="still starting"):
        reader.environment()

    folder.publish({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    assert reader.environment() == {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert (tmp_path / "environment.json").stat().st_mode & 0o077 == 0

    folder.release()
    with pytest.raises(MissingPartError, match="no 'logdig dev' runs in"):
        reader.environment()


def test_environment_is_refused_when_the_run_was_killed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.claim(unexpected)
    folder.publish({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    # The kernel closes them so when a process is killed.
    for handle in folder._held:
        os.close(handle)

    with pytest.raises(MissingPartError, match="no 'logdig dev' runs in"):
        RunFolder(tmp_path).environment()


def test_claim_is_one_line_when_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SetupError, match="--directory"):
        RunFolder(tmp_path / "file" / "run").claim(unexpected)
