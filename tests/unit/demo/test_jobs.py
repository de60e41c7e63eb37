"""The demo runs every job, those that need no sessions beside the others, and after new clicks every mart of events."""

from __future__ import annotations

from analytics.jobs.kinds import LOADED, DayMart, Mart
from analytics.jobs.registry import JOBS
from demo.data_feed import LOADED_KINDS
from demo.run import FIRST_JOBS, LATER_JOBS, OF_SESSIONS, OTHER_STEPS, REFRESHED_JOBS, needed_by


def test_marts_of_events_are_refreshed_and_those_of_loads_are_not() -> None:
    by_day = {name for name, job in JOBS.items() if isinstance(job, DayMart)}
    loaded = {name for name, job in JOBS.items() if isinstance(job, Mart) and job.source == LOADED}

    assert by_day | {"visitors"} == set(REFRESHED_JOBS) - {"ingest"}
    assert not loaded & set(REFRESHED_JOBS)


def test_jobs_are_refreshed_once_each_after_those_whose_tables_they_read() -> None:
    place = {name: number for number, name in enumerate(REFRESHED_JOBS)}

    assert len(place) == len(REFRESHED_JOBS)
    assert all(place[source] < place[name] for name in REFRESHED_JOBS for source in JOBS[name].sources)


def test_kinds_that_the_demo_loads_are_the_marts_of_loaded_files() -> None:
    loaded = {name for name, job in JOBS.items() if isinstance(job, Mart) and job.source == LOADED}

    assert set(LOADED_KINDS) == loaded
    assert loaded <= set(OTHER_STEPS) <= JOBS.keys()


def test_every_job_runs_and_what_targets_need_runs_before_them() -> None:
    assert {*FIRST_JOBS, *LATER_JOBS, *OTHER_STEPS} == JOBS.keys()
    assert needed_by("targets") <= {*FIRST_JOBS, *OTHER_STEPS}
    assert set(REFRESHED_JOBS) - {"ingest"} <= set(LATER_JOBS)


def test_jobs_beside_the_marts_of_sessions_need_none_of_each_other() -> None:
    for names in (FIRST_JOBS, LATER_JOBS):
        beside = [name for name in names if not needed_by(name) & {*OF_SESSIONS}]
        after = [name for name in names if name not in {*beside, *OF_SESSIONS}]
        place = {name: number for number, name in enumerate(beside)}
        assert beside
        assert after
        for name in beside:
            assert all(place[source] < place[name] for source in JOBS[name].sources if source in place)
