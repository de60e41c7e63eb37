"""`logdig load` as a person runs it, against S3 as moto has it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from cli.commands.load import command
from logdig.config.settings import Settings
from logdig.errors import LogDigError
from tests.fakes.endpoint import use_settings

HEADER = "TrackId,Title,Artist,Length\n"


class Lake:
    """What lies under load/ of a bucket."""

    def __init__(self, folder: Path, bucket: str) -> None:
        self.folder, self.bucket, self.s3 = folder, bucket, boto3.client("s3")
        self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self.s3.meta.region_name})

    def load(self, kind: str, content: str | bytes, *options: str) -> Result:
        path = self.folder / "rows.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return CliRunner().invoke(command, [kind, str(path), *options])

    def lines(self, kind: str) -> list[dict[str, Any]]:
        objects = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"load/{kind}/").get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read() for item in objects]
        return [json.loads(line) for body in bodies for line in gzip.decompress(body).splitlines()]


@pytest.fixture
def lake(service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    use_settings(tmp_path, monkeypatch, more='[columns.customers]\nlevel = "Plan"\n')
    return Lake(tmp_path, Settings(service=service).bucket_name)


def test_load_stores_rows_by_the_names_that_the_owner_gave_and_says_what_is_missing(lake: Lake) -> None:
    file = "Plan;Kundin;Straße\nSilver;k 1;Hauptstraße 1\nGold;Ü@x.example;\n".encode("windows-1252")

    result = lake.load("customers", file, "--columns", "id=Kundin", "--encoding", "windows-1252")

    assert result.exit_code == 0
    assert "2 customers loaded, 0 rows refused; next: logdig jobs run customers" in result.output
    assert "not in the file, stored as empty: gender, birth_year, zip, sign_date, status" in result.output
    assert [(line["customer_id"], line["level"], line["app"]) for line in lake.lines("customers")] == [
        ("k 1", 1, "radio"),
        ("Ü@x.example", 2, "radio"),
    ]
    assert "Haupt" not in json.dumps(lake.lines("customers"))


def test_load_keeps_the_first_row_of_an_id_and_names_the_others(lake: Lake) -> None:
    result = lake.load("tracks", HEADER + "1,A,X,9\n2,B,X,9\n1,Other,X,9\n", "--json")

    report = json.loads(result.stdout)
    assert (result.exit_code, report["loaded"]) == (0, 2)
    assert [(row["line"], row["reason"]) for row in report["refused"]] == [(4, "track_id '1' stands on line 2 already")]
    assert sorted(line["title"] for line in lake.lines("tracks")) == ["A", "B"]


def test_load_writes_more_than_one_object_when_a_file_is_large(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logdig.backfill.reference_files.OBJECT_LINES", 100)

    result = lake.load("tracks", HEADER + "".join(f"{number},T,A,1\n" for number in range(250)))

    assert "250 tracks loaded" in result.output
    assert len(lake.lines("tracks")) == 250


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        (HEADER + "1,A,X,9\n2,B\n", [], 0),
        (HEADER + "1,A,X,9\n2,B\n", ["--strict"], 1),
        (HEADER + "2,B\n", [], 1),
        (HEADER, [], 1),
        ("", [], 1),
    ],
)
def test_exit_code_is_1_when_no_row_was_right_or_one_was_refused_with_strict(
    lake: Lake, content: str, options: list[str], code: int
) -> None:
    assert lake.load("tracks", content, *options).exit_code == code


def test_nothing_is_loaded_when_the_last_row_is_of_another_encoding(lake: Lake) -> None:
    good = HEADER + "".join(f"{number},T,A,1\n" for number in range(20_000))

    result = lake.load("tracks", good.encode() + "20001,봄,A,1\n".encode("cp949"))

    assert isinstance(result.exception, LogDigError)
    assert "line 20002: byte" in str(result.exception)
    assert lake.lines("tracks") == []


def test_files_that_failed_once_are_loaded_or_refused_as_they_should_be(lake: Lake, shared_cases: Path) -> None:
    folder = shared_cases / "03-korean-cp949"
    titles = {"봄밤의 산책", "겨울 바다", "Plain Song"}
    for name in ("tracks.csv.gz", "tracks_cr.csv", "tracks_semicolon.csv", "tracks_utf16.csv", "tracks_utf8bom.csv"):
        assert lake.load("tracks", (folder / name).read_bytes()).exit_code == 0, name
    assert {line["title"] for line in lake.lines("tracks")} == titles
    assert isinstance(lake.load("tracks", (folder / "tracks_cp949.csv").read_bytes()).exception, LogDigError)
    korean = lake.load("tracks", (folder / "tracks_cp949.csv").read_bytes(), "--encoding", "cp949", "--json")
    assert json.loads(korean.stdout)["loaded"] == 3

    own = ("--columns", "level=Level")
    folder = shared_cases / "04-csv-quoting-headers-ids"
    excel = lake.load("customers", (folder / "cust_excel_ids.csv").read_bytes(), *own)
    assert excel.exit_code == 1
    assert "was rounded by a spreadsheet" in excel.output
    doubled = lake.load("customers", (folder / "cust_dup_header.csv").read_bytes())
    assert "the header has a column twice: 'Status' and 'Status'" in str(doubled.exception)
    for name, count in (("cust_email_ids.csv", 3), ("cust_multiline.csv", 2), ("cust_iso_level.csv", 4)):
        report = lake.load("customers", (folder / name).read_bytes(), *own, "--json")
        assert json.loads(report.stdout)["loaded"] == count, name
