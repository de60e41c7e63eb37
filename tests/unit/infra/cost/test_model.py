"""Costs are checked against bills worked out by hand from infra/cost/prices.toml."""

import json
import re
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cli.commands.cost import command
from infra.cost.bill import bill, monthly_prices, price_of_freshness
from infra.cost.comparison import by_front_door, design_of_2016, published
from infra.cost.jobs import RUNS_A_MONTH, again_usd, job_lines, mart_passes
from infra.cost.model import (
    ALARMS,
    FRONT_DOORS,
    HOURLY_FIGURES,
    RUN_FIGURES,
    Freshness,
    Line,
    Workload,
    collection,
    total,
)
from infra.cost.prices import interpolate, read_prices, stepped
from infra.template.build import Artifacts, build_template
from logdig.config.settings import FlushSettings, Settings
from logdig.errors import InputError
from tools import cost_page

PRICES = read_prices()
WORK = st.builds(
    Workload,
    events=st.floats(0, 1e13),
    events_per_request=st.floats(1, 500),
    front_door=st.sampled_from(FRONT_DOORS),
    freshness=st.sampled_from(list(RUNS_A_MONTH)),
    month=st.integers(1, 1200),
    raw_days=st.integers(0, 36_500),
)


def test_collection_equals_the_hand_worked_bill_of_a_billion_events() -> None:
    # 1e8 requests: Lambda 1e8 x 0.20e-6 = 20.00; 1e8 x 0.025 s x 0.25 GB x 13.3334e-6 = 8.33.
    # Replies: 1e8 x 500 B = 50 GB x 0.09 = 4.50.
    # SQS: 1e8 sends of 7,500 B (one unit) = 40.00; 1e7 receives of ten, 75,000 B each = two units, and 17,520 idle
    # ones = 8.01; 1e7 deletes of ten = 4.00.
    # Flush: 8,760 x 3 s + 1e9 / 29,000 = 60,762.8 s x 0.5 GB = 0.41; 8,760 runs and schedules = 0.01.
    # S3: 8,760 + 44,704 objects = 0.27; 750 GB x 0.16 = 120 GB = 2.76.
    by_hand = 20 + 8.333 + 4.5 + 40 + 8.007 + 4 + 0.405 + 0.0018 + 0.0088 + 0.267 + 2.76

    usd = total(collection(Workload(1e9), PRICES))

    assert usd == pytest.approx(by_hand, abs=0.02)
    assert usd <= 100


def test_server_equals_the_hand_worked_bill_of_a_billion_events() -> None:
    # 1e8 requests / 2,628,000 s = 38.05 a second: one machine, 730 x (0.0168 + 0.005) + 8 x 0.08 = 16.55.
    # Balancer between 10 and 100 requests a second: 28.8 + 28.05 x 25 / 90 = 36.59. Replies 4.50.
    # SQS: 750 GB / 64 KiB = 11,444,092 sends = 4.58, as many receives and 17,520 idle ones = 4.58;
    # 750 GB / 256 KiB = 2,861,023 messages, deletes of ten = 0.11. Flush and S3 as above: 3.44.
    by_hand = 16.554 + 36.592 + 4.5 + 4.578 + 4.585 + 0.114 + 3.443

    assert total(collection(Workload(1e9, front_door="server"), PRICES)) == pytest.approx(by_hand, abs=0.02)


def test_shape_of_2016_equals_the_published_sum() -> None:
    # REST 3,033.10; Lambda 200 + 33.33; SQS 400 + 40 + 400; 1e7 puts 50; 450 GB 10.35: 4,167 rounded.
    assert total(design_of_2016(1e9, PRICES)) == pytest.approx(3033.1 + 233.33 + 840 + 50 + 10.35, abs=0.02)


def test_messages_cost_what_sns_takes_for_one_piece() -> None:
    without, with_them = (total(bill(Workload(0, messages=count), PRICES)) for count in (0, 10_000))

    assert with_them - without == pytest.approx(10_000 * PRICES["sns"]["message"])


def test_decisions_equal_the_hand_worked_bill_of_a_million() -> None:
    # 1e6 x 0.20e-6 + 1e6 x 0.03 s x 0.25 GB x 13.3334e-6 = 0.30; a read each 0.125;
    # a fifth is shown and counted: 2e5 x 0.625e-6 = 0.125; 1.2 SQS operations each = 0.48.
    without, with_them = (total(bill(Workload(0, decisions=count), PRICES)) for count in (0, 1e6))

    assert with_them - without == pytest.approx(0.2 + 0.1 + 0.125 + 0.125 + 0.48, abs=1e-3)


def test_published_prices_stand_beside_ours_for_as_many_events() -> None:
    for row in published(Workload(1.0), PRICES):
        assert row.ours == pytest.approx(total(collection(Workload(row.events), PRICES)))


