"""Printed hints name commands in a form that works in the same shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import main, program
from cli.commands import COMMANDS
from infra.paths import ROOT

SHOP = Path("/home/me/shop")


@pytest.mark.parametrize(
    ("called", "on_path", "name"),
    [
        ("/home/me/shop/.venv/bin/logdig", "/home/me/shop/.venv/bin/logdig", "logdig"),
        ("/home/me/shop/.venv/bin/logdig", None, ".venv/bin/logdig"),
        (".venv/bin/logdig", None, ".venv/bin/logdig"),
        (".venv/bin/logdig", "/usr/local/bin/logdig", ".venv/bin/logdig"),
        ("/opt/logdig/.venv/bin/logdig", None, "/opt/logdig/.venv/bin/logdig"),
        ("./logdig", None, "./logdig"),
        ("logdig", None, "logdig"),
        ("/home/me/shop/cli/main.py", None, "logdig"),
    ],
)
def test_program_is_named_as_it_can_be_called_again(called: str, on_path: str | None, name: str) -> None:
    assert program.program_name(called, on_path, SHOP) == name


@pytest.fixture
def unactivated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell in the checkout without the environment on PATH."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", [".venv/bin/logdig", "nonsense"])
    monkeypatch.setattr(program.shutil, "which", lambda _name: None)


@pytest.mark.usefixtures("unactivated")
def test_text_names_commands_as_called_and_keeps_every_other_word() -> None:
    text = "logdig: run 'logdig jobs run all' with logdig.toml of logdig users; see: logdig plan"

    assert program.with_program(text) == (
        "logdig: run '.venv/bin/logdig jobs run all' with logdig.toml of logdig users; see: .venv/bin/logdig plan"
    )
    assert program.with_program(program.with_program(text)) == program.with_program(text)


@pytest.mark.usefixtures("unactivated")
def test_usage_error_names_the_program_as_called(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main()

    assert ended.value.code == 2
    assert "Try '.venv/bin/logdig --help' for help" in capsys.readouterr().err


def test_every_command_has_a_module_and_every_module_is_a_command() -> None:
    modules = {path.stem for path in (ROOT / "cli" / "commands").glob("*.py")} - {"__init__"}

    assert modules == set(COMMANDS)
