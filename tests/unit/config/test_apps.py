"""Rules of who may write: tokens, origins, signatures."""

from __future__ import annotations

from datetime import UTC, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdig.addresses import normal_origin
from logdig.config.apps import App, Apps
from logdig.config.loader import parse_settings
from logdig.config.signatures import sign, signing_secret, verify
from tests.fakes.tracked import NOW, SECRET, TOKEN, three_apps


@pytest.mark.parametrize(
    "origin, normal",
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("https://shop.example:8443", "https://shop.example:8443"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
        ("http://BÜCHER.example", "http://xn--bcher-kva.example"),
        ("http://xn--bcher-kva.example", "http://xn--bcher-kva.example"),
        ("http://한국.example", "http://xn--3e0b707e.example"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("tauri://localhost", "tauri://localhost"),
        ("app://-", "app://-"),
        ("APP://Notes:443", "app://notes:443"),
        ("chrome-extension://abcdefghijklmnopabcdefghijklmnop", "chrome-extension://abcdefghijklmnopabcdefghijklmnop"),
        ("moz-extension://8a5b-0c", "moz-extension://8a5b-0c"),
    ],
)
def test_origin_is_forgiven_case_default_port_and_script(origin: str, normal: str) -> None:
    assert normal_origin(origin) == normal


@pytest.mark.parametrize(
    "origin",
    ["", "null", "shop.example", "https://", "https://shop.example/", "https://user@shop.example", "https://a, https://b",
     "https://shop.example:", "https://shop.example:port", "ftp://shop.example", "file://", "file://x", "data://x", "9p://x",
     "capacitor://", "ionic://localhost/", "https://shop.example:65536",
     "https://shop.example\n",
     "https://shop\u3002example", "https://sho\u212a.example", "https://shop.example?x", "https://shop.example#x",
     "https://shop\\.example", "https:/shop.example", "https://ⓢhop.example", "https://" + "é" * 90 + ".example"],
)  # fmt: skip
def test_origin_is_refused_when_anything_else_differs(origin: str) -> None:
    assert normal_origin(origin) is None


@pytest.mark.parametrize(
    "origin",
    ["https://shop.example.", "https://shop.example:0443", "https://shop.example.evil.example", "http://shop.example",
     "https://evilshop.example", "https://shop.example:444"],
)  # fmt: skip
def test_origin_is_not_registered_when_it_only_looks_alike(origin: str) -> None:
    assert not three_apps().is_registered(normal_origin(origin) or "")


LOOPBACK = ["http://localhost", "http://localhost:5173", "https://localhost:8443", "http://shop.localhost:3000",
            "http://127.0.0.1:1", "http://[::1]:65535"]  # fmt: skip
ELSEWHERE = ["http://localhost.example:80", "http://127.0.0.1.example", "http://notlocalhost:1", "http://127.0.0.2",
             "http://[::2]", "https://localhost-shop.example", "http://192.168.0.1:3000"]  # fmt: skip


@pytest.mark.parametrize("origin", [*LOOPBACK, *ELSEWHERE])
def test_loopback_origin_is_admitted_only_when_the_environment_says_so(origin: str) -> None:
    settings = parse_settings({"apps": [{"name": "shop", "token": TOKEN}]})
    normal = normal_origin(origin) or ""

    local, deployed = (Apps.from_settings(settings, each) for each in ({"LOGDIG_LOOPBACK_ORIGINS": "1"}, {}))

    app = local.find(TOKEN, NOW)
    assert app is not None
    assert local.is_registered(normal) == app.admits(normal) == (origin in LOOPBACK)
    assert not deployed.is_registered(normal)


@given(st.text(max_size=40))
def test_any_text_is_an_origin_or_none(origin: str) -> None:
    normal = normal_origin(origin)

    assert normal is None or normal_origin(normal) == normal


def test_app_is_found_by_its_token_only() -> None:
    apps = three_apps()

    app = apps.find(TOKEN, NOW)

    assert app is not None
    assert app.name == "shop"
    assert all(apps.find(token, NOW) is None for token in ("", TOKEN + "x", TOKEN[:-1], "é\ud800", "\0"))


@pytest.mark.parametrize("zone", [UTC, None])
def test_previous_token_works_until_its_time_is_over(zone: tzinfo | None) -> None:
    previous = {"token": "pk_old_12", "valid_until": (NOW + timedelta(hours=1)).replace(tzinfo=zone)}
    app = {"name": "shop", "token": TOKEN, "previous_tokens": [previous]}

    apps = Apps.from_settings(parse_settings({"apps": [app]}), {})

    assert apps.find("pk_old_12", NOW) is not None
    assert apps.find("pk_old_12", NOW + timedelta(hours=1)) is None


def test_disabled_app_is_nobody() -> None:
    app = {"name": "shop", "token": TOKEN, "origins": ["https://shop.example"]}

    apps = Apps.from_settings(parse_settings({"apps": [app | {"disabled": True}]}), {})

    assert apps.find(TOKEN, NOW) is None
    assert not apps.is_registered("https://shop.example")


def test_origins_of_the_file_are_brought_into_normal_form() -> None:
    app = {"name": "shop", "token": TOKEN, "origins": ["https://Bücher.example:443"]}

    apps = Apps.from_settings(parse_settings({"apps": [app]}), {})

    assert apps.is_registered("https://xn--bcher-kva.example")


def test_secret_is_read_from_the_variable_of_the_app() -> None:
    environment = {"LOGDIG_SIGNING_SECRET_MY_SHOP": "s3cret", "LOGDIG_SIGNING_SECRET_EMPTY": ""}

    assert signing_secret("my-shop", environment) == b"s3cret"
    assert signing_secret("empty", environment) is None
    assert signing_secret("other", environment) is None


def test_old_and_new_secret_both_hold_while_one_is_rotated() -> None:
    environment = {"LOGDIG_SIGNING_SECRET_SHOP": "new one", "LOGDIG_PREVIOUS_SIGNING_SECRET_SHOP": "old"}
    app = {"name": "shop", "token": TOKEN}
    header = {secret: sign(secret, b"body", NOW) for secret in (b"new one", b"old", b"new", b"older")}

    apps = Apps.from_settings(parse_settings({"apps": [app]}), environment)

    assert signing_secret("shop", environment) == b"new one"
    assert {secret for secret in header if apps.signers(header[secret], b"body", NOW)} == {b"new one", b"old"}


def test_signature_is_the_documented_hmac() -> None:
    header = sign(b"secret", b'{"a":1}', NOW)

    # echo -n '1795416061.{"a":1}' | openssl dgst -sha256 -hmac secret
    assert header == "t=1795416061,v1=d989b24f0e7a71fd4827099ccc105074757c788c3c3de16799e56ad6f46106b4"
    assert verify(b"secret", header, b'{"a":1}', NOW)


@pytest.mark.parametrize("seconds, holds", [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_signature_holds_for_five_minutes(seconds: int, holds: bool) -> None:
    header = sign(SECRET, b"body", NOW)

    assert verify(SECRET, header, b"body", NOW + timedelta(seconds=seconds)) is holds


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=00", "t=x,v1=" + "0" * 64, "t=1,v1=" + "0" * 63, "t=٣,v1=" + "0" * 64, "t=1,v1=é"]
)
def test_signature_is_wrong_when_malformed(header: str) -> None:
    assert not verify(SECRET, header, b"body", NOW)


def test_signature_is_wrong_for_other_bytes_or_another_secret() -> None:
    header = sign(SECRET, b"body", NOW)

    assert not verify(SECRET, header, b"Body", NOW)
    assert not verify(b"other", header, b"body", NOW)
    assert three_apps().signers(header, b"body", NOW) == frozenset({"shop"})
    assert Apps([App("shop", TOKEN)]).signers(header, b"body", NOW) == frozenset()
