"""The month of browsing: equal seeds give equal bytes, the collector takes every event, and the plot is in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from demo.layout import EARLIER_RELEASE, RELEASE, read_layout
from demo.story.elements import CHANGED, DEAD, RAGE, STEPPER
from demo.story.generator import story_events, write_events
from demo.story.month import DAYS, HARMLESS_RELEASE, VISITORS, month_before
from demo.story.people import NIGHT_OWLS
from demo.story.sources import ARRIVALS
from logdig.events.parser import AcceptanceRules, read_events
from logdig.visits.sources import source_of
from tests.unit.demo.story.conftest import SITE, Told, month

LAYOUT = read_layout()


def moment(event: dict[str, object]) -> datetime:
    return datetime.fromisoformat(str(event["timestamp"]))


def test_files_are_equal_when_months_are_equal(tmp_path: Path) -> None:
    for name, its in (("a", month()), ("b", month()), ("seed", month(seed=8)), ("day", month(date(2026, 11, 30)))):
        for _ in write_events(story_events(its, LAYOUT), tmp_path / name):
            pass

    same = (tmp_path / "a").read_bytes()
    assert (tmp_path / "b").read_bytes() == same
    assert (tmp_path / "seed").read_bytes() != same
    today, tomorrow = (
        {event["event_id"] for event in map(msgspec.json.decode, (tmp_path / name).read_bytes().splitlines())}
        for name in ("a", "day")
    )
    assert not today & tomorrow


def test_visitors_stay_the_same_when_more_come(small: Told) -> None:
    of_few = [event for event in story_events(month(visitors=20), LAYOUT) if not event.keys() & {"bot", "staff"}]

    assert of_few == small.events[: len(of_few)]


def test_collector_takes_every_event_when_a_signed_server_sends_them(small: Told) -> None:
    rules = AcceptanceRules(datetime(2026, 11, 30, tzinfo=UTC), None, signed=True)

    reading = read_events((msgspec.json.encode(event) for event in small.events), rules)

    assert [rejected.faults for rejected in reading.rejected] == []
    assert len(reading.accepted) == len(small.events) == len({event["event_id"] for event in small.events})
    assert not any(accepted.trimmed for accepted in reading.accepted)


def test_month_has_the_size_that_the_demo_promises(whole: Told) -> None:
    totals = whole.truth.totals

    assert totals.visitors == VISITORS == 3000
    assert totals.views == pytest.approx(40_000, rel=0.03)
    assert totals.clicks == pytest.approx(60_000, rel=0.03)


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York", "UTC"])
def test_events_lie_inside_the_month_when_clocks_change_in_it(zone: str) -> None:
    its = month(date(2026, 11, 14), zone)
    days = {moment(event).astimezone(ZoneInfo(zone)).date() for event in story_events(its, LAYOUT)}

    assert min(days) == its.first_day == date(2026, 11, 14) - timedelta(days=DAYS - 1)
    assert max(days) == its.last_day
    assert len(days) == DAYS


def test_month_ends_with_the_last_local_midnight_when_the_demo_runs() -> None:
    now = datetime(2026, 11, 30, 16, 30, tzinfo=UTC)

    assert month_before(now, "UTC", SITE, 7).last_day == date(2026, 11, 29)
    assert month_before(now, "Asia/Seoul", SITE, 7).last_day == date(2026, 11, 30)


def test_events_of_a_session_are_in_order_and_numbered(whole: Told) -> None:
    seen = set()
    for session, group in groupby(whole.events, key=lambda event: event["session_id"]):
        events = list(group)
        assert session not in seen
        seen.add(session)
        assert [event["seq"] for event in events] == list(range(len(events)))
        times = [moment(event) for event in events]
        assert all(before <= after for before, after in pairwise(times))
        assert all(after - before < timedelta(minutes=30) for before, after in pairwise(times))
        assert events[0]["type"] == "page"


def test_clicks_lie_on_the_boxes_of_the_layout(small: Told) -> None:
    boxes = {
        (page.file, page.release, element.selector, int(width)): (element, box)
        for page in LAYOUT.pages
        for element in page.elements
        for width, box in element.boxes.items()
    }
    clicks = [event for event in small.events if event["type"] == "click"]
    for event in clicks:
        file = event["current_page"].partition("?")[0].rpartition("/")[2]
        release = RELEASE if (file, event["page_version"]) == ("album.html", RELEASE) else EARLIER_RELEASE
        part, view = event["element"], event["view"]
        element, (left, top, width, height) = boxes[file, release, part["selector"], view["vw"]]
        scrolled = view["sy"] if element.fixed else 0
        assert (part["w"], part["h"], part["tag"], part["fixed"]) == (width, height, element.tag, element.fixed)
        assert event["x"] == pytest.approx(left + part["ex"] / 32767 * width, abs=1.01)
        assert event["y"] == pytest.approx(top + scrolled + part["ey"] / 32767 * height, abs=1.01)
        # It was in the window.
        assert -1 <= event["y"] - view["sy"] <= view["vh"]
    assert len(clicks) > 500


def test_engaged_time_and_depth_only_grow_within_a_view(whole: Told) -> None:
    last: dict[str, tuple[float, int]] = {}
    for event in whole.events:
        if event["type"] == "scroll":
            now = event["scroll"]["depth_share"], event["scroll"]["engaged_ms"]
            before = last.get(event["page_view_id"], (0.0, 0))
            assert before[0] <= now[0] <= 1
            assert before[1] <= now[1] <= event["spent_milli_sec"]
            last[event["page_view_id"]] = now


def test_planted_sources_are_what_the_rules_of_channels_say() -> None:
    for way in ARRIVALS:
        referrer = way.referrer and way.referrer.replace("{site}", SITE)
        found = source_of(f"{SITE}/index.html?{way.query}", referrer, {"127.0.0.1"})
        assert (found.source, found.medium, found.campaign, found.channel) == (
            way.source, way.medium, way.campaign, way.channel,
        )  # fmt: skip


def test_each_source_brings_visitors(whole: Told) -> None:
    assert whole.truth.sources.keys() == {f"{way.source} / {way.medium}" for way in ARRIVALS}
    assert all(visited.sessions >= 100 for visited in whole.truth.sources.values())


def test_dead_button_has_more_dead_clicks_than_any_other_element(whole: Told) -> None:
    dead = whole.truth.frustration.dead
    most = max((clicks, selector) for counts in dead.values() for selector, clicks in counts.items())

    assert most[1] == DEAD
    answered = [
        event for event in whole.events
        if event["type"] == "click" and event["element"]["selector"] == DEAD
        and any(value is not None for name, value in event.get("after", {}).items() if name != "watched_ms")
    ]  # fmt: skip
    assert answered == []


def test_people_rage_at_one_song_and_a_stepper_only_looks_like_it(whole: Told) -> None:
    found = whole.truth.frustration

    assert found.rage["/"].keys() == {RAGE}
    assert found.rage["/"][RAGE] >= 100
    assert found.repeat_prone.keys() == {"/offer.html"}
    stepper = found.repeat_prone["/offer.html"][STEPPER]
    assert stepper.bursts > 4 * found.rage["/"][RAGE]
    assert 0 < found.rage["/offer.html"][STEPPER] == stepper.counted < stepper.bursts / 10


def test_offer_is_the_page_that_is_left_at_once(whole: Told) -> None:
    left = whole.truth.frustration.quick_returns

    assert max(left, key=lambda page: left[page]) == "/offer.html"


def test_one_variant_upgrades_more_often(whole: Told) -> None:
    rates = {name: of.reached / of.sessions for name, of in whole.truth.variants.items()}

    assert rates["half-price"] > 1.3 * rates["control"]


def test_later_release_changes_what_it_should_and_the_other_one_nothing(whole: Told) -> None:
    def shift(release: str, page: str, selector: str) -> float:
        """Difference of the shares in standard errors."""
        of = whole.truth.releases[release].pages[page]
        change = of.elements[selector]
        pooled = (change.before + change.after) / (of.before_visitors + of.after_visitors)
        error = (pooled * (1 - pooled) * (1 / of.before_visitors + 1 / of.after_visitors)) ** 0.5
        return (change.after / of.after_visitors - change.before / of.before_visitors) / error

    later, harmless = whole.truth.releases[RELEASE], whole.truth.releases[HARMLESS_RELEASE]
    album = later.pages["/album.html"].elements
    assert shift(RELEASE, "/album.html", CHANGED) > 6
    assert [name for name, change in album.items() if change.after == 0] == list(later.vanished)
    assert [name for name, change in album.items() if change.before == 0] == list(later.new)
    shifts = [shift(HARMLESS_RELEASE, page, name) for page, of in harmless.pages.items() for name in of.elements]
    # Bonferroni's bound at 5 % for so many elements.
    assert len(shifts) < 100
    assert max(map(abs, shifts)) < 3.5


def test_sessions_of_night_owls_have_views_on_two_days(whole: Told) -> None:
    days = defaultdict(set)
    for event in whole.events:
        if event["type"] == "page":
            days[event["session_id"]].add(moment(event).astimezone(ZoneInfo(whole.month.zone)).date())
    crossing = [sorted(of) for of in days.values() if len(of) > 1]

    assert len(crossing) == NIGHT_OWLS == whole.truth.totals.over_midnight
    assert Counter(map(tuple, crossing)).keys() == {(whole.month.day(3), whole.month.day(4))}


def test_bots_and_staff_are_sent_and_not_counted(whole: Told) -> None:
    kinds = Counter("bots" if e.get("bot") else "staff" if e.get("staff") else "people" for e in whole.events)

    assert whole.truth.traffic == dict(kinds)
    assert all(kinds[kind] > 100 for kind in ("people", "bots", "staff"))
    assert whole.truth.totals.views == sum(
        e["type"] == "page" and not e.keys() & {"bot", "staff"} for e in whole.events
    )
