"""Page views, sessions, and the goals that were reached."""

from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, TIME, YES_NO, Column, ListOf, MapOf, Table

APP, BUCKET = (
    Column("app", TEXT, "app"),
    Column("bucket", INT, "hash of app and visitor, 0 to 15, to read a share of the visitors"),
)
VISITOR = Column("user_key", TEXT, "visitor", person="user_key")
SESSION = Column(
    "session_id", TEXT, "session; of 2016 posts made of app, visitor and first post; null = a server's, in no session"
)
ORIGIN = (
    Column("source", TEXT, "`utm_source` or the referrer's host of the session's first view, `(direct)` without"),
    Column("medium", TEXT, "`utm_medium`, or `organic`, `referral` or `(none)`"),
    Column("campaign", TEXT, "`utm_campaign`"),
    Column("channel", TEXT, "channel by Google Analytics' published rules, and `AI Assistants`"),
)
DEVICE = (
    Column(
        "device", TEXT, "`mobile` (viewport below 768 px), `tablet` (below 1024 px), else or where unknown `desktop`"
    ),
    Column(
        "screen",
        TEXT,
        "viewport's width: `small` (below 576 px), `medium` (below 992 px), `large` (below 1440 px), `very large`; "
        "null = unknown",
    ),
    Column("browser", TEXT, "family of the browser, `Other` = not recognised; null = no user agent"),
    Column("system", TEXT, "family of the operating system, likewise"),
)
PLACE = (
    Column("country", TEXT, "where the endpoint knows it"),
    Column("region", TEXT, "likewise"),
    Column("language", TEXT, "as the browser said"),
)
EXPERIMENTS = Column("experiments", MapOf(TEXT), "variant by experiment; of several the first that the session had")
SESSION_FILTERS = ("source", "medium", "campaign", "channel", "device", "screen", "browser", "system")
PLACE_FILTERS = ("country", "region", "language", "host", "entry_page", "experiment")

