"""Clicks and moves of the pointer, one by one; clicks per cell."""

from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, TIME, YES_NO, Column, ListOf, MapOf, StructOf, Table
from logdig.tables.events import EVENTS

PLACE = (
    Column("session_id", TEXT, "visit; null for events of a server; posts of 2016 are given one, as in `sessions`"),
    Column("page_view_id", TEXT, "one view of one page"),
    Column("user_key", TEXT, "visitor", person="user_key"),
    Column("host", TEXT, "host of the page, in lower case"),
    Column("page", TEXT, "the page, or the owner's name for its group"),
    Column("path", TEXT, "the page before the owner's groups"),
    Column("release", TEXT, "`page_version`; one that begins with `~` is a fingerprint and no release"),
)
"""Where something happened."""
CIRCUMSTANCES = (
    Column("country", TEXT, "of the visitor, where the endpoint knows it"),
    Column("experiments", MapOf(TEXT), "variant by experiment"),
    Column("weight", REAL, "1 / `sample_rate`; 1 where nothing is sampled"),
    Column("bucket", INT, "0 to 15, the same for all rows of a visitor: one of them is a sixteenth of the visitors"),
)
"""What rows are filtered by and added up with."""
FILTERS = ("page", "host", "release", "device", "country", "experiment")

CLICKS = Table(
    name="clicks",
    meaning="Every click of a person, once, with what followed it.",
    grain="click",
    keys=("app", "event_id"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    version=2,
    reach="session",
    filters=FILTERS,
    notes=(
        "Bots, staff and people who do not want to be measured are left out.",
        "Order inside a page view: `seq`, `timestamp`, `event_id`, clicks without `seq` last; `timestamp` measures.",
        "A burst is a longest run of at least 3 clicks of a page view in which any three neighbours lie within "
        "1,000 ms and 30 px; clicks without `after` are in none. Its clicks are those with its number in `burst` or "
        "in `ended_burst`; its element is that of the first.",
    ),
    columns=(
        Column("app", TEXT, "app"),
        Column("day", DAY, "day in the app's time zone"),
        Column("event_id", TEXT, "as in `events`"),
        Column("occurred_at", TIME, "when, by the collector's clock"),
        Column("timestamp", TIME, "when, by the sender's clock"),
        Column("seq", LONG, "place within the session"),
        *PLACE,
        Column("device", TEXT, "`mobile` (viewport below 768 px), `tablet` (below 1024 px), else `desktop`"),
        *CIRCUMSTANCES,
        Column("x", LONG, "from the page's left edge, rounded down", unit="page px"),
        Column("y", LONG, "from the page's top, rounded down", unit="page px"),
        Column("vw", REAL, "viewport's width", unit="px"),
        Column("vh", REAL, "viewport's height", unit="px"),
        Column("sx", REAL, "scrolled from the left", unit="px"),
        Column("sy", REAL, "scrolled from the top", unit="px"),
        Column("selector", TEXT, "finds the element; null where it is not known"),
        Column("tag", TEXT, "the element's name"),
        Column("ex", INT, "place inside the element from the left, in 1/32767 of its box"),
        Column("ey", INT, "likewise from the top"),
        Column("w", REAL, "the element's width", unit="px"),
        Column("h", REAL, "the element's height", unit="px"),
        Column("fixed", YES_NO, "whether the element stays when scrolling"),
        Column("link", TEXT, "address that was clicked"),
        Column("link_out", YES_NO, "whether `link` leads to a host that is not the app's"),
        Column("download", YES_NO, "whether `link` ends like a file to keep, as `.pdf` or `.zip`"),
        next(column for column in EVENTS.columns if column.name == "after"),
        Column(
            "dead",
            YES_NO,
            "watched for at least 2,500 ms, and none of the five effects came; null where `after` is missing",
        ),
        Column("burst", INT, "number within the page view, from 1, of the burst that the click is in; null = none"),
        Column(
            "ended_burst", INT, "of the burst that ends with the click where the same click begins `burst`; else null"
        ),
    ),
)

MOVES = Table(
    name="moves",
    meaning="Where the pointer of people was, on sites that follow it.",
    grain="move event and element",
    keys=("app", "event_id", "selector"),
    partitions=("app", "day"),
    ages_by="day",
    zone="raw",
    version=2,
    filters=FILTERS,
    notes=(
        "Bots, staff and people who do not want to be measured are left out.",
        "How long the pointer stayed is the time to the next point of the page view, whatever its element.",
    ),
    columns=(
        Column("app", TEXT, "app"),
        Column("day", DAY, "day in the app's time zone"),
        Column("event_id", TEXT, "as in `events`"),
        Column("occurred_at", TIME, "when the points were sent, by the collector's clock"),
        Column("seq", LONG, "place within the session"),
        *PLACE,
        Column("device", TEXT, "`mobile` (viewport below 768 px), `tablet` (below 1024 px), else `desktop`"),
        *CIRCUMSTANCES,
        Column("selector", TEXT, "finds the element; null where it is not known"),
        Column(
            "points",
            ListOf(
                StructOf(
                    (
                        Column("ex", INT, "place inside the element from the left, in 1/32767 of its box"),
                        Column("ey", INT, "likewise from the top"),
                        Column("ms", LONG, "since the page view began", unit="ms"),
                    )
                )
            ),
            "in the order in which they were recorded",
        ),
    ),
)