def test_doors_are_ordered_by_price_as_the_pages_say() -> None:
    few, many = by_front_door(Workload(1e6), PRICES), by_front_door(Workload(1e9), PRICES)

    assert few["function-url"] < few["rest-api"] < few["server"]
    assert many["server"] < many["function-url"] < many["rest-api"]


def test_operation_counts_what_the_template_holds() -> None:
    where = Artifacts("bucket", "functions.zip", "entry.py", "--conf x=y")
    resources = list(build_template(Settings(), where)["Resources"].values())
    alarms = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::CloudWatch::Alarm"]
    figures = [resource for resource in resources if resource["Type"] == "AWS::Logs::MetricFilter"]

    assert sum(len(alarm.get("Metrics", [1])) for alarm in alarms) == ALARMS
    assert len(figures) == HOURLY_FIGURES + RUN_FIGURES
    assert sum(resource["Type"] == "AWS::CloudWatch::Dashboard" for resource in resources) == 1


def test_rest_requests_equal_the_hand_worked_steps() -> None:
    # 333e6 x 3.50e-6 = 1,165.50; 667e6 x 2.80e-6 = 1,867.60: the 3,033 of the published comparison.
    assert stepped(PRICES["rest_api"]["steps"], 1e9) == pytest.approx(1165.5 + 1867.6)


@pytest.mark.parametrize("month", [1, 12, 24])
def test_everything_costs_at_most_five_dollars_for_a_million_events(month: int) -> None:
    lines = bill(Workload(1e6, month=month), PRICES)

    assert total(lines) <= 5
    assert {line.what.split(",")[0] for line in lines if line.service == "EMR Serverless"} == {
        "ingest",
        "marts",
        "model and targets",
        "ledger",
        "maintain",
    }


def of(lines: list[Line], start: str) -> float:
    """Dollars of the one line that begins so."""
    (line,) = [line for line in lines if line.what.startswith(start)]
    return line.usd


def test_jobs_equal_the_hand_worked_bill_of_a_billion_events_in_month_twelve() -> None:
    # A CPU hour costs (0.042094 + 4 x 0.004628) / 0.7 = 0.0865800. Starts: 30.4167 x 0.0060606 = 0.18434.
    # ingest 1,000 x 25 s = 6.944 h, 0.4 of the starts. marts: 1 + 2 + 27/7 = 6.857 passes x 89 s x 1,000 = 169.524 h,
    # 0.25. model: 12,000 M x 2 s x 30.4167 = 202.78 h, 0.2. ledger: 10,000 s = 2.778 h, 0.05. maintain: 8,000 s and
    # 1,000 M x 1 s x 4.345 = 3.429 h, 0.1.
    hour, starts = 0.08658, 0.18434
    lines = job_lines(Workload(1e9, month=12), PRICES)

    assert of(lines, "ingest") == pytest.approx(6.944 * hour + 0.4 * starts, rel=1e-3)
    assert of(lines, "marts") == pytest.approx(169.524 * hour + 0.25 * starts, rel=1e-3)
    assert of(lines, "model") == pytest.approx(202.78 * hour + 0.2 * starts, rel=1e-3)
    assert of(lines, "ledger") == pytest.approx(2.778 * hour + 0.05 * starts, rel=1e-3)
    assert of(lines, "maintain") == pytest.approx(3.429 * hour + 0.1 * starts, rel=1e-3)


def test_storage_equals_the_hand_worked_bill_of_a_billion_events_in_month_twelve() -> None:
    # 750 GB of text a month: raw 120, events 90, marts 45. Replaced in 14 days of 30.4167: (90 + 45 x 6.857) x 0.46027
    # = 183.45 GB.
    lines = bill(Workload(1e9, month=12), PRICES)

    assert of(lines, "raw") == pytest.approx(1440 * 0.023)
    assert of(lines, "table events") == pytest.approx(1080 * 0.023)
    assert of(lines, "marts, 540.0 GB") == pytest.approx(540 * 0.023)
    assert of(lines, "replaced files") == pytest.approx(183.45 * 0.023, rel=1e-3)


def test_what_is_stored_grows_until_it_expires() -> None:
    # 400 days are 13.15 months.
    usd = [of(bill(Workload(1e9, month=month), PRICES), "raw") for month in (1, 2, 13, 14, 100)]

    assert usd == pytest.approx([2.76, 5.52, 35.88, 36.296, 36.296], rel=1e-3)
    assert of(bill(Workload(1e9, month=100, raw_days=0), PRICES), "raw") == pytest.approx(276)


@pytest.mark.parametrize(("freshness", "a_day"), [("daily", 1), ("hourly", 24), ("live", 1)])
def test_marts_of_a_day_are_computed_as_often_as_counted_run_by_run(freshness: Freshness, a_day: int) -> None:
    # At each run of its own day with what has come of it, at each run of the next two days, then weekly for 27 days.
    own = sum((run + 1) / a_day for run in range(a_day))

    assert mart_passes(freshness) == pytest.approx(own + 2 * a_day + 27 / 7)


