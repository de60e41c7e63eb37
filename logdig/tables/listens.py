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
    version=1,
    filters=("customer", "track"),
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
