"""What the demo says about questions of one's own, typed into another shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from demo.run import own_questions
from infra.local.run_folder import RunFolder
from logdig.config.settings import AppSettings, Settings
from logdig.config.toml_file import write_settings


def test_printed_commands_find_the_demo_when_another_shell_runs_them(tmp_path: Path) -> None:
    folder, elsewhere = RunFolder(tmp_path / "a demo's folder"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.claim(str)
    write_settings(Settings(apps=(AppSettings(name="music", token="pk_music_1"),)), folder.path / "logdig.toml")
    folder.publish({"LOGDIG_CONFIG": str(folder.path / "logdig.toml"), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    commands = [line.strip() for line in own_questions(folder.path, "music") if line.startswith("  ")]
    [find, query, note] = commands
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    def shell(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", "-c", script], env=path, cwd=elsewhere, capture_output=True, text=True)

    made = shell(f"set -e\n{find}\necho $AWS_ENDPOINT_URL\n{note}")
    folder.release()
    gone = shell(find)

    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("http://127.0.0.1:9\n")
    assert [file.name for file in elsewhere.iterdir()] == ["music-sessions.ipynb"]
    assert query == "logdig query pages --app music"
    assert "runs in" in gone.stderr
