"""Events of a function URL reach the same application, and its answers come back."""

from __future__ import annotations

import base64
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
