"""Country, region and staff come from the server, and addresses are not stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from logdig.collect.collector import Collector
from logdig.collect.enrichment import Location, LocationFinder, location_finder
from logdig.collect.http import Request
from logdig.config.apps import App, Apps, app_from_settings
from logdig.config.settings import AppSettings, Settings
from logdig.errors import SetupError
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, NOW, ORIGIN, TEN_FIELDS, TOKEN, body, event

ORIGIN_SECRET = "secret-of-the-origin"
KOREA = {"country": {"iso_code": "KR"}, "subdivisions": [{"iso_code": "11"}]}


def request(address: str | None, **headers: str) -> Request:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request("POST", "/v1/events", headers=BROWSER + pairs, remote_addr=address)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    writer = MMDBWriter(4, "Test-City", languages=["en"], description="for a test")
    writer.insert_network(IPSet(["203.0.113.0/24"]), KOREA)
    path = tmp_path / "places.mmdb"
    writer.to_db_file(str(path))
    return path


def test_place_is_read_from_a_local_file(database: Path) -> None:
    finder = location_finder(Settings(geo_database=str(database)), {})

    assert finder.find(request("203.0.113.9")) == Location("203.0.113.9", "KR", "11")
    assert finder.find(request("198.51.100.1")) == Location("198.51.100.1")
    assert finder.find(request("no address")) == Location("no address")
    assert finder.find(request(None)) == Location()


@pytest.mark.parametrize(
    ("record", "country", "region"),
    [
        ({"country": "KR", "region": "Seoul", "asn": "AS1"}, "KR", None),
        ({"country": {"iso_code": "KR"}, "subdivisions": []}, "KR", None),
        ({"country": {"iso_code": "KR"}, "subdivisions": {"iso_code": "11"}}, "KR", None),
        ({"country": {"iso_code": "KR"}, "subdivisions": ["11"]}, "KR", "11"),
        ({"country": {"names": {"en": "Korea"}}, "subdivisions": [{}]}, None, None),
        ({"country": ["KR"], "subdivisions": 5}, None, None),
        ({}, None, None),
        ("KR", None, None),
    ],
)
def test_place_is_what_the_file_holds_whatever_its_shape(
    record: object, country: str | None, region: str | None, tmp_path: Path
) -> None:
    writer = MMDBWriter(6, "Other", ipv4_compatible=True)
    writer.insert_network(IPSet(["203.0.113.0/24"]), record)
    writer.to_db_file(str(tmp_path / "other.mmdb"))
    finder = location_finder(Settings(geo_database=str(tmp_path / "other.mmdb")), {})

    for address in ("203.0.113.9", "::ffff:203.0.113.9"):
        assert finder.find(request(address)) == Location(address, country, region)


def test_place_is_unknown_and_told_once_when_the_file_is_damaged(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = database.read_bytes()
    # The pointers of the tree stay, what they point at goes.
    start = whole.index(b"\x00" * 16) + 16
    end = whole.index(b"\xab\xcd\xefMaxMind.com")
    database.write_bytes(whole[:start] + b"\xff" * (end - start) + whole[end:])
    finder = location_finder(Settings(geo_database=str(database)), {})

    for _ in range(3):
        assert finder.find(request("203.0.113.9")) == Location("203.0.113.9")

    assert len(caplog.messages) == 1
    assert database.name in caplog.messages[0]


def test_place_names_the_file_when_it_cannot_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"not a database")

    for path in (broken, tmp_path / "absent.mmdb"):
        with pytest.raises(SetupError, match=path.name):
            location_finder(Settings(geo_database=str(path)), {})


@pytest.mark.parametrize("said", [None, "", "secret-of-the-origiN", "secret-of-the-origin ", "한"])
def test_place_believes_viewer_headers_only_with_the_origin_secret(said: str | None) -> None:
    headers = {"cloudfront_viewer_country": "DE", "cloudfront_viewer_country_region": "BE"}
    headers["cloudfront_viewer_address"] = "198.51.100.7:443"
    secret = {} if said is None else {"x_logdig_origin_secret": said}
    finder = LocationFinder(origin_secret=ORIGIN_SECRET)

    assert finder.find(request("10.0.0.1", x_logdig_origin_secret=ORIGIN_SECRET, **headers)) == Location(
        "198.51.100.7", "DE", "BE"
    )
    assert finder.find(request("10.0.0.1", **secret, **headers)) == Location("10.0.0.1")
    assert LocationFinder().find(request("10.0.0.1", **secret, **headers)) == Location("10.0.0.1")


def test_viewer_headers_count_when_setting_and_secret_are_there(caplog: pytest.LogCaptureFixture) -> None:
    asked = request("10.0.0.1", cloudfront_viewer_country="DE", x_logdig_origin_secret=ORIGIN_SECRET)
    trusting, secret = Settings(trust_viewer_headers=True), {"LOGDIG_ORIGIN_SECRET": ORIGIN_SECRET}

    assert location_finder(trusting, secret).find(asked).country == "DE"
    assert location_finder(Settings(), secret).find(asked).country is None
    assert not caplog.messages
    assert location_finder(Settings(domain="collect.shop.example"), secret).find(asked).country == "DE"
    assert not caplog.messages
    assert location_finder(trusting, {}).find(asked).country is None
    assert "LOGDIG_ORIGIN_SECRET" in caplog.text


@pytest.mark.parametrize("code", ["", "K" * 9, "한국", "K\nR", "<b>"])
def test_place_has_no_country_when_the_code_is_none(code: str) -> None:
    finder = LocationFinder(origin_secret=ORIGIN_SECRET)

    assert (
        finder.find(request("10.0.0.1", cloudfront_viewer_country=code, x_logdig_origin_secret=ORIGIN_SECRET)).country
        is None
    )


@pytest.mark.parametrize(
    ("address", "staff"),
    [("203.0.113.9", True), ("203.0.114.9", False), ("2001:db8::1", True), ("nonsense", False), (None, False)],
)
def test_event_is_marked_as_staff_when_it_comes_from_the_apps_addresses(address: str | None, staff: bool) -> None:
    settings = AppSettings("shop", TOKEN, (ORIGIN,), staff_addresses=("203.0.113.0/24", "2001:db8::/32"))
    sink = MemorySink()
    apps = Apps.from_settings(Settings(apps=(settings,)), {})
    collector = Collector(apps, sink, lambda: NOW, lambda: "id")

    reply = collector.handle(Request("POST", "/v1/events", "", BROWSER, body(event("page", staff=False)), address))

    assert reply.status == 202
    (line,) = sink.batches[0].events
    assert json.loads(line)["staff"] is staff
    assert (address or "203.") not in line.decode()


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        ("https://www.shop.example", True),
        ("https://a.b.shop.example", True),
        ("https://shop.example", False),
        ("http://www.shop.example", False),
        ("https://www.shop.example:8443", False),
        ("https://evilshop.example", False),
        ("https://www.shop.example.evil.example", False),
        ("https://.shop.example", False),
        ("https://evil.example/.shop.example", False),
        ("https://evil.example#.shop.example", False),
        ("https://user@www.shop.example", False),
    ],
)
def test_origin_pattern_admits_only_hosts_below_it(origin: str, admitted: bool) -> None:
    settings = Settings(apps=(AppSettings("shop", TOKEN, ("https://*.shop.example",)),))
    (app,) = Apps.from_settings(settings, {})._apps

    assert isinstance(app, App)
    assert app.admits(origin) is admitted


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1234:5678:9abc::77", "2001:db8:1234::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::77%eth0", "fe80::/48"),
        ("nonsense", None),
        (None, None),
    ],
)
def test_address_is_cut_to_its_network_or_not_kept(address: str | None, kept: str | None) -> None:
    settings = [AppSettings("shop", TOKEN, (ORIGIN,)), AppSettings("shop", TOKEN, (ORIGIN,), keep_address="network")]

    assert [app_from_settings(app).kept_address(address) for app in settings] == [None, kept]


@pytest.mark.parametrize("keep_address", ["none", "network"])
@pytest.mark.parametrize("path", ["/v1/events", "/"])
def test_no_stored_line_holds_a_whole_address(keep_address: Literal["none", "network"], path: str) -> None:
    settings = Settings(apps=(AppSettings("shop", TOKEN, (ORIGIN,), keep_address=keep_address),))
    sink = MemorySink()
    front = Collector(
        Apps.from_settings(settings, {}),
        sink,
        lambda: NOW,
        lambda: "id",
        locations=LocationFinder(origin_secret=ORIGIN_SECRET),
    )
    payload = body(event(), event(seq=-1)) if path == "/v1/events" else json.dumps(TEN_FIELDS).encode()
    forwarded = (
        ("x-forwarded-for", "192.0.2.66"),
        ("cloudfront-viewer-address", "198.51.100.99:1234"),
        ("x-logdig-origin-secret", ORIGIN_SECRET),
    )

    reply = front.handle(Request("POST", path, "", BROWSER + forwarded, payload, "192.0.2.77"))

    assert reply.status in (200, 202)
    stored = b"\n".join((*sink.events, *sink.rejected))
    assert not [canary for canary in (b"192.0.2.66", b"198.51.100.99", b"192.0.2.77") if canary in stored]
    assert json.loads(sink.events[0])["ip"] == (None if keep_address == "none" else "198.51.100.0/24")
