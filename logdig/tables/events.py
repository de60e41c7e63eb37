"""Events and what was rejected: the tables that `ingest` fills."""

from logdig.tables.declaration import DAY, INT, LONG, REAL, TEXT, TIME, YES_NO, Column, ListOf, MapOf, StructOf, Table

EVENTS = Table(
    name="events",
    meaning="Every accepted event, once.",
    grain="event",
    keys=("app", "event_id"),
    partitions=("app", "day", "skewed"),
    ordered_by="occurred_at",
    ages_by="received_at",
    zone="raw",
    # Older code notes neither what it has read nor what it has touched.
    schema=2,
    notes=("The fields of an event are explained in [api.md](api.md).",),
    columns=(
        Column("received_at", TIME, "when the collector had it"),
        Column("occurred_at", TIME, "when it happened, by the collector's clock"),
        Column(
            "timestamp",
            TIME,
            "when it happened, by the sender's clock; null where Spark cannot read the sender's form of time",
        ),
        Column("app", TEXT, "app whose token came with it; never null"),
        Column("event_id", TEXT, "id made by the sender; unique within the app; never null"),
        Column(
            "type",
            TEXT,
            "`page`, `click`, `submit`, `scroll`, `move`, `listen`, `ad`, `custom` or `identify`; never null",
        ),
        Column("seq", LONG, "place within the session"),
        Column("user_key", TEXT, "visitor: one browser", person="user_key"),
        Column("customer_id", TEXT, "known customer", person="customer_id"),
        Column("session_id", TEXT, "visit; null for events of a server"),
        Column("page_view_id", TEXT, "one view of one page"),
        Column("current_page", TEXT, "address of the page"),
        Column("link", TEXT, "address that was clicked or led here"),
        Column("x", LONG, "from the page's left edge, rounded down", unit="page px"),
        Column("y", LONG, "from the page's top, rounded down", unit="page px"),
        Column("spent_milli_sec", LONG, "since the page view began", unit="ms"),
        Column("load_count", LONG, "page views since the visitor's first"),
        Column("user_agent", TEXT, "of the request's header, or the person's that a signed sender names"),
        Column("token", TEXT, "the app's public token"),
        Column("tz_min", INT, "east of UTC, where the visitor is", unit="min"),
        Column(
            "consent",
            StructOf(
                (
                    Column("analytics", YES_NO, "the person agreed to be measured"),
                    Column("ads", YES_NO, "the person agreed to ads"),
                )
            ),
            "what the person agreed to",
        ),
        Column(
            "view",
            StructOf(
                (
                    Column("vw", REAL, "viewport's width", unit="px"),
                    Column("vh", REAL, "viewport's height", unit="px"),
                    Column("dw", REAL, "document's width", unit="px"),
                    Column("dh", REAL, "document's height", unit="px"),
                    Column("sx", REAL, "scrolled from the left", unit="px"),
                    Column("sy", REAL, "scrolled from the top", unit="px"),
                    Column("dpr", REAL, "device pixel ratio"),
                )
            ),
            "of the browser, in CSS px",
        ),
        Column(
            "element",
            StructOf(
                (
                    Column("selector", TEXT, "finds the element"),
                    Column("tag", TEXT, "its name"),
                    Column("ex", INT, "place inside it from the left, in 1/32767 of its box"),
                    Column("ey", INT, "likewise from the top"),
                    Column("w", REAL, "its width", unit="px"),
                    Column("h", REAL, "its height", unit="px"),
                    Column("fixed", YES_NO, "whether it stays when scrolling"),
                )
            ),
            "of a click or submit",
        ),
        Column(
            "after",
            StructOf(
                (
                    Column("mutation_ms", INT, "until the page changed; null = it did not", unit="ms"),
                    Column("scroll_ms", INT, "until it was scrolled; null = it was not", unit="ms"),
                    Column("navigated_ms", INT, "until the page was left; null = it was not", unit="ms"),
                    Column(
                        "hidden_ms", INT, "until the window lost focus; 0 of a link that opens elsewhere", unit="ms"
                    ),
                    Column("input_ms", INT, "until a field, the selection or the clipboard changed", unit="ms"),
                    Column("watched_ms", INT, "how long this was watched; null of older trackers", unit="ms"),
                )
            ),
            "of a click: what followed",
        ),
        Column(
            "page",
            StructOf(
                (
                    Column("referrer", TEXT, "address of the page before"),
                    Column("title", TEXT, "title"),
                    Column("language", TEXT, "language"),
                )
            ),
            "of a page view",
        ),
        Column(
            "scroll",
            StructOf(
                (
                    Column("depth_px", REAL, "how far down the page view got", unit="px"),
                    Column("depth_share", REAL, "the same as a share of the document", unit="0 to 1"),
                    Column("engaged_ms", LONG, "time in use so far", unit="ms"),
                )
            ),
            "totals of the page view so far",
        ),
        Column(
            "move",
            StructOf(
                (
                    Column("anchors", ListOf(TEXT), "selectors"),
                    Column(
                        "points", ListOf(ListOf(LONG)), "index into anchors or -1, ex, ey, ms since the page view began"
                    ),
                )
            ),
            "sampled moves of the pointer",
        ),
        Column(
            "listen",
            StructOf(
                (
                    Column("track_id", TEXT, "track"),
                    Column("mobile", YES_NO, "on a mobile device"),
                    Column("zip", TEXT, "where it was heard"),
                    Column("listened_ms", LONG, "how long", unit="ms"),
                )
            ),
            "of a listen",
        ),
        Column(
            "ad",
            StructOf(
                (
                    Column("name", TEXT, "ad"),
                    Column("action", TEXT, "view, click or dismiss"),
                    Column("decision_id", TEXT, "decision that showed it"),
                    Column("placement", TEXT, "spot where it showed"),
                )
            ),
            "of an ad",
        ),
        Column(
            "custom",
            StructOf(
                (
                    Column("name", TEXT, "the site's own name"),
                    Column("props", MapOf(TEXT), "values as text: `1.5` for a number, `true` for a boolean"),
                )
            ),
            "of a custom event",
        ),
        Column("page_version", TEXT, "the site's own version of the page"),
        Column("experiments", MapOf(TEXT), "variant by experiment"),
        Column("sample_rate", REAL, "share of visitors that are recorded, above 0 to 1", unit="0 to 1"),
        Column("staff", YES_NO, "the site's own people"),
        Column("bot", YES_NO, "a browser's: known crawlers, by user agent; a signed sender's: as it says, else false"),
        Column("signed", YES_NO, "true = a server signed it; null = a browser's, or stored before this column"),
        Column("country", TEXT, "of the visitor, where the endpoint knows it"),
        Column("region", TEXT, "likewise"),
        Column("ip", TEXT, "the sender's network, /24 or /48, where the app keeps it; else null"),
        Column("pack_id", TEXT, "message that brought it"),
        Column("legacy", MapOf(TEXT), "of a log of 2016: texts that are no numbers, by field"),
        Column("day", DAY, "UTC day of `occurred_at`; never null"),
        Column("line_hash", LONG, "xxhash64 of the stored line"),
        Column(
            "skewed",
            YES_NO,
            "true = `occurred_at` and `timestamp` are more than 30 minutes apart, or `timestamp` is null; "
            "null = they are not, and the row was stored before this column",
        ),
        Column(
            "text_props",
            ListOf(TEXT),
            "names of `custom.props` whose values are texts, no numbers or booleans; null = not a custom event with "
            "props, or stored before this column",
        ),
    ),
)

