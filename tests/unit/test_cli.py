"""The `logdig` command itself: an error is one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from logdig import cli


def test_error_names_the_way_to_credentials_when_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "LOGDIG_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["logdig", "bad", "list"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    (line,) = capsys.readouterr().err.splitlines()
    assert ended.value.code == 1
    assert line.startswith("logdig: ")
    assert line.endswith(
        "Unable to locate credentials; set up AWS access ('aws configure'), or use an emulator ('logdig dev')"
    )
