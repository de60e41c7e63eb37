"""Links lead out of the app's hosts, to files, or both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.marts.links import Link, OwnHosts, link_of

OWN = OwnHosts.of(("https://shop.example:8443", "http://WWW.shop.example", "https://*.parts.example"))


@pytest.mark.parametrize("host", ["shop.example", "www.shop.example", "a.parts.example", "a.b.parts.example"])
def test_host_is_the_apps_own_when_an_origin_names_it_or_stands_above_it(host: str) -> None:
    assert host in OWN


@pytest.mark.parametrize("host", ["parts.example", "xparts.example", "shop.example.org", "a.shop.example", "", None])
def test_host_is_foreign_when_no_origin_names_it(host: str | None) -> None:
    assert host not in OWN


def test_host_is_own_when_one_origin_names_it_and_another_those_below_it() -> None:
    own = OwnHosts.of(("https://*.shop.example", "https://shop.example"))

    assert "shop.example" in own
    assert "a.shop.example" in own


@pytest.mark.parametrize(
    "address, expected",
    [
        ("https://shop.example/a", Link(out=False, download=False)),
        ("https://else.example/a", Link(out=True, download=False)),
        ("https://Shop.example/price.PDF?x=1#p2", Link(out=False, download=True)),
        ("https://else.example:8443/x.tar.gz", Link(out=True, download=True)),
        ("https://shop.example/한글.hwp", Link(out=False, download=True)),
        ("https://shop.example/pdf", Link(out=False, download=False)),
        ("https://shop.example/a.pdf/", Link(out=False, download=False)),
        ("https://shop.example/?file=a.pdf", Link(out=False, download=False)),
        ("mailto:", Link(out=False, download=False)),
        ("a;b.pdf", Link(out=False, download=False)),
        ("http://[broken/a.pdf", Link(out=False, download=False)),
        ("", Link(out=False, download=False)),
    ],
)
def test_link_leads_where_its_host_and_its_ending_say(address: str, expected: Link) -> None:
    assert link_of(address, OWN) == expected


@given(st.text(max_size=40))
def test_link_is_read_whatever_the_text(address: str) -> None:
    assert not link_of(f"https://shop.example/{address.replace('@', '')}", OWN).out
