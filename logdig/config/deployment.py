"""Settings of a deployed stack, and their rules. Source: docs/settings.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from logdig.errors import InvalidSettingError

if TYPE_CHECKING:
    from logdig.config.settings import Settings

REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,51}[a-z0-9]")
"""S3's own rule without dots, which break its certificates; ten characters are left for ``-artifacts``."""
TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
QUEUE_URL = re.compile(r"https?://[^\s\"'<>]+/[^\s\"'<>]+")
DOMAIN = re.compile(r"(?=.{4,64}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
"""At most 64 characters: the limit of a certificate's name."""
ZONE = re.compile(r"Z[A-Z0-9]{1,31}")
WEB_ACL = re.compile(r"arn:aws[a-z-]*:wafv2:us-east-1:[0-9]{12}:global/webacl/[A-Za-z0-9_-]{1,128}/[0-9a-f-]{36}")
EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
EMR_RELEASE = re.compile(r"emr-spark-([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")
EMR_RELEASE_LEAST = (8, 1, 0)
"""The first with Spark 4.1 and Iceberg 1.11, for which the jobs are built."""
LEAST_VISITORS_MOST = 1000
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""The periods that CloudWatch Logs allows."""
BUDGET_MOST_USD = 1e9
PRIVATE_NETWORKS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
"""Where the load balancer and the proxy on the machine stand, seen from the container of server mode."""


def check_deployment(settings: Settings) -> None:
    """Check values that AWS would refuse only after minutes.

    Raises:
        InvalidSettingError: Names key, value and rule.
    """
    _match("region", settings.region, REGION, "an AWS region such as ap-northeast-2")
    if settings.bucket:
        _match("bucket", settings.bucket, BUCKET, "lower case letters, digits and '-', 3 to 53")
    if settings.profile_table:
        _match("profile_table", settings.profile_table, TABLE, "letters, digits, '_', '-' and '.', 3 to 255")
    if settings.queue_url:
        _match("queue_url", settings.queue_url, QUEUE_URL, "the address of a queue, https://…")
    if settings.alarm_email:
        _match("alarm_email", settings.alarm_email, EMAIL, "one address such as you@shop.example")
    _match("schedules.daily_at", settings.schedules.daily_at, TIME, "a time such as 03:00")
    try:
        ZoneInfo(settings.schedules.timezone)
    except (KeyError, ValueError, OSError) as err:
        rule = "an IANA name such as Asia/Seoul"
        raise InvalidSettingError("schedules.timezone", settings.schedules.timezone, rule) from err
    if emr_version(settings) < EMR_RELEASE_LEAST:
        rule = "a release with Spark 4.1 or later, such as emr-spark-8.1.0"
        raise InvalidSettingError("emr_release", settings.emr_release, rule)
    _check_dashboard(settings)
    _check_domain(settings)
    if not 0 <= settings.monthly_budget_usd <= BUDGET_MOST_USD:
        raise InvalidSettingError("monthly_budget_usd", settings.monthly_budget_usd, "0 (none) to 1e9")
    if settings.retention.log_days not in LOG_DAYS:
        rule = f"one of {', '.join(map(str, LOG_DAYS))}"
        raise InvalidSettingError("retention.log_days", settings.retention.log_days, rule)


def behind_balancer(settings: Settings) -> Settings:
    """Settings of the deployed server, which only its load balancer reaches: its address is not the visitor's."""
    return msgspec.structs.replace(settings, trusted_proxies=settings.trusted_proxies or PRIVATE_NETWORKS)


def emr_version(settings: Settings) -> tuple[int, ...]:
    """Numbers of the EMR release, as (8, 1, 0); none for what names no release."""
    found = EMR_RELEASE.fullmatch(settings.emr_release)
    return tuple(map(int, found.groups())) if found else ()


def _check_domain(settings: Settings) -> None:
    for key, value in (("domain_zone", settings.domain_zone), ("domain_web_acl", settings.domain_web_acl)):
        if value and not settings.domain:
            raise InvalidSettingError(key, value, "only together with domain, such as domain = 'collect.shop.example'")
    if settings.domain:
        _match("domain", settings.domain, DOMAIN, "a host name alone, in lower case, such as collect.shop.example")
    if settings.domain_zone:
        _match("domain_zone", settings.domain_zone, ZONE, "the id of a Route 53 hosted zone, Z and letters or digits")
    if settings.domain_web_acl:
        _match("domain_web_acl", settings.domain_web_acl, WEB_ACL, "the ARN of a web ACL of scope CLOUDFRONT")


def _check_dashboard(settings: Settings) -> None:
    least = settings.dashboard_least_visitors
    if not 1 <= least <= LEAST_VISITORS_MOST:
        raise InvalidSettingError("dashboard_least_visitors", least, f"1 (hides nothing) to {LEAST_VISITORS_MOST:,}")


def _match(key: str, value: str, pattern: re.Pattern[str], rule: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidSettingError(key, value, rule)
