"""Visitors over all time, and who was there a day: people, staff, bots."""

from logdig.tables.declaration import DAY, REAL, TEXT, TIME, Column, ListOf, Table

VISITORS = Table(
    name="visitors",
    meaning="Every visitor, once, with what is known over all time.",
    grain="visitor",
    keys=("app", "user_key"),
    partitions=("app",),
    ages_by="last_seen",
    zone="raw",
    version=2,
    filters=("source", "medium", "campaign", "channel", "customer"),
    notes=(
        "Bots, staff and people who do not want to be measured are left out.",
        "The source is that of the visitor's first session that did not come directly; of a visitor who always came "
        "directly, that of the first session; of one without a session there is none.",
        "What rows of days tell that have expired since stays: first_seen, the source, customers.",
    ),
    columns=(
        Column("app", TEXT, "app; never null"),
        Column("user_key", TEXT, "visitor; never null", person="user_key"),
        Column("first_seen", TIME, "when the first event happened"),
        Column("last_seen", TIME, "when the last event happened"),
        Column("source_at", TIME, "when the session began that the source is of"),
        Column("source", TEXT, "as in `sessions`"),
        Column("medium", TEXT, "as in `sessions`"),
        Column("campaign", TEXT, "as in `sessions`"),
        Column("channel", TEXT, "as in `sessions`"),
        Column("customer_ids", ListOf(TEXT), "customers that events name, sorted", person="customer_id"),
    ),
)

VISITOR_DAYS = Table(
    name="visitor_days",
    meaning="Every visitor of a day.",
    grain="visitor and day",
    keys=("app", "day", "user_key"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    version=1,
    filters=("customer",),
    notes=("Bots, staff and people who do not want to be measured are left out.",),
    columns=(
        Column("app", TEXT, "app; never null"),
        Column("day", DAY, "day in the app's time zone"),
        Column("user_key", TEXT, "visitor; never null", person="user_key"),
        Column("first_seen", TIME, "when the day's first event happened"),
        Column("last_seen", TIME, "when the day's last event happened"),
        Column("customer_ids", ListOf(TEXT), "customers that the day's events name, sorted", person="customer_id"),
    ),
)

TRAFFIC = Table(
    name="traffic",
    meaning="How much people, staff and bots did, by day.",
    grain="app, day, kind and AI crawler",
    keys=("app", "day", "kind", "crawler"),
    partitions=("app", "day"),
    ages_by="day",
    version=2,
    notes=(
        "People are those who agree to be measured, weighted by 1 / `sample_rate`; staff and bots are counted.",
        "Who is both staff and bot is a bot. Visitors cannot be added up over days.",
    ),
    columns=(
        Column("app", TEXT, "app"),
        Column("day", DAY, "day in the app's time zone"),
        Column("kind", TEXT, "`people`, `staff` or `bots`"),
        Column("crawler", TEXT, "name of the AI crawler; null for other bots, people and staff"),
        Column("events", REAL, "events"),
        Column("views", REAL, "page views with a page event on the day"),
        Column("visitors", REAL, "visitors"),
    ),
)
