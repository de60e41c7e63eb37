"""Rules of [[pages]] and [[goals]]: what is wrong is named with key, value and rule."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from logdig.config.loader import parse_settings
from logdig.config.toml_file import settings_text
from logdig.errors import InvalidSettingError

APPS: list[dict[str, Any]] = [{"name": name, "token": f"pk_{name}_12345678"} for name in ("web", "blog")]
APPS[0]["allowed_query"] = ["q", "z"]


def check(**settings: Any) -> None:
    parse_settings({"apps": APPS, **settings})


def goal(**settings: Any) -> dict[str, Any]:
    return {"name": "g", **settings}


@pytest.mark.parametrize(
    "settings",
    [
        goal(event="order", where={"plan": "gold", "paid": True, "seats": 2}, value_property="sum"),
        goal(page="/thanks*", app="web", value=1),
        goal(page="*", count="each"),
        goal(page="/a?q=*&z=1#/r?x=1"),
        goal(page="/a?z=1&*"),
        goal(page="*index.html"),
        goal(element="#buy", value=-0.5),
        goal(listen="a*"),
    ],
)
def test_goal_is_accepted_when_one_thing_reaches_it(settings: dict[str, Any]) -> None:
    check(goals=[settings])


@pytest.mark.parametrize(
    "settings, message",
    [
        (goal(), r"goals\[0\] = 'g': exactly one of event, page, element, listen; this goal has none"),
        (goal(event="a", page="/b"), r"this goal has event and page"),
        (goal(name="", event="a"), r"goals\[0\].name = '': 1 to 128 characters"),
        (goal(name=" ", event="a"), r"goals\[0\].name = ' ': 1 to 128 characters, not only blanks"),
        (goal(name="x" * 129, event="a"), r"1 to 128 characters"),
        (goal(name="a\nb", event="a"), r"no control character"),
        (goal(event="a", app="shop"), r"goals\[0\].app = 'shop': the name of one of \[\[apps\]\]: web, blog"),
        (goal(page="thanks"), r"goals\[0\].page = 'thanks': a path that begins with '/' or '\*'"),
        (goal(page="https://shop.example/"), r"hosts count together"),
        (goal(page="/a/index.html"), r"goals\[0\].page = '/a/index.html': no page has this form.*compared as '/a/'"),
        (goal(page="/a?q=1&utm_source=x"), r"compared as '/a\?q=1'"),
        (goal(page="/a?q=1&secret=x", app="web"), r"compared as '/a\?q=1'"),
        (goal(page="/a?z=1&q=*"), r"compared as '/a\?q=\*&z=1'"),
        (goal(page="/a?z=1", app="blog"), r"compared as '/a'"),
        (goal(page="/a", where={"b": 1}), r"goals\[0\].where = .*only with event; this goal has page"),
        (goal(listen="a", value_property="b"), r"goals\[0\].value_property = 'b': only with event"),
        (goal(event="a", value=1, value_property="b"), r"goals\[0\].value = 1.0: not beside value_property"),
        (goal(event="a", value=float("inf")), r"goals\[0\].value = inf: a finite number"),
        (goal(event="a", where={"b": float("nan")}), r"goals\[0\].where.b = nan: a finite number"),
        (goal(event="a", where={"": 1}), r"goals\[0\].where = '': 1 to 50 characters"),
        (goal(event="a", where={"b": [1]}), r"goals\[0\].where"),
        (goal(event="a", count="twice"), r"goals\[0\].count = 'twice'"),
        (goal(event="a", selector="#b"), r"goals\[0\].selector = '#b': unknown key"),
        ({"event": "a"}, r"goals\[0\].name = None: required"),
    ],
)
def test_goal_is_refused_with_key_value_and_rule(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        check(goals=[settings])


@pytest.mark.parametrize("apps", [("", ""), ("web", "web"), ("", "web"), ("web", "")])
def test_goal_is_refused_when_an_app_has_its_name_already(apps: tuple[str, str]) -> None:
    with pytest.raises(InvalidSettingError, match=r"goals\[1\].name = 'g': used twice"):
        check(goals=[goal(event="a", app=apps[0]), goal(event="b", app=apps[1])])


def test_goals_share_a_name_when_no_app_has_both() -> None:
    check(goals=[goal(event="a", app="web"), goal(event="b", app="blog")])


@pytest.mark.parametrize(
    "pages, message",
    [
        ([{"pattern": ""}], r"pages\[0\].pattern = '': 1 to 512 characters"),
        ([{"pattern": "/index.html"}], r"pages\[0\].pattern = '/index.html': no page has this form.*as '/'"),
        ([{"pattern": "product/*"}], r"pages\[0\].pattern = 'product/\*': a path that begins"),
        ([{"pattern": "/a", "app": "shop"}], r"pages\[0\].app = 'shop': the name of one of"),
        ([{"pattern": "/a"}, {"pattern": "/a", "app": "web"}], r"pages\[1\].pattern = '/a': used twice"),
        ([{}], r"pages\[0\].pattern = None: required"),
    ],
)
def test_page_rule_is_refused_with_key_value_and_rule(pages: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        check(pages=pages)


def test_page_rules_repeat_a_pattern_when_they_are_of_different_apps() -> None:
    check(pages=[{"pattern": "/a", "app": "web"}, {"pattern": "/a", "app": "blog"}, {"pattern": "/a"}])


def test_goals_are_the_same_when_settings_are_written_and_read_again() -> None:
    goals = [goal(event="a", where={"b": 1, "c": "x", "d": False}), goal(name="h", page="/b", value=0)]
    settings = parse_settings({"apps": APPS, "goals": goals, "pages": [{"pattern": "/product/*"}]})

    assert parse_settings(tomllib.loads(settings_text(settings))) == settings
