"""logdig.toml and LOGDIG_ variables become one frozen Settings, read once.

Order of precedence: environment, then file, then the default written here. Every key is documented in
docs/settings.md, which a test compares with the Structs below.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from logdig.config.frustration import FrustrationSettings
from logdig.config.goals import GoalSettings, PageSettings
from logdig.config.offers import OfferSettings
from logdig.config.retention import RetentionSettings


class PreviousToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A write token that was rotated away and still works until ``valid_until`` (UTC)."""

    token: str
    valid_until: datetime


class AppSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One site or service that may write.

    ``origins`` are exact (``https://shop.example``) or begin with one wildcard (``https://*.shop.example``: every
    host below it, never the host itself).
    """

    name: str
    token: str
    origins: tuple[str, ...] = ()
    timezone: str = "UTC"
    allowed_query: tuple[str, ...] = ()
    staff_addresses: tuple[str, ...] = ()
    keep_address: Literal["none", "network"] = "none"
    disabled: bool = False
    previous_tokens: tuple[PreviousToken, ...] = ()
    requests_per_minute: int = 0
    address_requests_per_minute: int = 1200
    address_customers_per_hour: int = 30


class FlushSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When queued logs become S3 objects (docs/flush.md)."""

    min_logs: int = 100
    interval_seconds: int = 300
    max_age_seconds: int = 600
    flushers: int = 1
    on_listen: bool = False


class ScheduleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the daily Spark run begins; its minute is also that of the hourly runs."""

    daily_at: str = "03:00"
    timezone: str = "UTC"


class ListeningSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a customer stays interested in a track (docs/listening.md)."""

    interest_days: int = 30


LEVELS = {"0": "Free", "1": "Silver", "2": "Gold"}
STATUSES = {"0": "inactive", "1": "active"}
CAMPAIGNS = {"0": "NONE", "1": "30DAYFREE", "2": "SUPERBOWL", "3": "RETAILSTORE", "4": "WEBOFFER"}
LINKED = {"0": "not linked", "1": "linked"}


class WordSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words for the codes of customers, by code; a code without a word is shown as it is (docs/listening.md)."""

    level: dict[str, str] = msgspec.field(default_factory=LEVELS.copy)
    status: dict[str, str] = msgspec.field(default_factory=STATUSES.copy)
    campaign: dict[str, str] = msgspec.field(default_factory=CAMPAIGNS.copy)
    gender: dict[str, str] = {}
    linked_apps: dict[str, str] = msgspec.field(default_factory=LINKED.copy)


class ColumnSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How files that are sent or loaded call their columns, a table a kind: ``level = "Plan"`` (docs/send.md)."""

    listens: dict[str, str] = {}
    clicks: dict[str, str] = {}
    views: dict[str, str] = {}
    customers: dict[str, str] = {}
    tracks: dict[str, str] = {}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the owner may set. Names of AWS resources follow from ``service`` and ``stage``."""

    service: str = "logdig"
    region: str = "ap-northeast-1"
    stage: Literal["dev", "prod"] = "dev"
    queue_url: str = ""
    bucket: str = ""
    profile_store: Literal["dynamodb", "redis"] = "dynamodb"
    profile_table: str = ""
    trust_viewer_headers: bool = False
    trusted_proxies: tuple[str, ...] = ()
    geo_database: str = ""
    front_door: Literal["function-url", "rest-api", "server"] = "function-url"
    dashboard: Literal["local", "function"] = "local"
    dashboard_live: bool = False
    dashboard_least_visitors: int = 5
    domain: str = ""
    domain_zone: str = ""
    domain_web_acl: str = ""
    freshness: Literal["daily", "hourly", "live"] = "daily"
    emr_release: str = "emr-spark-8.1.0"
    alarm_email: str = ""
    monthly_budget_usd: float = 20.0
    apps: tuple[AppSettings, ...] = ()
    flush: FlushSettings = FlushSettings()
    schedules: ScheduleSettings = ScheduleSettings()
    retention: RetentionSettings = RetentionSettings()
    offers: tuple[OfferSettings, ...] = ()
    pages: tuple[PageSettings, ...] = ()
    goals: tuple[GoalSettings, ...] = ()
    frustration: FrustrationSettings = FrustrationSettings()
    columns: ColumnSettings = ColumnSettings()
    listening: ListeningSettings = ListeningSettings()
    words: WordSettings = WordSettings()

    @property
    def prefix(self) -> str:
        """Beginning of every AWS name: ``<service>-<stage>``."""
        return f"{self.service}-{self.stage}"

    @property
    def queue_name(self) -> str:
        return f"{self.prefix}-sqs"

    @property
    def dlq_name(self) -> str:
        return f"{self.prefix}-dlq"

    @property
    def bucket_name(self) -> str:
        return self.bucket or f"{self.prefix}-s3"

    @property
    def artifacts_bucket_name(self) -> str:
        """Bucket of what a deploy uploads."""
        return f"{self.bucket_name}-artifacts"

    @property
    def scripts_bucket_name(self) -> str:
        """Bucket of the tracker's files that the domain serves."""
        return f"{self.bucket_name}-scripts"

    @property
    def trusts_viewer_headers(self) -> bool:
        """Whether CloudFront's headers may count: an installation with a domain stands behind CloudFront."""
        return self.trust_viewer_headers or bool(self.domain)

    @property
    def stack_name(self) -> str:
        """Stack of the deployed parts; CloudFormation wants a letter in front."""
        return self.prefix if self.prefix[0].isalpha() else f"logdig-{self.prefix}"

    @property
    def profile_table_name(self) -> str:
        return self.profile_table or f"{self.prefix}-profiles"

    @property
    def database(self) -> str:
        """Glue database: ``<service>_<stage>``."""
        return f"{self.service}_{self.stage}".replace("-", "_")

    @property
    def warehouse(self) -> str:
        """S3 folder of the Iceberg tables, as an s3:// address."""
        return f"s3://{self.bucket_name}/tables"
