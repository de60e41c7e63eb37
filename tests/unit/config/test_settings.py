"""Settings: one line names key, value and rule; the environment beats the file."""

from datetime import datetime
from pathlib import Path

import pytest

from logdig.config.loader import load_settings, parse_settings
from logdig.errors import InvalidSettingError, SetupError

APP = {"name": "shop", "token": "pk_shop_12345678", "origins": ["https://shop.example"]}


def test_settings_are_complete_when_no_file_is_given() -> None:
    settings = load_settings(None, {})

    assert settings.queue_name == "logdig-dev-sqs"
    assert settings.database == "logdig_dev"


def test_settings_take_the_environment_when_file_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "logdig.toml"
    path.write_text('service = "from-file"\nregion = "eu-west-1"\n')

    settings = load_settings(path, {"LOGDIG_SERVICE": "from-env", "PATH": "/bin"})

    assert (settings.service, settings.region) == ("from-env", "eu-west-1")


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ({"servce": "x"}, "servce", "x"),
        ({"service": "Bad_Name"}, "service", "Bad_Name"),
        ({"service": "a" * 18}, "service", "a" * 18),
        ({"service": ""}, "service", ""),
        ({"service": 3}, "service", 3),
        ({"stage": "test"}, "stage", "test"),
        ({"flush": {"min_logs": "many"}}, "flush.min_logs", "many"),
        ({"flush": {"min_logs": 0}}, "flush.min_logs", 0),
        ({"flush": {"minlogs": 1}}, "flush.minlogs", 1),
        ({"apps": [{**APP, "originz": 1}]}, "apps[0].originz", 1),
        ({"apps": [{**APP, "origins": ["shop.example"]}]}, "apps[0].origins[0]", "shop.example"),
        ({"apps": [{**APP, "origins": ["https://[::1"]}]}, "apps[0].origins[0]", "https://[::1"),
        (
            {"apps": [{**APP, "origins": ["https://*.-\u2603.example"]}]},
            "apps[0].origins[0]",
            "https://*.-\u2603.example",
        ),
        (
            {"apps": [{**APP, "origins": ["https://shop\u3002example"]}]},
            "apps[0].origins[0]",
            "https://shop\u3002example",
        ),
        (
            {"apps": [{**APP, "origins": ["https://shop.example:123456"]}]},
            "apps[0].origins[0]",
            "https://shop.example:123456",
        ),
        ({"apps": [{**APP, "origins": ["https://shop.example/"]}]}, "apps[0].origins[0]", "https://shop.example/"),
        ({"apps": [{**APP, "origins": ["file://shop"]}]}, "apps[0].origins[0]", "file://shop"),
        ({"apps": [{**APP, "origins": ["capacitor://*"]}]}, "apps[0].origins[0]", "capacitor://*"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, "trusted_proxies[0]", "10.0.0.1/8"),
        ({"trusted_proxies": ["10.0.0.1", "0.0.0.0/0"]}, "trusted_proxies[1]", "0.0.0.0/0"),
        ({"apps": [{**APP, "timezone": "Mars/Olympus"}]}, "apps[0].timezone", "Mars/Olympus"),
        ({"apps": [{**APP, "timezone": "../etc"}]}, "apps[0].timezone", "../etc"),
        ({"apps": [APP, {**APP, "token": "pk_other_123"}]}, "apps[0].name", "shop"),
        ({"apps": [APP, {**APP, "name": "other"}]}, "apps[0].token", APP["token"]),
        ({"apps": [{"name": "shop"}]}, "apps[0].token", None),
        ({"apps": [{**APP, "name": "-shop"}]}, "apps[0].name", "-shop"),
        ({"service": "-shop"}, "service", "-shop"),
        ({"queue_url": "queue"}, "queue_url", "queue"),
        ({"profile_table": "a b"}, "profile_table", "a b"),
        (
            {"apps": [{**APP, "previous_tokens": [{"token": "x", "valid_until": datetime(2026, 1, 1)}]}]},
            "apps[0].previous_tokens[0].token",
            "x",
        ),
        ({"offers": [{"name": ""}]}, "offers[0].name", ""),
        ({"offers": [{}]}, "offers[0].name", None),
        ({"offers": [{"name": "UPGRADE"}, {"name": "UPGRADE"}]}, "offers[0].name", "UPGRADE"),
        ({"offers": [{"name": "UPGRADE", "placement": "a\nb"}]}, "offers[0].placement", "a\nb"),
        ({"offers": [{"name": "UPGRADE", "holdout_share": 1.5}]}, "offers[0].holdout_share", 1.5),
        ({"offers": [{"name": "UPGRADE", "max_error": float("nan")}]}, "offers[0].max_error", float("nan")),
        ({"offers": [{"name": "UPGRADE", "daily_cap": -1}]}, "offers[0].daily_cap", -1),
        ({"offers": [{"name": "UPGRADE", "total_cap": -1}]}, "offers[0].total_cap", -1),
        ({"offers": [{"name": "UPGRADE", "explore_share": 2.0}]}, "offers[0].explore_share", 2.0),
        ({"offers": [{"name": "UPGRADE", "offer_value": -1.0}]}, "offers[0].offer_value", -1.0),
        ({"offers": [{"name": "UPGRADE", "horizon_days": 0}]}, "offers[0].horizon_days", 0),
        ({"offers": [{"name": "UPGRADE", "holdout_share": "some"}]}, "offers[0].holdout_share", "some"),
        ({"offers": [{"name": "UPGRADE", "daily_budget": 9.0}]}, "offers[0].daily_budget", 9.0),
        (
            {"offers": [{"name": f"A{number}", "ad_cost": 1.0, "daily_budget": 9.0} for number in range(10)]},
            "offers[9].daily_budget",
            9.0,
        ),
        ({"offers": [{"name": "UPGRADE", "goal": "buy"}]}, "offers[0].goal", "buy"),
        ({"offers": [{"name": "UPGRADE", "segments_app": "shop"}]}, "offers[0].segments_app", "shop"),
        ({"offers": [{"name": "UPGRADE", "sms": {"text": ""}}]}, "offers[0].sms.text", ""),
        ({"offers": [{"name": "UPGRADE", "sms": {"text": "Hi", "when": "listen"}}]}, "offers[0].sms.when", "listen"),
        (
            {"offers": [{"name": "UPGRADE", "sms": {"text": "Hi", "quiet_from": "9pm"}}]},
            "offers[0].sms.quiet_from",
            "9pm",
        ),
        ({"profile_store": "postgres"}, "profile_store", "postgres"),
        ({"offers": [{"name": "UPGRADE", "below_level": 2**31}]}, "offers[0].below_level", 2**31),
        ({"region": "seoul"}, "region", "seoul"),
        ({"front_door": "alb"}, "front_door", "alb"),
        ({"freshness": "weekly"}, "freshness", "weekly"),
        ({"emr_release": "emr-7.12.0"}, "emr_release", "emr-7.12.0"),
        ({"emr_release": "emr-spark-8.0.0"}, "emr_release", "emr-spark-8.0.0"),
        ({"emr_release": "emr-spark-8.1"}, "emr_release", "emr-spark-8.1"),
        ({"alarm_email": "me"}, "alarm_email", "me"),
        ({"domain": "https://collect.shop.example"}, "domain", "https://collect.shop.example"),
        ({"domain": "Collect.shop.example"}, "domain", "Collect.shop.example"),
        ({"domain": "localhost"}, "domain", "localhost"),
        ({"domain": "a." + "b" * 61 + ".example"}, "domain", "a." + "b" * 61 + ".example"),
        ({"domain_zone": "Z0123456789"}, "domain_zone", "Z0123456789"),
        ({"domain": "a.shop.example", "domain_zone": "shop.example"}, "domain_zone", "shop.example"),
        ({"domain": "a.shop.example", "domain_web_acl": "shop"}, "domain_web_acl", "shop"),
        ({"bucket": "Not_A_Bucket"}, "bucket", "Not_A_Bucket"),
        ({"bucket": "b" * 54}, "bucket", "b" * 54),
        ({"monthly_budget_usd": -1.0}, "monthly_budget_usd", -1.0),
        ({"schedules": {"daily_at": "24:00"}}, "schedules.daily_at", "24:00"),
        ({"schedules": {"timezone": "Mars/Olympus"}}, "schedules.timezone", "Mars/Olympus"),
        ({"retention": {"log_days": 8}}, "retention.log_days", 8),
        ({"retention": {"raw_days": -1}}, "retention.raw_days", -1),
        ({"retention": {"snapshot_days": 0}}, "retention.snapshot_days", 0),
        ({"retention": {"tables": {"events": 40_000}}}, "retention.tables.events", 40_000),
    ],
)
def test_settings_name_key_value_and_rule_when_one_is_wrong(table: dict[str, object], key: str, value: object) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        parse_settings(table)

    assert caught.value.message.startswith(f"{key} = {value!r}: ")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ({"offers": [{"name": "A", "holdout_share": "x"}]}, "offers[0].holdout_share = 'x': a number, or auto"),
        ({"offers": [{"name": "A", "sms": {"text": "Hi", "when": "x"}}]}, "offers[0].sms.when = 'x': one of "),
        ({"goals": [{"name": "g", "event": "order", "count": "x"}]}, "goals[0].count = 'x': one of "),
    ],
)
def test_settings_name_the_choices_when_a_nested_word_is_none_of_them(table: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        parse_settings(table)

    assert caught.value.message.startswith(rule)


def test_settings_name_the_choices_when_a_word_is_none_of_them() -> None:
    with pytest.raises(InvalidSettingError, match="front_door = 'alb': one of function-url, rest-api, server"):
        parse_settings({"front_door": "alb"})


def test_settings_name_the_file_when_it_is_missing_or_broken(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("service = \n")

    with pytest.raises(SetupError, match="no such file"):
        load_settings(tmp_path / "absent.toml", {})
    with pytest.raises(SetupError, match=r"broken\.toml: not TOML"):
        load_settings(broken, {})
    with pytest.raises(SetupError, match="Is a directory"):
        load_settings(tmp_path, {})


def test_settings_are_read_when_an_editor_put_a_byte_order_mark_first(tmp_path: Path) -> None:
    path = tmp_path / "logdig.toml"
    path.write_bytes(b'\xef\xbb\xbfservice = "shop"\n')

    assert load_settings(path, {}).service == "shop"


def test_names_of_apps_must_not_share_a_variable() -> None:
    apps = [{"name": "my-shop", "token": "pk_shop_1"}, {"name": "my_shop", "token": "pk_shop_2"}]

    with pytest.raises(InvalidSettingError, match="differ in more than"):
        parse_settings({"apps": apps})
