"""Read logdig.toml and LOGDIG_ variables, check every rule, and give one frozen Settings."""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from logdig.addresses import normal_origin
from logdig.config.deployment import check_deployment
from logdig.config.frustration import check_frustration
from logdig.config.goals import check_goals, check_pages
from logdig.config.offers import check_offers
from logdig.config.retention import check_retention
from logdig.config.settings import AppSettings, FlushSettings, Settings
from logdig.errors import InvalidSettingError, SetupError

SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,16}")
"""The service-name rule of 2016, without a leading '-': every AWS name begins with it, and S3 refuses that."""
ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?/?")
SERVICE_RULE = "lower case letters, digits and '-', at most 17, no '-' in front"
APP_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,39}")
"""No leading dash: commands would read it as an option."""
RATE_LIMIT = 10_000_000
INTEREST_DAYS_LIMIT = 400

ENVIRONMENT_KEYS = {
    "LOGDIG_SERVICE": "service",
    "LOGDIG_REGION": "region",
    "LOGDIG_STAGE": "stage",
    "LOGDIG_QUEUE_URL": "queue_url",
    "LOGDIG_BUCKET": "bucket",
    "LOGDIG_PROFILE_TABLE": "profile_table",
}


def find_settings(environment: Mapping[str, str]) -> Settings:
    """Read the file that LOGDIG_CONFIG names, else logdig.toml of the working directory where there is one."""
    endpoint = environment.get("AWS_ENDPOINT_URL")
    if endpoint is not None and not ENDPOINT.fullmatch(endpoint):
        rule = "an address such as http://127.0.0.1:4566; unset it for AWS itself"
        raise InvalidSettingError("AWS_ENDPOINT_URL", endpoint, rule)
    named = environment.get("LOGDIG_CONFIG")
    path = Path(named) if named else Path("logdig.toml")
    return load_settings(path if named or path.exists() else None, environment)


def load_settings(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Args:
        path: logdig.toml; None means defaults and environment only.
        environment: Usually ``os.environ``; only the names of ENVIRONMENT_KEYS are read.
    Raises:
        InvalidSettingError: An unknown key, a wrong type or a broken rule; one line with key, value and rule.
        SetupError: The file is missing or no TOML.
    """
    return parse_settings(override(_read_toml(path) if path is not None else {}, environment))


def override(table: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Override a table of settings by the variables of ENVIRONMENT_KEYS."""
    overrides = {key: environment[variable] for variable, key in ENVIRONMENT_KEYS.items() if variable in environment}
    return {**table, **overrides}


def parse_settings(table: Mapping[str, Any]) -> Settings:
    """Check one table of settings; see `load_settings`."""
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as err:
        raise _setting_error(str(err), table) from err
    _check(settings)
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as err:
        raise SetupError(f"{path}: no such file; make one with 'logdig init'") from err
    except OSError as err:
        raise SetupError(f"{path}: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise SetupError(f"{path}: not TOML: byte {err.start + 1:,} is not UTF-8; save the file as UTF-8") from err
    except tomllib.TOMLDecodeError as err:
        raise SetupError(f"{path}: not TOML: {err}") from err


def _setting_error(message: str, table: Mapping[str, Any]) -> InvalidSettingError:
    """Turn msgspec's message into key, value and rule."""
    rule, _, location = message.partition(" - at `")
    path = location.rstrip("`").removeprefix("$").lstrip(".")
    unknown = re.search(r"unknown field `([^`]*)`", rule)
    if unknown:
        key = f"{path}.{unknown[1]}".lstrip(".")
        return InvalidSettingError(key, _value_at(table, key), "unknown key; docs/settings.md lists all keys")
    missing = re.search(r"missing required field `([^`]*)`", rule)
    if missing:
        return InvalidSettingError(f"{path}.{missing[1]}".lstrip("."), None, "required")
    if rule.startswith("Invalid enum value"):
        rule = _choices(_hint_at(path)) or rule
    return InvalidSettingError(path, _value_at(table, path), rule[:1].lower() + rule[1:])


def _hint_at(path: str) -> object:
    """Type of a setting, found along its path."""
    hint: object = Settings
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        kinds = (hint, *get_args(hint))
        if index:
            hint = next((get_args(kind)[0] for kind in kinds if get_origin(kind) is tuple), None)
            continue
        struct = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)), None)
        hint = get_type_hints(struct).get(key) if struct is not None else None
    return hint


def _choices(hint: object) -> str:
    """Words that a setting may be, as a rule; empty where it is not of words."""
    kinds = (hint, *get_args(hint))
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    if not words:
        return ""
    is_number = any(kind in (int, float) for kind in kinds)
    return f"a number, or {' or '.join(words)}" if is_number else f"one of {', '.join(words)}"


