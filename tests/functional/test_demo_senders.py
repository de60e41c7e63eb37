"""What the demo sends beside its files: visits without a browser, bad input, questions of a server."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.serving import make_server

from api.wsgi import create_app
from demo.decisions import UNKNOWN_CUSTOMER, request_decisions
from demo.hostile import post_hostile
from demo.http_visits import visit_events, visit_over_http
from demo.visitors import RETURNING, VISITORS, make_returning, make_visitors
from demo.visits import VisitCounts
from logdig.collect.collector import Collector
from logdig.collect.factory import new_id, utc_now
from logdig.config.apps import Apps
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings, Settings
from logdig.decide.profiles import OfferScore, Profile, person_key
from logdig.decide.service import Decider
from logdig.decide.stores.memory_items import InMemoryProfiles
from tests.fakes.sinks import MemorySink

SITE = "http://127.0.0.1:3000"
SECRET = b"a secret of the tests"
APP = AppSettings(name="music", token="pk_music_of_the_tests", origins=(SITE,))
OFFER = OfferSettings(name="UPGRADE", holdout_share=0.0)


@dataclass(frozen=True, slots=True)
class Front:
    url: str
    sink: MemorySink

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.sink.events]


@pytest.fixture
def front() -> Iterator[Front]:
    """The front door; customer 7 is worth the offer."""
    settings = Settings(apps=(APP,), offers=(OFFER,))
    sink = MemorySink()
    person = person_key(APP.name, customer_id="7", user_key=None)
    profile = Profile(person, datetime.now(UTC), {OFFER.name: OfferScore(0.9, "v1")})
    # Reading from memory takes no time, but a loaded machine may not come to it within the usual 50 ms.
    decider = Decider(
        InMemoryProfiles([profile]), sink, settings.offers, utc_now, new_id,
        exposure_wait_seconds=10, read_deadline_seconds=10,
    )  # fmt: skip
    apps = Apps.from_settings(settings, {"LOGDIG_SIGNING_SECRET_MUSIC": SECRET.decode()})
    app = create_app(settings, collector=Collector(apps, sink, utc_now, new_id, decider))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Front(f"http://127.0.0.1:{server.server_port}", sink)
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_visits_without_a_browser_are_accepted_whole(front: Front) -> None:
    counts = visit_over_http(SITE, front.url, APP.token, make_visitors(3))

    ids = {event["event_id"] for event in front.events}
    types = Counter(event["type"] for event in front.events)
    assert (counts.visitors, counts.rejected) == (VISITORS, 0)
    assert counts.sent == counts.accepted
    assert len(ids) == counts.accepted + counts.decisions
    assert (types["click"], types["page"], types["listen"]) == (counts.clicks, 3 * VISITORS, VISITORS)


def test_visitor_without_a_browser_meets_the_offer_when_the_decision_says_show(front: Front) -> None:
    visitors = make_returning(3, ["7"])

    counts = visit_over_http(SITE, front.url, APP.token, visitors)

    ads = [event["ad"] for event in front.events if event["type"] == "ad"]
    assert (counts.visitors, counts.decisions, counts.offers) == (RETURNING, RETURNING, 1)
    assert [ad["action"] for ad in ads] == ["view", "click" if visitors[0].accepts else "dismiss"]
    assert len({ad["decision_id"] for ad in ads}) == 1


def test_visits_are_equal_when_seeds_are_equal() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)

    assert make_visitors(3) == make_visitors(3) != make_visitors(4)
    assert make_returning(3, []) == make_returning(3, []) != make_returning(4, [])
    assert [visitor.customer_id for visitor in make_returning(3, ["7", "9"])][:2] == ["7", "9"]
    assert visit_events(SITE, make_visitors(3)[0], now) == visit_events(SITE, make_visitors(3)[0], now)


def test_bad_input_is_refused_and_costs_no_neighbour(front: Front) -> None:
    report = post_hostile(front.url, APP, SECRET, "run1")

    assert (report.sent, report.accepted, report.rejected) == (7, 2, 5)
    assert report.refused == {"not JSON": 400, "unknown token": 401, "over 1 MiB": 413}
    assert len(front.sink.events) == 2
    assert len(front.sink.rejected) == 5


def test_server_hears_score_and_reason_of_its_decisions(front: Front) -> None:
    answers = request_decisions(front.url, APP, SECRET, ["7"])

    found = [(one["customer_id"], one["decision"], one["reason"], one["score"]) for one in answers]
    assert found == [("7", "show", "eligible", 0.9), ("0", "suppress", "unknown", None),
                     (UNKNOWN_CUSTOMER, "suppress", "unknown", None)]  # fmt: skip


def test_counts_of_visitors_add_up() -> None:
    counts = VisitCounts(1, 2, 3, 3, 0, 1, 1)

    counts.add(VisitCounts(1, 1, 1, 0, 1, 0, 0))

    assert counts == VisitCounts(2, 3, 4, 3, 1, 1, 1)
