"""Pages: one name for one page, whatever brought the visitor there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.visits.pages import Page, grouped, matches, page_of


@pytest.mark.parametrize(
    "address, page",
    [
        ("https://Shop.Example:8443/a?utm_source=x&b=2&a=1&secret=9", Page("shop.example:8443", "/a?a=1&b=2")),
        ("https://shop.example", Page("shop.example", "/")),
        ("https://shop.example/index.html", Page("shop.example", "/")),
        ("https://shop.example/x/index.html?a=1", Page("shop.example", "/x/?a=1")),
        ("https://shop.example/myindex.html", Page("shop.example", "/myindex.html")),
        ("https://shop.example/a#/cart?utm_medium=y&b=3", Page("shop.example", "/a#/cart?utm_medium=y&b=3")),
        ("https://user:pw@shop.example/a", Page("shop.example", "/a")),
        ("https://shop.example/상품?a=가", Page("shop.example", "/상품?a=가")),
        ("app://local/a", Page("local", "/a")),
        ("http://[bad", Page("", "http://[bad")),
        ("", Page("", "/")),
    ],
)
def test_page_is_the_path_with_listed_parameters_sorted(address: str, page: Page) -> None:
    assert page_of(address, ["a", "b", "utm_source"]) == page


@given(st.text(max_size=60))
def test_page_is_always_told_and_stays_the_same_when_told_again(address: str) -> None:
    page = page_of(address, ["a"])

    assert page.path
    if page.path.startswith("/") and "[" not in page.host:
        assert page_of(f"https://{page.host}{page.path}", ["a"]).path == page_of(page.path, ["a"]).path


@pytest.mark.parametrize(
    "pattern, path, fits",
    [
        ("/product/*", "/product/7/reviews", True),
        ("/product/*", "/product/", True),
        ("/product/*", "/products/7", False),
        ("*/reviews", "/product/7/reviews", True),
        ("/a.b", "/axb", False),
        ("/a?b=*", "/a?b=1", True),
        ("**", "/", True),
    ],
)
def test_star_stands_for_any_text(pattern: str, path: str, fits: bool) -> None:
    assert matches(pattern, path) is fits


def test_first_group_that_a_page_fits_counts() -> None:
    assert grouped("/product/7", ["/cart", "/product/*", "/*"]) == "/product/*"
    assert grouped("/x", ["/product/*"]) == "/x"
