"""`logdig notes` without a server writes files, and with one says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner

from analytics.notebooks.source import algorithms
from cli.commands import notes
from cli.main import cli
from logdig.errors import InputError, SetupError
from tests.fakes.answering import answering

JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Working directory with settings of two apps."""
    apps = "".join(f'[[apps]]\nname = "{name}"\ntoken = "pk_{name}_12345678"\n' for name in ("shop", "blog"))
    (tmp_path / "logdig.toml").write_text(apps, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("LOGDIG_CONFIG", "LOGDIG_ZEPPELIN", "LOGDIG_ZEPPELIN_USER", "LOGDIG_ZEPPELIN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def call(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["notes", *arguments])


def test_help_names_every_note() -> None:
    named = [line.split()[0] for line in (notes.command.help or "").splitlines() if "  " in line.strip()]

    assert named == list(algorithms())


@pytest.mark.parametrize("form", ["zpln", "ipynb"])
def test_export_writes_one_file_for_each_note(form: str, folder: Path) -> None:
    done = call("export", "--app=shop", f"--format={form}", "--folder=out", "--json")

    written = json.loads(done.stdout)
    assert [one["file"] for one in written] == [f"out/shop-{name}.{form}" for name in algorithms()]
    for one in written:
        text = (folder / one["file"]).read_text(encoding="utf-8")
        if form == "ipynb":
            nbformat.validate(nbformat.reads(text, 4))
        else:
            assert json.loads(text)["name"] == f"LogDig/shop/{one['algorithm']}"


def test_create_without_a_server_writes_what_zeppelin_imports(folder: Path) -> None:
    done = call("create", "--app=shop", "--algorithm=heatmap", "--form=page=/cart")

    assert done.output == "wrote  shop-heatmap.zpln\n"
    first = json.loads((folder / "shop-heatmap.zpln").read_text(encoding="utf-8"))["paragraphs"][0]["text"]
    assert "page=z.input('page (empty: the most viewed)', '/cart')" in first


def test_file_that_is_there_is_replaced_only_when_told(folder: Path) -> None:
    (folder / "shop-goals.ipynb").write_text("mine", encoding="utf-8")
    arguments = ("export", "--app=shop", "--algorithm=goals")

    refused = call(*arguments)
    kept = (folder / "shop-goals.ipynb").read_text(encoding="utf-8")
    assert call(*arguments, "--force").exit_code == 0

    assert isinstance(refused.exception, InputError)
    assert str(refused.exception).startswith("shop-goals.ipynb is there already; --force replaces it")
    assert kept == "mine" != (folder / "shop-goals.ipynb").read_text(encoding="utf-8")


def test_form_of_some_notes_goes_to_those_when_every_note_is_meant(folder: Path) -> None:
    assert call("export", "--app=shop", "--form=page=/cart").exit_code == 0

    having = {path.stem.removeprefix("shop-") for path in folder.glob("*.ipynb") if "'/cart'" in path.read_text()}
    assert having == {"heatmap", "scroll", "frustration"}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("create", "--app=shop", "--schedule=0 0 6 * * ?"), "--schedule belongs to a Zeppelin server; add --zeppelin"),
        (("create", "--app=shop", "--schedule=0 6 * * *"), "schedule '0 6 * * *' has 5 fields; it has 6 or 7"),
        (("export", "--app=nobody"), "logdig.toml has no app 'nobody'; it has: shop, blog"),
        (("export",), "logdig.toml has several apps or none (shop, blog); choose one with --app"),
        (("export", "--app=shop", "--form=colour=red"), "has no form 'colour'"),
        (
            ("export", "--app=shop", "--algorithm=goals", "--form=page=/"),
            "note goals has no form 'page'; it has: device",
        ),
        (("list", "--zeppelin=file:///etc"), "'file:///etc' is no address of a server"),
        (("run", "--app=shop", "--form=start=soon"), "form start = 'soon': a day such as 2026-11-24"),
    ],
)
def test_error_says_what_can_be_done(arguments: tuple[str, ...], message: str) -> None:
    done = call(*arguments)

    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("export", "--algorithm=horoscope"), "'horoscope' is not one of 'features', 'frustration'"),
        (("export", "--form=page"), "NAME=VALUE, such as page=/cart"),
        (("list",), "Missing option '--zeppelin'"),
    ],
)
def test_wrong_option_ends_with_2_and_says_what_it_may_be(arguments: tuple[str, ...], message: str) -> None:
    done = call(*arguments)

    assert (done.exit_code, message in done.output) == (2, True)


def test_error_names_the_address_when_no_server_is_there() -> None:
    with answering((200, {}, b"")) as gone:
        pass
    done = call("create", "--app=shop", f"--zeppelin={gone.endpoint}")

    assert isinstance(done.exception, SetupError)
    assert str(done.exception).startswith(f"no Zeppelin answers at {gone.endpoint} (")
    assert "leave out --zeppelin to work with files" in str(done.exception)


def test_error_says_that_the_address_is_none_of_zeppelin() -> None:
    with answering((200, {}, b"<html>")) as other:
        done = call("list", f"--zeppelin={other.endpoint}")

    assert str(done.exception) == f"{other.endpoint} is no Zeppelin: its response is no JSON; check the address"


def test_error_says_how_schedules_are_allowed_when_the_server_runs_none() -> None:
    listing = {"body": []}
    refusal = {"status": "FORBIDDEN", "message": "Cron is not enabled from Zeppelin server"}
    answers = [(200, JSON, json.dumps(body).encode()) for body in (listing, {"body": "2ABC"})]
    with answering(*answers, (403, JSON, json.dumps(refusal).encode())) as server:
        done = call(
            "create", "--app=shop", "--algorithm=goals", "--schedule=0 0 6 * * ?", f"--zeppelin={server.endpoint}"
        )

    assert "set zeppelin.notebook.cron.enable to true in its zeppelin-site.xml" in str(done.exception)
    assert [one.target for one in server.asked] == [
        "/api/notebook", "/api/notebook/import", "/api/notebook/cron/2ABC",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["run", "remove"])
def test_error_says_how_to_make_a_note_that_is_not_there(command: str) -> None:
    with answering((200, JSON, b'{"body": [{"id": "2Y", "path": "/LogDig/others"}]}')) as server:
        done = call(command, "--app=shop", "--algorithm=goals", f"--zeppelin={server.endpoint}")

    assert f"{server.endpoint} has no note LogDig/shop/goals; make it: logdig notes create --app shop" in str(
        done.exception
    )
