"""What the core may ask of a request."""

from __future__ import annotations

import pytest

from logdig.collect.http import HEADERS_READ, Request


@pytest.mark.parametrize("ask", [Request.header, Request.values])
def test_request_refuses_to_read_a_header_that_doors_may_leave_out(ask: object) -> None:
    request = Request("GET", "/", headers=(("accept", "*/*"), ("origin", "https://a.example")))

    assert callable(ask)
    with pytest.raises(KeyError, match="accept is not one of HEADERS_READ"):
        ask(request, "accept")
    for name in HEADERS_READ - {"origin"}:
        assert not ask(request, name)
    assert ask(request, "origin") in ("https://a.example", ["https://a.example"])