def _value_at(table: Mapping[str, Any], path: str) -> object:
    value: Any = table
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _check(settings: Settings) -> None:
    if not SERVICE_NAME.fullmatch(settings.service):
        raise InvalidSettingError("service", settings.service, SERVICE_RULE)
    # Names that differ only in '-' and '_' would share the variable of their signing secrets.
    names = [app.name.replace("-", "_") for app in settings.apps]
    for index, app in enumerate(settings.apps):
        _check_app(f"apps[{index}]", app)
        if names.count(names[index]) > 1:
            rule = "used twice; names must differ in more than '-' and '_'"
            raise InvalidSettingError(f"apps[{index}].name", app.name, rule)
    tokens = [app.token for app in settings.apps]
    for index, token in enumerate(tokens):
        if tokens.count(token) > 1:
            raise InvalidSettingError(f"apps[{index}].token", token, "used twice; tokens must differ")
    _check_proxies(settings.trusted_proxies)
    _check_flush(settings.flush)
    if not 1 <= settings.listening.interest_days <= INTEREST_DAYS_LIMIT:
        rule = f"1 to {INTEREST_DAYS_LIMIT}"
        raise InvalidSettingError("listening.interest_days", settings.listening.interest_days, rule)
    check_offers(
        settings.offers,
        apps={app.name for app in settings.apps} if settings.profile_store == "redis" else set(),
        goals={goal.name for goal in settings.goals},
    )
    _check_listen_messages(settings)
    allowed = {app.name: app.allowed_query for app in settings.apps}
    check_pages(settings.pages, allowed)
    check_goals(settings.goals, allowed)
    check_frustration(settings.frustration)
    check_deployment(settings)
    check_retention(settings.retention)


def _check_listen_messages(settings: Settings) -> None:
    """Refuse messages to listeners that nobody would send."""
    for index, offer in enumerate(settings.offers):
        if offer.sms is not None and offer.sms.when == "listen" and not settings.flush.on_listen:
            rule = "needs flush.on_listen = true: the flush sends to listeners"
            raise InvalidSettingError(f"offers[{index}].sms.when", offer.sms.when, rule)


def _check_app(key: str, app: AppSettings) -> None:
    if not APP_NAME.fullmatch(app.name):
        rule = "lower case letters, digits, '_' and '-', 1 to 40, no '-' in front"
        raise InvalidSettingError(f"{key}.name", app.name, rule)
    _check_tokens(key, app)
    for index, origin in enumerate(app.origins):
        is_formed = re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://(\*\.)?[^/?#@\s*]+", origin)
        # An origin that no browser sends would lock a site out without a message.
        if not is_formed or normal_origin(origin.replace("*.", "", 1)) is None:
            rule = "scheme://host[:port] or scheme://*.host[:port], nothing after it, of a scheme whose pages have one"
            raise InvalidSettingError(f"{key}.origins[{index}]", origin, rule)
    _check_networks(f"{key}.staff_addresses", app.staff_addresses)
    for name in ("requests_per_minute", "address_requests_per_minute", "address_customers_per_hour"):
        if not 0 <= getattr(app, name) <= RATE_LIMIT:
            rule = f"0 (no limit) to {RATE_LIMIT:,}"
            raise InvalidSettingError(f"{key}.{name}", getattr(app, name), rule)
    try:
        ZoneInfo(app.timezone)
    except (KeyError, ValueError, OSError) as err:
        raise InvalidSettingError(f"{key}.timezone", app.timezone, "an IANA name such as Asia/Seoul") from err


def _check_networks(key: str, networks: Sequence[str]) -> None:
    for index, network in enumerate(networks):
        try:
            ipaddress.ip_network(network)
        except ValueError as err:
            rule = "an address or network such as 203.0.113.0/24"
            raise InvalidSettingError(f"{key}[{index}]", network, rule) from err


def _check_proxies(networks: Sequence[str]) -> None:
    _check_networks("trusted_proxies", networks)
    for index, network in enumerate(networks):
        if ipaddress.ip_network(network).prefixlen == 0:
            rule = "less than all addresses: anyone could then write the address that counts"
            raise InvalidSettingError(f"trusted_proxies[{index}]", network, rule)


def _check_tokens(key: str, app: AppSettings) -> None:
    tokens = {"token": app.token}
    tokens |= {f"previous_tokens[{index}].token": previous.token for index, previous in enumerate(app.previous_tokens)}
    for name, token in tokens.items():
        if not re.fullmatch(r"[A-Za-z0-9_-]{8,80}", token):
            raise InvalidSettingError(f"{key}.{name}", token, "letters, digits, '_' and '-', 8 to 80")


def _check_flush(flush: FlushSettings) -> None:
    rules = (
        ("min_logs", flush.min_logs, 1, 1_000_000),
        ("interval_seconds", flush.interval_seconds, 1, 3600),
        ("max_age_seconds", flush.max_age_seconds, 1, 86_400),
        ("flushers", flush.flushers, 1, 100),
    )
    for key, value, least, most in rules:
        if not least <= value <= most:
            raise InvalidSettingError(f"flush.{key}", value, f"{least} to {most}")
