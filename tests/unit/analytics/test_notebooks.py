"""Notes show what their questions answer, and nothing of people; both programs read them."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from analytics.notebooks import charts, display, ipynb, source, zpln
from analytics.spark import catalog_configuration
from logdig.config.settings import Settings
from logdig.errors import InputError, MissingPartError
from logdig.store.reports import PERSONAL
from tests.fakes.note_lake import FORMS, HOSTILE_SHOWN, ID, SETTINGS, RecordingScreen, lake_rows, run_here
from tests.fakes.store import FakeStore
from tests.unit.questions import brute
from tests.unit.questions.rows import FIRST, LAST, Row

NOTES = source.algorithms()
ROWS = lake_rows()
REPORTED = ("heatmap", "scroll", "frustration", "sessions", "goals", "listening", "features", "targets", "ledger")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[RecordingScreen, FakeStore]]:
    """Every note, run once over the rows, with what it has stored."""
    folder, done = tmp_path_factory.mktemp("notes"), {}
    for algorithm in NOTES:
        store = FakeStore()
        done[algorithm] = (run_here(algorithm, ROWS, folder, store=store), store)
    return done


def result(store: FakeStore) -> dict[str, Any]:
    """What a run has stored as JSON."""
    (text,) = [body for key, body in store.objects.items() if key.endswith("/result.json")]
    return json.loads(text)


def stored(runs: dict[str, tuple[RecordingScreen, FakeStore]], algorithm: str, name: str) -> list[Row]:
    """Rows that a note has shown under a name."""
    return next(one["rows"] for one in result(runs[algorithm][1])["results"] if one["name"] == name)


def texts(rows: list[Row], columns: list[str]) -> list[list[str]]:
    return [[" ".join(display.shown(row[column]).split()) for column in columns] for row in rows]


def of_app(table: str) -> list[Row]:
    """Rows of the asked app and days."""
    return [row for row in ROWS[table] if row["app"] == "shop" and FIRST <= row.get("day", FIRST) <= LAST]


def test_there_is_a_note_for_each_subject() -> None:
    assert set(NOTES) == set(REPORTED)


@pytest.mark.parametrize(
    "algorithm, table, count",
    [
        ("heatmap", 0, lambda: brute.pages(ROWS, {}, None)),
        ("heatmap", 3, lambda: brute.heatmap(ROWS, {"page": "/a"}, None)),
        ("scroll", 0, lambda: brute.pages(ROWS, {}, None)),
        ("scroll", 2, lambda: brute.scroll(ROWS, {"page": "/a"}, None)),
        ("frustration", 0, lambda: brute.frustration(ROWS, {}, None)),
        ("sessions", 1, lambda: brute.visits(ROWS, {}, "day")),
        ("sessions", 2, lambda: brute.visits(ROWS, {}, "channel")),
        ("sessions", 3, lambda: brute.visits(ROWS, {}, "source")),
        ("goals", 1, lambda: brute.goals(ROWS, {}, "source")),
    ],
)
def test_table_of_a_note_equals_a_plain_count(algorithm: str, table: int, count: Any, tmp_path: Path) -> None:
    forms = {**FORMS, "page": "/a"} if algorithm in ("heatmap", "scroll") else FORMS
    columns, *lines = run_here(algorithm, ROWS, tmp_path, forms).tables[table]

    assert len(lines) > 1
    assert sorted(lines) == sorted(texts(count(), columns))


def test_listening_equals_a_plain_count(runs: dict[str, tuple[RecordingScreen, FakeStore]]) -> None:
    listens = of_app("listens")

    hours = {row["local_hour"]: row["listens"] for row in stored(runs, "listening", "hours")}
    tracks = {row["track_id"]: (row["title"], row["listens"]) for row in stored(runs, "listening", "tracks")}
    titles = {row["track_id"]: row["title"] for row in ROWS["tracks"]}

    assert hours == Counter(row["local_hour"] for row in listens)
    assert sum(row["listens"] for row in stored(runs, "listening", "days")) == len(listens)
    counted = Counter(row["track_id"] for row in listens)
    assert tracks == {track: (titles.get(track), number) for track, number in counted.items()}


def test_features_and_targets_equal_a_plain_count(runs: dict[str, tuple[RecordingScreen, FakeStore]]) -> None:
    customers = {(r["offer"], r["split"], r["label"]): r["customers"] for r in stored(runs, "features", "features")}
    targets = {(row["offer"], row["level"]): row["targets"] for row in stored(runs, "targets", "levels")}
    scores = stored(runs, "targets", "scores")

    assert customers == Counter((row["offer"], row["split"], row["label"]) for row in of_app("features"))
    assert targets == Counter((row["offer"], row["level"]) for row in of_app("targets"))
    twentieths = Counter((row["offer"], min(int(row["score"] * 20), 19) / 20) for row in of_app("predictions"))
    assert {(row["offer"], row["score_from"]): row["customers"] for row in scores} == twentieths
    assert sum(row["targets"] for row in scores) == len(of_app("targets"))


def test_features_note_shows_the_model_that_was_trained_last(
    runs: dict[str, tuple[RecordingScreen, FakeStore]],
) -> None:
    models = stored(runs, "features", "models")

    assert [(row["offer"], row["passed"]) for row in models] == [("ballet", True), ("opera", True)]


def test_ledger_note_shows_days_and_the_sum_that_is_off(runs: dict[str, tuple[RecordingScreen, FakeStore]]) -> None:
    days = {row["day"]: row["in_tables"] for row in stored(runs, "ledger", "days")}

    assert days == {row["day"].isoformat(): row["in_tables"] for row in of_app("ledger")}
    assert [row["sum"].split()[2] for row in stored(runs, "ledger", "broken")] == ["tables:"]


@pytest.mark.parametrize("algorithm", NOTES)
def test_note_finishes_when_there_is_nothing(algorithm: str, tmp_path: Path) -> None:
    assert run_here(algorithm, {}, tmp_path).tables


@pytest.mark.parametrize("algorithm", NOTES)
def test_result_holds_no_column_and_no_id_of_people(
    algorithm: str, runs: dict[str, tuple[RecordingScreen, FakeStore]]
) -> None:
    """The ids themselves are looked for, too: another name would pass a check of columns."""
    screen, store = runs[algorithm]
    found = result(store)
    columns = {name for one in found["results"] for row in one.get("rows", ()) for name in row}
    shown = json.dumps([found, screen.tables])

    assert not columns & PERSONAL
    assert ID not in shown
    assert ID in json.dumps(ROWS, default=str)


@pytest.mark.parametrize("algorithm", NOTES)
def test_pictures_of_a_result_are_whole(algorithm: str, runs: dict[str, tuple[RecordingScreen, FakeStore]]) -> None:
    screen, store = runs[algorithm]
    pictures = {key.rpartition("/")[2]: body for key, body in store.objects.items() if key.endswith(".png")}

    assert list(pictures) == result(store)["pictures"]
    assert list(pictures.values()) == screen.pictures != []
    for png in screen.pictures:
        with Image.open(io.BytesIO(png)) as image:
            image.load()
            assert image.width >= 800


def test_result_lies_below_reports_by_app_note_and_time(runs: dict[str, tuple[RecordingScreen, FakeStore]]) -> None:
    folders = {key.rpartition("/")[0] for key in runs["scroll"][1].objects}

    assert folders == {"reports/shop/scroll/2026-11-15T060000.000000Z"}


def test_nothing_is_stored_when_the_form_does_not_say_so(tmp_path: Path) -> None:
    screen = run_here("targets", ROWS, tmp_path)

    assert screen.tables[-1] == [["result"], ["not stored: form 'store' is no"]]


def test_filter_of_a_form_reaches_the_question(tmp_path: Path) -> None:
    columns, *lines = run_here("sessions", ROWS, tmp_path, {**FORMS, "device": "mobile"}).tables[3]

    assert sorted(lines) == sorted(texts(brute.visits(ROWS, {"device": "mobile"}, "source"), columns))


@pytest.mark.parametrize(
    "forms, message",
    [
        ({"device": "fridge"}, "form device = 'fridge': one of '', 'desktop', 'tablet', 'mobile'"),
        ({"start": "yesterday"}, "form start = 'yesterday': a day such as 2026-11-24, or empty"),
        ({"colour": "red"}, "note sessions has no form 'colour'; it has: device, start, end, store"),
        ({"start": "2026-11-16", "end": "2026-11-15"}, "the first day 2026-11-16 is after the last 2026-11-15"),
    ],
)
def test_note_is_not_opened_when_a_form_is_wrong(forms: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^" + message.replace("?", r"\?")):
        run_here("sessions", ROWS, tmp_path, forms)


def test_note_is_not_opened_when_the_app_is_not_in_the_settings(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"app 'nobody' is not in .*logdig\.toml; its apps: shop, blog; the variable"):
        run_here("sessions", ROWS, tmp_path, app="nobody")


@pytest.mark.parametrize("algorithm", NOTES)
def test_both_programs_have_the_same_steps(algorithm: str) -> None:
    note = source.fill(algorithm, "shop", SETTINGS.database, FORMS)
    zeppelin, jupyter = zpln.render(note), ipynb.render(note)
    code = [cell.source for cell in jupyter.cells if cell.cell_type == "code"]
    python = [one["text"] for one in zeppelin["paragraphs"] if one["text"].startswith("%python\n")]

    nbformat.validate(jupyter)
    assert jupyter == nbformat.reads(ipynb.to_text(jupyter), 4)
    assert [text.removeprefix("%python\n") for text in python][1:] == code[2:]
    for text in (*code, *(text.removeprefix("%python\n") for text in python)):
        compile(text, algorithm, "exec")
    assert zeppelin["name"] == f"LogDig/shop/{algorithm}"
    assert "{{" not in json.dumps([zeppelin, jupyter])


@pytest.mark.parametrize("algorithm", ["heatmap", "sessions"])
def test_paragraphs_of_spark_are_off_in_zeppelin_and_text_in_jupyter(algorithm: str) -> None:
    note = source.fill(algorithm, "shop", SETTINGS.database, {})
    spark = [one for one in zpln.render(note)["paragraphs"] if one["text"].startswith("%spark")]
    words = "\n".join(cell.source for cell in ipynb.render(note).cells if cell.cell_type == "markdown")

    assert [one["text"].split("\n")[0] for one in spark] == ["%spark.sql", "%spark"]
    assert [one["config"]["enabled"] for one in spark] == [False, False]
    assert all(one["text"].partition("\n")[2] in words for one in spark)


@pytest.mark.parametrize(
    "missing, call",
    [
        ("nbformat", lambda: ipynb.render(source.fill("goals", "shop", "d", {}))),
        ("ipykernel", lambda: ipynb.Kernel({}, Path()).__enter__()),
        ("matplotlib", lambda: charts.bars(["a"], [1], "clicks")),
    ],
)
def test_error_names_the_extra_when_it_is_not_installed(
    missing: str, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(MissingPartError, match=rf"need {missing}: pip install 'logdig\[notes\]'"):
        call()


def test_page_lists_the_properties_by_which_spark_knows_the_tables() -> None:
    page = (Path(source.__file__).parents[2] / "docs" / "notebooks.md").read_text(encoding="utf-8")
    listed = dict(line.split(" ", 1) for line in page.splitlines() if line.startswith("spark.sql."))

    assert listed.items() <= catalog_configuration(Settings(stage="prod")).items()
    assert {"spark.sql.extensions", "spark.sql.catalog.lake.type"} <= listed.keys()


def printed(show: Any) -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        show()
    return text.getvalue()


@settings(max_examples=30)
@given(st.lists(st.tuples(st.text(), st.integers()), max_size=6))
def test_zeppelin_table_keeps_rows_and_columns_when_values_hold_separators_or_commands(
    rows: list[tuple[str, int]],
) -> None:
    lines = printed(lambda: display.Zeppelin().table(["value", "n"], rows)).removeprefix("%table ").split("\n")[:-2]

    assert len(lines) == len(rows) + 1
    assert [line.split("\t")[1] for line in lines[1:]] == [str(n) for _, n in rows]
    assert not any(line.startswith("%") for line in lines)


class Tags(HTMLParser):
    """Counts the tags of a text, and puts its words together."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.words = Counter[str](), ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1

    def handle_data(self, data: str) -> None:
        self.words += data


