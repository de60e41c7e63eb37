"""A real Zeppelin and a real Jupyter kernel run every note, and show what the questions answer over the same rows."""

from __future__ import annotations

import base64
import html
import io
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import nbformat
import pyspark
import pytest
from click.testing import CliRunner
from PIL import Image

from analytics.notebooks import source, zpln
from analytics.notebooks.zeppelin import ZeppelinServer
from analytics.spark import catalog_configuration, endpoint_configuration, local_jars, machine_configuration
from cli.main import cli
from logdig.errors import MissingPartError, SetupError
from tests.fakes.note_lake import FORMS, ID, SETTINGS, RecordingScreen, run_here
from tests.unit.questions.rows import Row
from tests.zeppelin.conftest import missing
from tools.zeppelin import PASSWORD, USER, Zeppelin

pytestmark = pytest.mark.zeppelin

NOTES = source.algorithms()
OPTIONS = [f"--form={name}={value}" for name, value in FORMS.items()]
FIRE_TIMEOUT_SECONDS = 120
SPARK_TIMEOUT_SECONDS = 540
IMAGE = re.compile(r'<img [^>]*src="data:image/png;base64,([^"]*)">')


def notes(*arguments: str, is_fine: bool = True) -> Any:
    """Call `logdig notes` with JSON, and return what it prints."""
    done = CliRunner().invoke(cli, ["notes", *arguments, "--json"], catch_exceptions=False)
    assert (done.exit_code == 0) is is_fine, done.output
    return json.loads(done.stdout)


