"""Events of a function URL reach the same application, and its answers come back."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from dashboard.function import answer
from tests.unit.dashboard.test_access import Room


def event(path: str, query: str = "", **more: Any) -> dict[str, Any]:
    http = {"method": more.pop("method", "GET"), "sourceIp": "198.51.100.1"}
    headers = {"content-type": "application/json", "host": "abc.lambda-url.test"}
    return {"requestContext": {"http": http}, "rawPath": path, "rawQueryString": query, "headers": headers, **more}


def test_token_becomes_a_cookie_and_the_cookie_opens_the_data() -> None:
    room = Room()
    body = base64.b64encode(json.dumps({"token": room.tokens["numbers", "shop"]}).encode()).decode()

    entered = answer(room.app, event("/access", method="POST", body=body, isBase64Encoded=True))
    cookie = entered["cookies"][0].partition(";")[0]
    seen = answer(room.app, event("/data/shell/app", "app=shop", cookies=[cookie]))

    assert (entered["statusCode"], seen["statusCode"]) == (200, 200)
    assert json.loads(seen["body"])["apps"] == ["shop"]
    assert answer(room.app, event("/data/shell/app"))["statusCode"] == 401


def test_texts_go_as_they_are_and_other_files_encoded() -> None:
    app = Room().app
    frame = answer(app, event("/"))

    assert (frame["isBase64Encoded"], 'id="main"' in frame["body"]) == (False, True)
    assert "content-security-policy" in {name.lower() for name in frame["headers"]}


def test_long_text_is_packed_for_whoever_takes_it() -> None:
    app, path = Room().app, "/static/vendor/echarts/echarts.js"
    plain = answer(app, event(path))
    asked = event(path)
    asked["headers"]["accept-encoding"] = "gzip, br"
    packed = answer(app, asked)
    names = {name.lower(): value for name, value in packed["headers"].items()}

    assert (plain["isBase64Encoded"], "content-encoding" in map(str.lower, plain["headers"])) == (False, False)
    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == plain["body"]
    assert (names["content-encoding"], names["vary"]) == ("gzip", "Accept-Encoding")
    assert len(packed["body"]) < len(plain["body"]) / 2
    assert int(names["content-length"]) == len(base64.b64decode(packed["body"]))


def test_file_is_not_sent_again_when_the_browser_has_it() -> None:
    app = Room().app
    asked = event("/static/dashboard.js")
    asked["headers"]["if-none-match"] = answer(app, asked)["headers"]["ETag"]

    assert (answer(app, asked)["statusCode"], answer(app, asked)["body"]) == (304, "")
