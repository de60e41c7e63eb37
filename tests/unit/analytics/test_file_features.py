"""Features of recorded files equal the definitions of 2016, counted by plain Python."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.commands.features import command
from cli.main import cli

HEADER = "customer_id,label,morning,afternoon,evening,night,mobile,unique,plays"
CLICK = '9,{},"{}","2014-12-18 08:15:16"\n'


def run(folder: Path, listens: str, clicks: str, *options: str) -> tuple[Result, dict[str, list[str]]]:
    """Report of the command, and its rows by customer."""
    (folder / "listens.csv").write_text(listens)
    (folder / "clicks.csv").write_text(clicks)
    return command_on(folder, folder / "listens.csv", folder / "clicks.csv", *options)


def command_on(folder: Path, listens: Path, clicks: Path, *options: str) -> tuple[Result, dict[str, list[str]]]:
    out = folder / "out.csv"
    files = ["--listens", str(listens), "--ads", str(clicks), "--out", str(out)]
    result = CliRunner().invoke(command, ["from-files", *files, *options], catch_exceptions=False)
    header, *lines = out.read_text().splitlines()
    assert header == HEADER
    rows = [line.split(",") for line in lines]
    return result, {row[0]: row[1:] for row in rows}


def brute_force(listens: list[list[str]], clicked: set[str]) -> dict[str, list[str]]:
    """The definitions of 2016: night is before 5 and from 22, then 5 to 11, 12 to 16, 17 to 21."""
    by_customer = defaultdict(list)
    for _, customer, track, time, mobile, _ in listens:
        by_customer[customer].append((track, int(time[11:13]), int(mobile)))
    found = {}
    for customer, plays in by_customer.items():
        hours = [hour for _, hour, _ in plays]
        counts = [
            sum(5 <= hour < 12 for hour in hours),
            sum(12 <= hour < 17 for hour in hours),
            sum(17 <= hour < 22 for hour in hours),
            sum(hour < 5 or hour >= 22 for hour in hours),
            sum(mobile for _, _, mobile in plays),
            len({track for track, _, _ in plays}),
        ]
        shares = [str(count / len(plays)) for count in counts]
        found[customer] = [str(int(customer in clicked)), *shares, str(len(plays))]
    return found


def test_features_equal_brute_force_when_the_older_files_are_read(tmp_path: Path, shared_data: Path) -> None:
    with (shared_data / "tracks_head.csv").open(newline="") as file:
        lines = [next(file) for _ in range(11_446)]
    with (shared_data / "clicks_head.csv").open(newline="") as file:
        clicked = {row[1] for row in csv.reader(file) if row[2] == "ADV_REDUCED_1DAY"}
    head = tmp_path / "head.csv"
    head.write_text("".join(lines))

    result, rows = command_on(tmp_path, head, shared_data / "clicks_head.csv", "--json")

    assert rows == brute_force(list(csv.reader(lines)), clicked)
    assert "0" in rows
    assert [*rows] == sorted(rows, key=int)
    assert [len(file["refused"]) for file in json.loads(result.stdout)["files"]] == [0, 1]


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from("0123"), st.sampled_from("0157"), st.integers(0, 23), st.sampled_from("01")),
        min_size=1,
        max_size=12,
    ),
    st.sets(st.sampled_from("0123")),
)
def test_features_equal_brute_force_when_hours_and_tracks_are_any(
    tmp_path_factory: pytest.TempPathFactory, plays: list[tuple[str, str, int, str]], clicked: set[str]
) -> None:
    listens = [
        [str(at), who, track, f"2014-10-23 {hour:02}:59:59", mobile, "02132"]
        for at, (who, track, hour, mobile) in enumerate(plays)
    ]
    text = "".join('{},{},{},"{}",{},"{}"\n'.format(*row) for row in listens)
    ads = "".join(CLICK.format(who, "ADV_REDUCED_1DAY") for who in clicked)

    _, rows = run(tmp_path_factory.mktemp("files"), text, ads)

    assert rows == brute_force(listens, clicked)


def test_rows_that_cannot_be_read_are_named_and_left_out_when_they_are_glued_or_cut(tmp_path: Path) -> None:
    good = '0,0,7,"2014-10-23 03:26:20",1,"02132"\n'
    glued = '1,0,8,"2014-10-23 04:26:20",1,"02132"2,0,8,"2014-10-23 04:26:20",1,"02132"\n'
    blank = ' 3,0,7,"2014-10-23 12:00:00",0,"00001"\n'

    result, rows = run(tmp_path, good + glued + blank, CLICK.format(0, "ADV_REDUCED_1DAY") + '5,1,"ADV', "--json")

    assert rows == {"0": ["1", "0.0", "0.5", "0.0", "0.5", "0.5", "0.5", "2"]}
    listens, clicks = json.loads(result.stdout)["files"]
    assert (listens["rows"], listens["repeats"], [row["line"] for row in listens["refused"]]) == (2, 0, [2])
    assert (clicks["rows"], [row["line"] for row in clicks["refused"]]) == (1, [2])


@pytest.mark.parametrize(("options", "plays"), [([], "1"), (["--keep-duplicates"], "2")])
def test_event_counts_once_when_its_id_is_repeated_unless_duplicates_are_kept(
    tmp_path: Path, options: list[str], plays: str
) -> None:
    line = '0,4,7,"2014-10-23 03:26:20",1,"02132"\n'

    _, rows = run(tmp_path, line + line, "", *options)

    assert rows["4"][-1] == plays


def test_label_is_of_the_chosen_ad_when_one_is_named(tmp_path: Path) -> None:
    listens = "".join(f'{at},{at},7,"2014-10-23 03:26:20",1,"02132"\n' for at in range(2))
    clicks = CLICK.format(0, "ADV_REDUCED_1DAY") + CLICK.format(1, "UPGRADE") + CLICK.format(8, "UPGRADE")

    result, rows = run(tmp_path, listens, clicks, "--ad", "UPGRADE", "--keep-duplicates", "--json")

    assert {customer: row[0] for customer, row in rows.items()} == {"0": "0", "1": "1"}
    assert json.loads(result.stdout)["clicked_without_listen"] == 1


def test_hour_is_taken_as_written_when_a_time_has_a_zone(tmp_path: Path) -> None:
    line = '0,4,7,"2014-10-23T06:00:00+09:00",1,"02132"\n'

    _, rows = run(tmp_path, line, "")

    assert rows["4"][1] == "1.0"


def test_libsvm_has_the_customers_in_the_same_order_when_it_is_asked(tmp_path: Path) -> None:
    listens = "".join(f'{at},{who},7,"2014-10-23 {at:02}:26:20",1,"02132"\n' for at, who in enumerate((10, 9, 9)))

    _, rows = run(tmp_path, listens, CLICK.format(10, "ADV_REDUCED_1DAY"), "--libsvm", str(tmp_path / "out.svm"))

    assert [*rows] == ["9", "10"]
    assert (tmp_path / "out.svm").read_text() == (
        "0 1:0.0 2:0.0 3:0.0 4:1.0 5:1.0 6:0.5\n1 1:0.0 2:0.0 3:0.0 4:1.0 5:1.0 6:1.0\n"
    )


def test_command_refuses_when_it_would_write_over_what_it_reads(tmp_path: Path) -> None:
    path = tmp_path / "listens.csv"
    path.write_text('0,4,7,"2014-10-23 03:26:20",1,"02132"\n')

    result = CliRunner().invoke(
        cli, ["features", "from-files", "--listens", str(path), "--ads", str(path), "--out", str(path)]
    )

    assert result.exit_code != 0
    assert "same file" in str(result.exception)


@pytest.mark.parametrize(("is_good", "options"), [(False, ()), (True, ("--strict",))])
def test_earlier_output_stays_when_the_command_fails(tmp_path: Path, is_good: bool, options: tuple[str, ...]) -> None:
    (tmp_path / "out.csv").write_text(f"{HEADER}\nkept,1,0,0,0,0,0,1,1\n")
    good = '0,0,7,"2014-10-23 03:26:20",1,"02132"\n' if is_good else ""

    result, rows = run(tmp_path, good + "bad\n", CLICK.format(0, "ADV_REDUCED_1DAY"), *options)

    assert result.exit_code == 1
    assert list(rows) == ["kept"]
    assert "out.csv was not written" in result.output