@pytest.fixture(scope="module", autouse=True)
def environment(aws: dict[str, str]) -> Any:
    """Commands of this process find the emulator and the settings, and may log in."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "LOGDIG_CONFIG"):
            patch.setenv(name, aws[name])
        patch.setenv("LOGDIG_ZEPPELIN_USER", USER)
        patch.setenv("LOGDIG_ZEPPELIN_PASSWORD", PASSWORD)
        yield


@pytest.fixture(scope="module")
def expected(rows: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, RecordingScreen]:
    """What each note must show, run in this process over the rows; unit tests compare that with plain counts."""
    folder = tmp_path_factory.mktemp("expected")
    return {name: run_here(name, rows, folder) for name in NOTES}


@pytest.fixture(scope="module")
def made(zeppelin: Zeppelin) -> list[dict[str, Any]]:
    """Every note of the shop, made in Zeppelin."""
    created: list[dict[str, Any]] = notes("create", "--app=shop", f"--zeppelin={zeppelin.url}", *OPTIONS)
    return created


@pytest.fixture(scope="module")
def in_zeppelin(zeppelin: Zeppelin, made: list[dict[str, Any]]) -> dict[str, RecordingScreen]:
    """What each note shows there."""
    done = notes("run", "--app=shop", f"--zeppelin={zeppelin.url}")
    assert [(one["algorithm"], one["status"]) for one in done] == [(name, "FINISHED") for name in NOTES]
    found = {}
    for note in zeppelin.server.notes():
        found[note.algorithm] = screen = RecordingScreen()
        for kind, text in (output for one in note.paragraphs for output in one.outputs):
            if kind == "TABLE":
                screen.tables.append([line.split("\t") for line in text.rstrip("\n").split("\n")])
            else:
                screen.pictures.append(base64.b64decode(IMAGE.findall(text)[0]))
    return found


@pytest.fixture(scope="module")
def in_jupyter(
    rows: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[RecordingScreen, dict[str, Any]]]:
    """What each note shows in a kernel, and what the command says of it."""
    folder = tmp_path_factory.mktemp("jupyter")
    done = notes("run", "--app=shop", "--store", f"--save={folder}", *OPTIONS)
    found = {}
    for one in done:
        notebook = nbformat.read(folder / f"shop-{one['algorithm']}.ipynb", 4)
        screen = RecordingScreen()
        for output in (output for cell in notebook.cells for output in cell.get("outputs", ())):
            assert output.output_type == "display_data", output
            if "image/png" in output.data:
                screen.pictures.append(base64.b64decode(output.data["image/png"]))
            else:
                screen.tables.append(html_rows(output.data["text/html"]))
                assert [line.split("\t") for line in output.data["text/plain"].split("\n")] == screen.tables[-1]
        found[one["algorithm"]] = (screen, one)
    return found


def html_rows(text: str) -> list[list[str]]:
    lines = [re.findall(r"<t[hd]>(.*?)</t[hd]>", line) for line in re.findall(r"<tr>(.*?)</tr>", text)]
    return [[html.unescape(cell.replace("<span>$</span>", "$")) for cell in line] for line in lines]


def in_zeppelin_cells(tables: list[list[list[str]]]) -> list[list[list[str]]]:
    """A leading percent sign would be a command of Zeppelin; there it is quoted."""
    return [[[f"'{cell}" if cell.startswith("%") else cell for cell in line] for line in one] for one in tables]


def is_whole(png: bytes) -> bool:
    with Image.open(io.BytesIO(png)) as image:
        image.load()
    return image.width >= 800


@pytest.mark.parametrize("algorithm", NOTES)
def test_note_in_zeppelin_shows_what_the_questions_answer(
    algorithm: str, in_zeppelin: dict[str, RecordingScreen], expected: dict[str, RecordingScreen]
) -> None:
    shown, wanted = in_zeppelin[algorithm], expected[algorithm]

    assert shown.tables == in_zeppelin_cells(wanted.tables)
    assert len(shown.pictures) == len(wanted.pictures)
    assert all(is_whole(png) for png in shown.pictures)
    assert ID not in str(shown.tables)


@pytest.mark.parametrize("algorithm", NOTES)
def test_note_in_jupyter_shows_what_the_questions_answer_and_stores_it(
    algorithm: str,
    in_jupyter: dict[str, tuple[RecordingScreen, dict[str, Any]]],
    expected: dict[str, RecordingScreen],
    aws: dict[str, str],
) -> None:
    (shown, said), wanted = in_jupyter[algorithm], expected[algorithm]

    assert (said["status"], said["error"]) == ("FINISHED", "")
    assert shown.tables[:-1] == wanted.tables[:-1]
    assert len(shown.pictures) == len(wanted.pictures)
    assert all(is_whole(png) for png in shown.pictures)
    key = said["result"].removeprefix(f"s3://{SETTINGS.bucket_name}/")
    assert key.startswith(f"reports/shop/{algorithm}/")
    stored = boto3.client("s3", endpoint_url=aws["AWS_ENDPOINT_URL"]).get_object(Bucket=SETTINGS.bucket_name, Key=key)
    assert stored["ContentType"] == "application/json"
    result = json.loads(stored["Body"].read())
    assert [len(one["rows"]) for one in result["results"] if "rows" in one] == [
        len(table) - 1 for table in wanted.tables[:-1] if table[0] != ["what", "value"]
    ]


def test_note_made_again_is_the_same_note_with_its_schedule_and_added_paragraphs(
    zeppelin: Zeppelin, made: list[dict[str, Any]], in_zeppelin: dict[str, RecordingScreen]
) -> None:
    target = ("--app=shop", "--algorithm=goals", f"--zeppelin={zeppelin.url}")
    (before,) = notes("create", *target, "--schedule=0 0 6 * * ?", *OPTIONS)
    zeppelin.server.call("POST", f"/notebook/{before['id']}/paragraph", {"title": "mine", "text": "%python\n1"})

    (after,) = notes("create", *target, "--form=device=mobile", *OPTIONS)

    stored = zeppelin.server.read("shop", "goals", after["id"])
    first = zeppelin.server.call("GET", f"/notebook/{after['id']}")["paragraphs"][0]["text"]
    assert all(part in first for part in ("'mobile')", "[('no', 'no'), ('yes', 'yes')], 'yes')"))
    assert (before["is_new"], after["is_new"], after["id"]) == (False, False, before["id"])
    assert after["schedule"] == "0 0 6 * * ?"
    titles = [one["title"] for one in zpln.paragraphs(source.fill("goals", "shop", "d", {}))]
    assert [one.title for one in stored.paragraphs] == [*titles, "mine"]
    (ended,) = notes("create", *target, "--schedule=none")
    assert ended["schedule"] == ""
    listed = notes("list", f"--zeppelin={zeppelin.url}")
    assert [(one["app"], one["algorithm"]) for one in listed] == [("shop", name) for name in NOTES]


def test_schedule_fires_and_stores_the_result(
    zeppelin: Zeppelin, made: list[dict[str, Any]], aws: dict[str, str]
) -> None:
    target = ("--app=blog", "--algorithm=targets", f"--zeppelin={zeppelin.url}")
    s3 = boto3.client("s3", endpoint_url=aws["AWS_ENDPOINT_URL"])
    notes("create", *target, "--schedule=* * * * * ?")
    deadline, keys = time.monotonic() + FIRE_TIMEOUT_SECONDS, []
    try:
        while not keys and time.monotonic() < deadline:
            time.sleep(0.5)
            listed = s3.list_objects_v2(Bucket=SETTINGS.bucket_name, Prefix="reports/blog/targets/").get("Contents", [])
            keys = [one["Key"] for one in listed if one["Key"].endswith("/result.json")]
    finally:
        removed = notes("remove", *target, "--yes")

    assert keys != []
    assert [one["algorithm"] for one in removed] == ["targets"]
    result = json.loads(s3.get_object(Bucket=SETTINGS.bucket_name, Key=keys[0])["Body"].read())
    assert (result["app"], result["note"], result["forms"]["store"]) == ("blog", "targets", "yes")
    assert ID not in json.dumps(result)


def test_paragraph_that_fails_is_named_and_the_note_has_its_own_values_again(
    zeppelin: Zeppelin, made: list[dict[str, Any]]
) -> None:
    (done,) = notes(
        "run", "--app=shop", "--algorithm=scroll", "--form=start=2026-12-01", "--form=end=2026-11-01",
        f"--zeppelin={zeppelin.url}", is_fine=False,
    )  # fmt: skip

    assert done["status"] == "ERROR"
    assert "the first day 2026-12-01 is after the last 2026-11-01" in done["error"]
    (again,) = notes("run", "--app=shop", "--algorithm=scroll", f"--zeppelin={zeppelin.url}")
    assert again["status"] == "FINISHED"


@pytest.mark.parametrize(
    "user, password, message", [("", "", "asks for a login; set LOGDIG_ZEPPELIN_USER"), (USER, "no", "refuses user")]
)
def test_error_says_how_to_log_in_when_the_server_refuses(
    user: str, password: str, message: str, zeppelin: Zeppelin
) -> None:
    with pytest.raises(SetupError, match=message):
        ZeppelinServer(zeppelin.url, user, password).notes()


def test_schedule_is_refused_when_zeppelin_cannot_read_it(zeppelin: Zeppelin, made: list[dict[str, Any]]) -> None:
    done = CliRunner().invoke(
        cli,
        ["notes", "create", "--app=shop", "--algorithm=goals", f"--zeppelin={zeppelin.url}", "--schedule=a b c d e f"],
    )

    assert "schedule 'a b c d e f' is refused by Zeppelin: wrong cron" in str(done.exception)


@pytest.fixture(scope="module")
def shell(rows: dict[str, list[Row]], aws: dict[str, str], java: str, tmp_path_factory: Any) -> str:
    """What spark-shell prints when it runs the paragraphs for Spark as the notes have them, each after its title."""
    try:
        jars = local_jars(aws)
    except MissingPartError:
        missing("Spark's archives")
    configuration = (
        catalog_configuration(SETTINGS)
        | machine_configuration(SETTINGS, aws)
        | endpoint_configuration(SETTINGS, aws["AWS_ENDPOINT_URL"], aws)
    )
    script = tmp_path_factory.mktemp("spark") / "notes.scala"
    script.write_text(spark_paragraphs() + "\nSystem.exit(0)\n", encoding="utf-8")
    command = [str(Path(sys.executable).with_name("spark-shell")), "--master", "local[2]"]
    command += [word for key, value in configuration.items() for word in ("--conf", f"{key}={value}")]
    command += ["--jars", ",".join(map(str, jars)), "-i", str(script)]
    home = str(Path(java).resolve().parent.parent)
    done = subprocess.run(
        command,
        env={**os.environ, **aws, "JAVA_HOME": home, "SPARK_HOME": str(Path(pyspark.__file__).parent)},
        capture_output=True,
        text=True,
        timeout=SPARK_TIMEOUT_SECONDS,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def spark_paragraphs() -> str:
    """Scala that runs them: a statement of SQL by `spark.sql`."""
    steps = []
    for algorithm in NOTES:
        for one in zpln.paragraphs(source.fill(algorithm, "shop", SETTINGS.database, {})):
            interpreter, _, text = one["text"].partition("\n")
            code = {"%spark.sql": f'spark.sql("""{text}""").show(50, false)', "%spark": text}.get(interpreter)
            if code:
                steps += [f'println("== {algorithm} {interpreter}")', code]
    return "\n".join(steps)


def spark_rows(shell: str, heading: str) -> list[list[str]]:
    """Rows of the table that stands below a heading."""
    text = shell.split(f"== {heading}\n")[1].split("== ")[0]
    lines = [re.split(r"\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines][1:]


def of_shop(rows: dict[str, list[Row]], table: str) -> list[Row]:
    return [row for row in rows[table] if row["app"] == "shop"]


def test_paragraphs_of_spark_count_what_a_plain_count_does(shell: str, rows: dict[str, list[Row]]) -> None:
    clicks, sessions = of_shop(rows, "clicks"), of_shop(rows, "sessions")
    begun = [row for row in sessions if not row["continued"]]

    by_element = spark_rows(shell, "heatmap %spark.sql")
    by_device = spark_rows(shell, "heatmap %spark")
    by_source = spark_rows(shell, "sessions %spark.sql")
    by_day = spark_rows(shell, "sessions %spark")

    counted = Counter((row["page"], row["selector"]) for row in clicks)
    assert sorted(int(line[-2]) for line in by_element) == sorted(counted.values())
    assert {line[0]: int(line[1]) for line in by_device} == Counter(row["device"] for row in clicks)
    assert {line[0]: int(line[1]) for line in by_source} == Counter(row["source"] for row in begun)
    assert {line[0]: int(line[1]) for line in by_day} == Counter(row["day"].isoformat() for row in begun)