def test_days_that_are_computed_again_cost_one_pass_over_what_is_stored() -> None:
    # 12,000 M x 89 s = 296.667 h x 0.08658, and one start.
    assert again_usd(Workload(1e9, month=12), PRICES) == pytest.approx(296.667 * 0.08658 + 0.00606, rel=1e-3)


def test_plan_has_the_prices_of_the_bill_by_month_freshness_and_job() -> None:
    settings = Settings(freshness="hourly")

    plan = monthly_prices(settings, 1e8, PRICES)

    assert plan["usd_a_month"]["live"] == {
        str(month): pytest.approx(total(bill(Workload(1e8, freshness="live", month=month), PRICES)))
        for month in (1, 12)
    }
    spark = job_lines(Workload(1e8, freshness="hourly", month=12), PRICES)
    assert sum(job["usd_a_month"]["12"] for job in plan["jobs"]) == pytest.approx(total(spark))
    assert [job["job"] for job in plan["jobs"]] == [line.what for line in spark]


@pytest.mark.parametrize(("on_listen", "usd"), [(False, 0.0), (True, 0.5 * 0.125 + 2 * 0.625)])
def test_plan_has_the_price_of_acting_on_listens_when_that_is_on(on_listen: bool, usd: float) -> None:
    settings = Settings(flush=FlushSettings(on_listen=on_listen))

    assert monthly_prices(settings, 1e6, PRICES)["usd_a_million_listens"] == pytest.approx(usd)


def test_freshness_costs_what_its_runs_cost() -> None:
    # One run: 0.10 x 0.042094 + 0.40 x 0.004628 = 0.0060606; 30.4, 730 and 8,760 of them, the last beside the daily.
    costs = price_of_freshness(Workload(0), PRICES)

    assert costs["daily"] == pytest.approx(0.0060606 * 365 / 12, rel=1e-3)
    assert costs["hourly"] == pytest.approx(0.0060606 * 730, rel=1e-3)
    assert costs["live"] == pytest.approx(0.0060606 * (8760 + 365 / 12), rel=1e-3)


def test_balancer_price_is_read_between_the_published_points() -> None:
    points = PRICES["server"]["balancer_steps"]

    assert [interpolate(points, at) for at in (10, 55, 1900)] == pytest.approx([28.8, 41.3, 471.8])


@given(WORK)
def test_bill_has_no_negative_line_and_its_lines_are_the_total(work: Workload) -> None:
    lines = bill(work, PRICES)

    assert all(line.usd >= 0 for line in lines)
    assert total(lines) == pytest.approx(sum(line.usd for line in lines))


@given(WORK, st.floats(1, 1000))
def test_bill_never_falls_when_events_grow(work: Workload, factor: float) -> None:
    more = replace(work, events=min(work.events * factor, 1e15))

    assert total(bill(more, PRICES)) >= total(bill(work, PRICES)) - 1e-9


@given(WORK)
def test_bill_never_falls_from_month_to_month(work: Workload) -> None:
    later = replace(work, month=min(work.month + 1, 1200))

    assert total(bill(later, PRICES)) >= total(bill(work, PRICES)) * (1 - 1e-12)


@pytest.mark.parametrize(("events", "each"), [(-1, 10), (1e16, 10), (1e6, 0), (1e6, 501), (float("nan"), 10)])
def test_workload_is_refused_with_its_limit_when_it_is_impossible(events: float, each: float) -> None:
    with pytest.raises(InputError, match=r"1 to 500|0 to 1e15"):
        Workload(events, each)


def test_cost_command_prints_json_whose_lines_sum_to_its_total() -> None:
    result = CliRunner().invoke(command, ["--events-per-month", "1e9", "--json"])

    month = json.loads(result.output)
    assert month["month"] == 12
    assert month["total_usd"] == pytest.approx(sum(line["usd"] for line in month["lines"]))
    assert month["total_usd_month_1"] == pytest.approx(sum(line["usd_month_1"] for line in month["lines"]))
    assert set(month["lines"][0]) == {"service", "what", "usd", "usd_month_1"}


def test_pages_hold_fresh_cost_tables() -> None:
    assert cost_page.main(["--check"]) == 0, "run: python -m tools.cost_page"


@pytest.mark.parametrize("events", cost_page.VOLUMES)
def test_readme_says_what_the_command_says(events: float) -> None:
    month = json.loads(CliRunner().invoke(command, ["--events-per-month", str(events), "--json"]).output)

    cells = r" \| ([\d.,]+)" * 3
    row = re.search(rf"\| {events:,.0f}{cells} \|", cost_page.PAGES[0].read_text(encoding="utf-8"))
    assert row is not None
    assert row.groups()[1:] == (f"{month['total_usd_month_1']:,.2f}", f"{month['total_usd']:,.2f}")
