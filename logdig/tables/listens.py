"""Listens, and the tracks that they are of."""

from logdig.tables.declaration import DAY, INT, LONG, TEXT, TIME, YES_NO, Column, Table

LISTENS = Table(
    name="listens",
    meaning="Every listen, once, with the hour where the visitor was.",
    grain="listen",
    keys=("app", "event_id"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    schema=2,
    version=2,
    filters=("customer", "track", "state", "day_part", "mobile"),
    notes=("Bots, staff and people who do not want to be measured are left out.",),
    columns=(
        Column("app", TEXT, "app"),
        Column("event_id", TEXT, "as in `events`"),
        Column("customer_id", TEXT, "known customer", person="customer_id"),
        Column("user_key", TEXT, "visitor", person="user_key"),
        Column("track_id", TEXT, "as in `tracks`"),
        Column("occurred_at", TIME, "when"),
        Column("tz_min", INT, "east of UTC, where the visitor is", unit="min"),
        Column(
            "local_hour", INT, "0 to 23, of `occurred_at` + `tz_min`; of UTC where `tz_min` is unknown", unit="hour"
        ),
        Column(
            "day_part",
            TEXT,
            "by `local_hour`: `morning` 5 to 11, `afternoon` 12 to 16, `evening` 17 to 21, `night` 22 to 4",
        ),
        Column("mobile", YES_NO, "on a mobile device"),
        Column("zip", TEXT, "where it was heard"),
        Column("listened_ms", LONG, "how long", unit="ms"),
        Column("ads_consent", YES_NO, "whether it may be used for ads; never null"),
        Column("day", DAY, "day in the app's time zone"),
        Column("state", TEXT, "US state of `zip` by its first three digits; null = no zip of 5 digits, or none has it"),
    ),
)

LIVE_STATS = Table(
    name="live_stats",
    meaning="What happened in each five minutes, in all and by region.",
    grain="app, five minutes and group",
    keys=("app", "slot_at", "kind", "region"),
    partitions=("app", "day"),
    ages_by="day",
    version=1,
    filters=("region",),
    notes=(
        "Bots, staff and people who do not want to be measured are left out.",
        "Numbers of people cannot be added up over slots or regions; those of views and listens can.",
    ),
    columns=(
        Column("app", TEXT, "app"),
        Column("day", DAY, "day in the app's time zone on which the slot begins"),
        Column("slot_at", TIME, "when the five minutes begin; they end before the next begin"),
        Column("kind", TEXT, "`all` or `region`"),
        Column(
            "region",
            TEXT,
            "such as `US-CA`: of a listen's zip, else as the endpoint knows it; empty = unknown, or `all`",
        ),
        Column("visitors", LONG, "visitors with any event"),
        Column("views", LONG, "page views with a page event in the slot"),
        Column("listens", LONG, "listens"),
        Column("listeners", LONG, "customers, or visitors where no customer is known, who listened"),
        Column("mobile", LONG, "listens on a mobile device"),
        Column("unknown_device", LONG, "listens that do not say whether they were"),
    ),
)

INTERESTS = Table(
    name="interests",
    meaning="Tracks that a customer heard three times within 30 minutes.",
    grain="customer and track",
    keys=("app", "customer_id", "track_id"),
    filters=("customer", "track"),
    notes=(
        "The time between the first and the third listen is at most 30:00.",
        "Only listens that may be used for ads, of known customers.",
    ),
    columns=(
        Column("app", TEXT, "app"),
        Column("customer_id", TEXT, "customer", person="customer_id"),
        Column("track_id", TEXT, "as in `tracks`"),
        Column("first_at", TIME, "third listen of the first time"),
        Column("last_at", TIME, "third, or later, listen of the last time"),
    ),
)

TRACKS = Table(
    name="tracks",
    meaning="Loaded tracks.",
    grain="track",
    keys=("app", "track_id"),
    columns=(
        Column("app", TEXT, "app; never null"),
        Column("track_id", TEXT, "id; never null"),
        Column("title", TEXT, "title"),
        Column("artist", TEXT, "artist"),
        Column("length_seconds", INT, "length", unit="s"),
        Column("loaded_at", TIME, "when the winning line was loaded"),
    ),
)
