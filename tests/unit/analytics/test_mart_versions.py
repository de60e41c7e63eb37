"""A mart's version is raised when what makes its rows changes; how the code is written does not count."""

from __future__ import annotations

from analytics.jobs.kinds import DayMart
from analytics.jobs.registry import JOBS
from tools.mart_versions import WHOLE, advice, current, digest, noted, unraised

SOURCES = {
    "marts.views": (
        "from marts import pages\n"
        "from marts.people import people, LIMIT as most\n"
        "from elsewhere import read\n"
        "def views(rows, site):\n"
        '    """Views."""\n'
        "    return pages.page(people(rows), most) + read(rows)\n"
        "def unused():\n"
        "    return 1\n"
    ),
    "marts.people": "LIMIT = 3\n\ndef people(rows: list) -> list:\n    return rows[1:]\n\ndef staff():\n    return 0\n",
    "marts.pages": "def page(rows, most):\n    return [f'{row}' for row in rows][:most]\n",
}


def digest_with(module: str = "", old: str = "", new: str = "", name: str = "views") -> str:
    """Digest of the mart after one change of a source."""
    if module:
        assert SOURCES[module].count(old) == 1
    sources = SOURCES | ({module: SOURCES[module].replace(old, new)} if module else {})
    return digest([("marts.views", name)], sources.get)


def test_version_is_raised_when_what_makes_the_rows_of_a_mart_has_changed() -> None:
    names = unraised(noted(), current())

    assert not names, advice(names)


def test_digests_of_all_marts_by_day_and_of_visitors_are_written() -> None:
    now = current()

    assert {name for name, job in JOBS.items() if isinstance(job, DayMart)} | {"visitors"} <= now.keys()
    assert {name: one["version"] for name, one in noted().items()} == {
        name: one["version"] for name, one in now.items()
    }, "run: python -m tools.mart_versions"


def test_digest_changes_with_everything_that_the_transform_reaches() -> None:
    changed = [
        digest_with("marts.views", "+ read(rows)", "- read(rows)"),
        digest_with("marts.people", "rows[1:]", "rows[2:]"),
        digest_with("marts.people", "LIMIT = 3", "LIMIT = 4"),
        digest_with("marts.pages", "{row}", "{row!r}"),
        digest_with("marts.views", "import people, LIMIT", "import staff as people, LIMIT"),
    ]

    assert len({digest_with(), *changed}) == 6


def test_digest_stays_when_no_row_can_change() -> None:
    same = [
        digest_with("marts.views", "Views.", "Every view."),
        digest_with("marts.views", "    return 1", "    return 2"),
        digest_with("marts.people", "    return 0", "    return 1"),
        digest_with("marts.people", "rows: list) -> list", "rows: set) -> set"),
        digest_with("marts.pages", "    return [", "    # All.\n    return  ["),
    ]

    assert set(same) == {digest_with()}
    # A mart of more than one function takes its whole module.
    assert digest_with("marts.views", "    return 1", "    return 2", WHOLE) != digest_with(name=WHOLE)


def test_mart_is_named_only_while_its_version_is_the_one_before() -> None:
    before = {
        "a": {"version": 1, "digest": "x"},
        "b": {"version": 1, "digest": "x"},
        "c": {"version": 1, "digest": "x"},
    }
    now = {"a": {"version": 1, "digest": "y"}, "b": {"version": 2, "digest": "y"}, "c": {"version": 1, "digest": "x"}}

    assert unraised(before, now | {"new": {"version": 1, "digest": "z"}}) == ["a"]