BAD_EVENTS = Table(
    name="bad_events",
    meaning="Every rejected event, and every stored line that could not be read.",
    grain="rejected event or unreadable line",
    keys=("bad_id",),
    partitions=("day",),
    ages_by="received_at",
    zone="bad",
    columns=(
        Column("received_at", TIME, "when the collector had it; 1970-01-01 where a line does not tell"),
        Column("bad_id", TEXT, "its id; never null"),
        Column("app", TEXT, "null when a whole message could not be read"),
        Column(
            "errors",
            ListOf(
                StructOf(
                    (
                        Column("field", TEXT, "empty where the fault is the whole event's"),
                        Column("reason", TEXT, "why"),
                    )
                )
            ),
            "what was wrong",
        ),
        Column("text", TEXT, "as it came, at most 16 KiB of it", person="text"),
        Column("bytes", LONG, "size of the whole", unit="bytes"),
        Column("sha256", TEXT, "digest of the whole, hexadecimal"),
        Column("truncated", YES_NO, "whether `text` is cut"),
        Column("pack_id", TEXT, "message that brought it"),
        Column("day", DAY, "UTC day of `received_at`"),
        Column("line_hash", LONG, "xxhash64 of the stored line"),
        Column("object", TEXT, "key of the object with the line that could not be read; else null"),
        Column("line", LONG, "its number in that object, from 1; else null"),
    ),
)