@settings(max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_jupyter_table_shows_text_as_text_when_it_holds_tags_or_formulas(text: str) -> None:
    shown: list[dict[str, str]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(display, "_show", shown.append)
        display.Jupyter().table(["value"], [[f"{text}<b>$x$"]])

    found = Tags(shown[0]["text/html"])
    assert found.tags == {"table": 1, "thead": 1, "tbody": 1, "tr": 2, "th": 1, "td": 1, "span": found.words.count("$")}
    assert "$x" not in shown[0]["text/html"]


def test_hostile_selector_is_one_line_of_text(tmp_path: Path) -> None:
    screen = run_here("heatmap", ROWS, tmp_path, {**FORMS, "page": "/"})

    assert HOSTILE_SHOWN in [line[0] for line in screen.tables[2]]


@pytest.mark.parametrize("label", ["$x^2$", "$", "a$b$c\\$", "\n\t", "한국어 🎉", "x" * 500, None])
def test_chart_is_drawn_whatever_a_label_holds(label: str | None) -> None:
    assert charts.bars([label], [1.5], "clicks").startswith(b"\x89PNG")


def test_chart_of_equal_rows_is_an_equal_file() -> None:
    assert charts.bars(["a"], [1], "clicks") == charts.bars(["a"], [1], "clicks")
