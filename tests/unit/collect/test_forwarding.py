"""The sender's address behind proxies: what trusted ones wrote, read from the right; nobody else's word counts."""

from __future__ import annotations

import ipaddress
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.collect.collector import Collector
from logdig.collect.enrichment import location_finder
from logdig.collect.forwarding import sender_address
from logdig.collect.http import Request
from logdig.config.apps import Apps
from logdig.config.settings import AppSettings, Settings
from tests.fakes.sinks import MemorySink
from tests.fakes.tracked import BROWSER, NOW, ORIGIN, TEN_FIELDS, TOKEN, body, event

TRUSTED = ("10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.4")
PROXIES = tuple(map(ipaddress.ip_network, TRUSTED))


def sender(remote: str | None = "10.0.0.1", **headers: str) -> str | None:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return sender_address(Request("POST", "/v1/events", headers=pairs, remote_addr=remote), PROXIES)


@pytest.mark.parametrize(
    ("hops", "address"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("6.6.6.6, 198.51.100.9", "198.51.100.9"),
        ("6.6.6.6, 198.51.100.9,10.2.3.4 , 192.0.2.4", "198.51.100.9"),
        ("198.51.100.9:4711", "198.51.100.9"),
        ("[2600:db8::17]:4711, 2001:db8:ffff::1", "2600:db8::17"),
        ("2600:db8::17", "2600:db8::17"),
        ('"[2600:db8::17]"', "2600:db8::17"),
        ("::ffff:198.51.100.9", "198.51.100.9"),
        ("10.9.9.9, 10.0.0.7", "10.9.9.9"),
        (" , ,", "10.0.0.1"),
        ("6.6.6.6, unknown", None),
        ("6.6.6.6, _hidden, 10.0.0.7", None),
        ("6.6.6.6, 999.1.1.1", None),
        ("198.51.100.9%eth0", None),
    ],
)
def test_forwarded_for_is_read_from_the_right_over_trusted_hops(hops: str, address: str | None) -> None:
    assert sender(x_forwarded_for=hops) == address


@pytest.mark.parametrize(
    ("elements", "address"),
    [
        ("for=198.51.100.60;proto=http;by=203.0.113.43", "198.51.100.60"),
        ('For="[2600:db8:cafe::17]:4711"', "2600:db8:cafe::17"),
        ("for=6.6.6.6, for=198.51.100.60 , for=10.0.0.9", "198.51.100.60"),
        ('for="6.6.6.6, for=198.51.100.60', "198.51.100.60"),
        ('for=198.51.100.60;by="a,b;for=6.6.6.6", for="10.0.0.9:80",', "198.51.100.60"),
        ("for=[2600:db8::5]:80", "2600:db8::5"),
        ("for=198.51.100.60;proto=https;", "198.51.100.60"),
        ('by="_a";for="198.51.100.60:9"; ;host="x" ;;, for=10.0.0.9;', "198.51.100.60"),
        ("for=6.6.6.6, for=unknown", None),
        ('for=6.6.6.6, for="_gazonk:_port"', None),
        ("for=6.6.6.6, by=10.0.0.1;proto=https", None),
        ('for=6.6.6.6, for="198.51.100.60', None),
        ("198.51.100.60", None),
    ],
)
def test_forwarded_is_read_like_it_with_quotes_and_brackets(elements: str, address: str | None) -> None:
    assert sender(forwarded=elements) == address


def test_headers_count_for_nothing_when_the_connection_is_no_proxys() -> None:
    claims = {"x_forwarded_for": "203.0.113.7", "forwarded": "for=203.0.113.7"}

    assert sender("198.51.100.1", **claims) == "198.51.100.1"
    assert sender(None, **claims) is None
    assert sender("10.0.0.1") == "10.0.0.1"


def test_forwarded_for_counts_when_both_headers_are_there() -> None:
    assert sender(x_forwarded_for="198.51.100.9", forwarded="for=203.0.113.7") == "198.51.100.9"


@given(
    st.text()
    | st.lists(st.sampled_from(['for="', "for=", ",", ";", '"', "\\", "[", "]:", "10.0.0.1", "_"])).map("".join)
    | st.lists(st.sampled_from(["for=10.0.0.1", 'by="_a"', "", " "])).map(";".join)
)
def test_no_header_value_is_an_error(value: str) -> None:
    for name in ("x_forwarded_for", "forwarded"):
        address = sender(**{name: value})
        assert address is None or ipaddress.ip_address(address)


@pytest.mark.parametrize("path", ["/v1/events", "/"])
@pytest.mark.parametrize("proxies", [(), ("172.16.0.0/12",)])
def test_staff_and_network_come_from_the_proxys_word_when_it_is_trusted(path: str, proxies: tuple[str, ...]) -> None:
    app = AppSettings("shop", TOKEN, (ORIGIN,), staff_addresses=("198.51.100.0/24",), keep_address="network")
    settings, sink = Settings(apps=(app,), trusted_proxies=proxies), MemorySink()
    front = Collector(
        Apps.from_settings(settings, {}), sink, lambda: NOW, lambda: "id", locations=location_finder(settings, {})
    )
    payload = body(event(staff=None)) if path == "/v1/events" else json.dumps(TEN_FIELDS).encode()
    headers = (*BROWSER, ("x-forwarded-for", "6.6.6.6, 198.51.100.9:80"))

    assert front.handle(Request("POST", path, "", headers, payload, "172.17.0.1")).status in (200, 202)

    line = json.loads(sink.events[0])
    seen = (line.get("staff"), line["ip"])
    assert seen == ((True, "198.51.100.0/24") if proxies else (None, "172.17.0.0/24"))


def test_limit_counts_each_sender_behind_a_trusted_proxy() -> None:
    app = AppSettings("shop", TOKEN, (ORIGIN,), address_requests_per_minute=1)
    settings = Settings(apps=(app,), trusted_proxies=("10.0.0.0/8",))
    front = Collector(
        Apps.from_settings(settings, {}),
        MemorySink(),
        lambda: NOW,
        lambda: "id",
        locations=location_finder(settings, {}),
    )

    def status(sender: str) -> int:
        headers = (*BROWSER, ("x-forwarded-for", sender))
        return front.handle(Request("POST", "/v1/events", "", headers, body(), "10.0.0.1")).status

    assert [status("8.8.8.8"), status("8.8.4.4"), status("8.8.8.8")] == [202, 202, 429]


def test_address_is_unknown_when_more_trusted_hops_are_named_than_are_read() -> None:
    assert sender(x_forwarded_for="198.51.100.9, " + ", ".join(["10.0.0.2"] * 31)) == "198.51.100.9"
    assert sender(x_forwarded_for="198.51.100.9, " + ", ".join(["10.0.0.2"] * 50_000)) is None