PAGE_VIEWS = Table(
    name="page_views",
    meaning="Every view of a page.",
    grain="view of a page",
    keys=("app", "day", "session_id", "page_view_id"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    version=2,
    reach="session",
    filters=(*SESSION_FILTERS, *PLACE_FILTERS, "page", "release"),
    notes=(
        "A view is a distinct `page_view_id` of a session with a page event; a server's page event without session or "
        "`page_view_id` is a view of its own.",
        "Rows with `viewed` = false are no views: their page event never came, only their time and depth are known.",
        "Source, device, place and `entry_page` are those of the session's first view.",
        "Counted are people's events: no bots, no staff, nobody who refused to be measured.",
    ),
    columns=(
        APP,
        Column("day", DAY, "local day of the app on which the view began"),
        SESSION,
        Column("page_view_id", TEXT, "view; of an event without one its `event_id`; never null"),
        VISITOR,
        Column("occurred_at", TIME, "when it began, by the collector's clock"),
        Column("timestamp", TIME, "likewise, by the sender's clock, which measures inside a session"),
        Column("viewed", YES_NO, "true = a view; false = its page event never came"),
        Column("place", INT, "place among the views of its session, from 1; null = no view of a session"),
        Column("page", TEXT, "page, after the owner's rules"),
        Column("path", TEXT, "page, before the owner's rules"),
        Column("host", TEXT, "host of the page, in lower case, with its port"),
        Column("title", TEXT, "title"),
        Column("engaged_ms", LONG, "time in use: greatest running total; null = none came", unit="ms"),
        Column("depth_share", REAL, "how far down it was seen, as a share; null = no scroll event", unit="0 to 1"),
        Column("depth_px", REAL, "likewise", unit="px"),
        Column("entry", YES_NO, "first view of its session"),
        Column("exit", YES_NO, "last view of its session"),
        Column("previous_page", TEXT, "page of the view before, in the session"),
        Column("next_page", TEXT, "page of the view after, in the session"),
        Column("entry_page", TEXT, "page of the session's first view"),
        *ORIGIN,
        *DEVICE,
        *PLACE,
        Column("vw", REAL, "viewport's width", unit="px"),
        Column("vh", REAL, "viewport's height, the fold", unit="px"),
        Column("release", TEXT, "`page_version`; one that begins with `~` is a fingerprint, no release"),
        EXPERIMENTS,
        Column("weight", REAL, "1 / sample rate, the greatest of its events"),
        BUCKET,
    ),
)

SESSIONS = Table(
    name="sessions",
    meaning="Every session, by day.",
    grain="session and local day on which it has a view",
    keys=("app", "day", "session_id"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    version=2,
    reach="session",
    filters=(*SESSION_FILTERS, *PLACE_FILTERS, "exit_page", "goal", "customer"),
    notes=(
        "Sessions and entries are rows that are not `continued`, exits rows that do not `continue`.",
        "`views`, `engaged_ms`, `links_out` and `downloads` are of the row's day, all else is of the session.",
        "2016 posts: a visitor's posts until 30 minutes of silence, cut at midnight.",
        "Counted are people's events: no bots, no staff, nobody who refused to be measured.",
    ),
    columns=(
        APP,
        Column("day", DAY, "local day of the app"),
        SESSION,
        VISITOR,
        Column("seq", INT, "place among the rows of its session, from 1"),
        Column("continued", YES_NO, "another row of the session comes before"),
        Column("continues", YES_NO, "another row of the session comes after"),
        Column("began_at", TIME, "when the row's first view began, by the collector's clock"),
        Column("ended_at", TIME, "when the latest event of the row's views happened, likewise"),
        Column("entry_page", TEXT, "page of the session's first view"),
        Column("exit_page", TEXT, "page of the session's last view"),
        Column("host", TEXT, "host of the session's first view"),
        Column("views", INT, "views that began on the day, at least 1"),
        Column("engaged_ms", LONG, "time in use of the page views that began on the day", unit="ms"),
        Column("bounce", YES_NO, "one view, under 10 s in use, no goal, one row; of 2016 posts: one view"),
        Column("referrer_host", TEXT, "host that led to the first view, without `www.`; null = none or the app's own"),
        *ORIGIN,
        Column("links_out", INT, "clicks on links to hosts that are not the app's, in the day's page views"),
        Column("downloads", INT, "clicks on links to files, likewise"),
        *DEVICE,
        *PLACE,
        EXPERIMENTS,
        Column("goals", ListOf(TEXT), "goals that the session reached, in the alphabet's order"),
        Column(
            "customer_ids", ListOf(TEXT), "customers that the session's events name, likewise", person="customer_id"
        ),
        Column("weight", REAL, "1 / sample rate, the greatest of its events"),
        BUCKET,
    ),
)

CONVERSIONS = Table(
    name="conversions",
    meaning="Every goal that was reached (docs/goals.md).",
    grain="goal reached: once a session or each time, as the goal says; without a session each time",
    keys=("app", "day", "goal", "event_id"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    version=2,
    reach="session",
    filters=(*SESSION_FILTERS, *PLACE_FILTERS, "page", "goal", "customer"),
    notes=(
        "Source, device, place and `entry_page` are those of the session's first view; without one, source and "
        "`entry_page` are null and the others are the event's own.",
        "Counted are people's events: no bots, no staff, nobody who refused to be measured.",
    ),
    columns=(
        APP,
        Column("day", DAY, "local day of the app on which it was reached"),
        Column("goal", TEXT, "name of the goal"),
        Column("event_id", TEXT, "event that reached it"),
        Column("occurred_at", TIME, "when, by the collector's clock"),
        SESSION,
        Column("page_view_id", TEXT, "view in which it was reached; null where the event has none"),
        VISITOR,
        Column("customer_id", TEXT, "customer that the event names", person="customer_id"),
        Column("value", REAL, "the goal's value, or the number in the property that it names; null = none"),
        Column("page", TEXT, "page on which it was reached, after the owner's rules"),
        Column("path", TEXT, "likewise, before the owner's rules"),
        Column("host", TEXT, "host of that page"),
        Column("entry_page", TEXT, "page of the session's first view"),
        *ORIGIN,
        *DEVICE,
        *PLACE,
        EXPERIMENTS,
        Column("weight", REAL, "1 / sample rate of the event"),
        BUCKET,
    ),
)
