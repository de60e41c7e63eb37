"""What the marts of people's behaviour share: which events count, their local day, their page, link and visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.pandas.types import to_arrow_type
from pyspark.sql.types import BooleanType, IntegerType, StringType, StructField, StructType

from analytics.marts.site import Site, local_day
from analytics.schema.frames import require_columns
from analytics.schema.people import PEOPLE_COLUMNS, people
from logdig.visits.devices import MOBILE_BELOW_PX, SCREENS, TABLET_BELOW_PX, WIDEST, agent_of
from logdig.visits.links import OwnHosts, link_of
from logdig.visits.pages import grouped, page_of
from logdig.visits.sources import source_of

COUNTED_COLUMNS = (
    *("app", "type", "occurred_at", "staff", "consent", "seq", "element", "x", "legacy"),
    *PEOPLE_COLUMNS,
)
"""Columns of the table events that `counted` reads."""
BUCKETS = 16
BLANK = " "
"""Stands between app and text in the keys of `of_distinct`; no app's name has one."""

BREAK = "\n"
SOURCE = ("referrer_host", "source", "medium", "campaign", "channel")
"""What is known of where a session came from."""
PAGE = ("host", "path", "page")
"""What is known of an address."""
COUNTS = ("links_out", "downloads")
READ = "read"
"""Passing column that holds what was read."""

Reading = Callable[[str, str], tuple[object, ...]]
"""Reads a text of an app into the fields of a struct."""


def counted(events: DataFrame, site: Site) -> DataFrame:
    """Take the events that count: of people, no staff, of nobody who refused to be measured.

    Input:  events: columns COUNTED_COLUMNS of table events; all other columns stay.
    Output: the same rows without bots, staff and consent.analytics = false; column day is the local day of
            occurred_at in the zone of the row's app.
    Raises: MissingColumnError, before any Spark job starts.
    Source: docs/tables.md, "page_views".
    """
    require_columns(events, COUNTED_COLUMNS)
    allowed = "NOT coalesce(staff, false) AND coalesce(consent.analytics, true)"
    # `people` keeps servers' events whatever was judged of them; a post of 2016 looks like one and is a browser's.
    bots_post = is_post() & F.expr("coalesce(bot, false)")
    return events.where(allowed).where(people()).where(~bots_post).withColumn("day", local_day(site))


def is_post() -> Column:
    """Tell whether an event is a post of 2016: neither session nor number, and coordinates beside no element."""
    return F.expr(
        "session_id IS NULL AND page_view_id IS NULL AND seq IS NULL AND type IN ('page', 'click') AND element IS NULL "
        "AND (x IS NOT NULL OR coalesce(map_contains_key(legacy, 'x'), false))"
    )


def in_order(late: Column | None = None) -> list[Column]:
    """Order inside a session: seq, events without it last, then timestamp, then event_id; as columns of a struct.

    Where the sender's time cannot be read the collector's stands for it.

    Args:
        late: Condition that moves events behind all others.
    """
    first = [] if late is None else [F.coalesce(late, F.lit(True)).alias("late")]
    time = F.coalesce("timestamp", "occurred_at").alias("time")
    return [*first, F.col("seq").isNull().alias("unnumbered"), F.col("seq"), time, F.col("event_id")]


def weight() -> Column:
    """How many events of all visitors one stands for: 1 / sample_rate."""
    return F.lit(1.0) / F.coalesce("sample_rate", F.lit(1.0))


def bucket() -> Column:
    """Sixteenth of the visitors that a row's visitor is in, 0 to 15; the same in every table."""
    return F.pmod(F.xxhash64("app", "user_key"), F.lit(BUCKETS)).cast("int").alias("bucket")


def device(width: Column) -> Column:
    """Device by the viewport's width, as `logdig.visits.devices.device_of` says it."""
    return F.when(width < MOBILE_BELOW_PX, "mobile").when(width < TABLET_BELOW_PX, "tablet").otherwise("desktop")


def screen(width: Column) -> Column:
    """Class of the viewport's width, as `logdig.visits.devices.screen_of` says it."""
    name = F.when(width.isNull(), None)
    for known, above in SCREENS:
        name = name.when(width < above, known)
    return name.otherwise(WIDEST)


def with_pages(rows: DataFrame, site: Site) -> DataFrame:
    """Add what page a row's address is: host, path (before the owner's rules) and page (after them).

    Input:  columns app and current_page; all stay but an event's struct page, whose place the page takes. An address
            that is null has neither of the three.
    """
    return _expanded(rows, _page(site), PAGE)


def with_pages_and_counts(rows: DataFrame, site: Site) -> DataFrame:
    """Add what `with_pages` adds, and how many of a row's links lead out (links_out) and to files (downloads).

    Both are read by one Python process.

    Input:  columns app, current_page and links, an array; all stay but links. Without links there is neither count.
    """
    told = {"address": _page(site), "led": _link_counts(site)}
    names = {**dict.fromkeys(PAGE, "address"), **dict.fromkeys(COUNTS, "led")}
    expanded = {name: F.col(f"{struct}.{name}") for name, struct in names.items()}
    return rows.withColumns(told).withColumns(expanded).drop("links", *told)


def _page(site: Site) -> Column:
    rules = {name: (app.allowed_query, app.pages) for name, app in site.apps.items()}
    others = (site.others.allowed_query, site.others.pages)

    def read(app: str, address: str) -> tuple[str, str, str]:
        allowed, patterns = rules.get(app, others)
        page = page_of(address, allowed)
        return page.host, page.path, grouped(page.path, patterns)

    return of_distinct(read, _texts(*PAGE))(_key(F.col("app"), F.col("current_page")))


def _link_counts(site: Site) -> Column:
    own = _own_hosts(site)
    others = OwnHosts.of(site.others.origins)

    def read(app: str, addresses: str) -> tuple[object, ...]:
        links = [link_of(address, own.get(app, others)) for address in addresses.split(BREAK)]
        return sum(link.out for link in links), sum(link.download for link in links)

    kind = StructType([StructField(name, IntegerType()) for name in COUNTS])
    # Whoever reads an address drops its line breaks.
    plain = F.transform("links", lambda link: F.translate(link, BREAK, ""))
    joined = F.when(F.size("links") > 0, F.array_join(plain, BREAK))
    return of_distinct(read, kind)(_key(F.col("app"), joined))


def with_links(rows: DataFrame, site: Site) -> DataFrame:
    """Add whether a row's link leads to a host that is not the app's (link_out), and to a file (download).

    Input:  columns app and link; all stay. A link that is null has neither.
    """
    own = _own_hosts(site)
    others = OwnHosts.of(site.others.origins)

    def read(app: str, address: str) -> tuple[object, ...]:
        return astuple(link_of(address, own.get(app, others)))

    kind = StructType([StructField("link_out", BooleanType()), StructField("download", BooleanType())])
    return _expanded(rows, of_distinct(read, kind)(_key(F.col("app"), F.col("link"))), kind.fieldNames())


def agents() -> Callable[[Column, Column], Column]:
    """Make a function of app and user agent: struct of the families of browser and system; null without an agent."""

    def read(_app: str, user_agent: str) -> tuple[object, ...]:
        return astuple(agent_of(user_agent))

    found = of_distinct(read, _texts("browser", "system"))
    return lambda app, user_agent: found(_key(app, user_agent))


def sources(site: Site) -> Callable[[Column, Column, Column], Column]:
    """Make a function of app, and address and referrer of a session's first view: struct of SOURCE.

    Where the address is null the referrer alone tells.
    """
    own = _own_hosts(site)
    others = OwnHosts.of(site.others.origins)

    def read(app: str, addresses: str) -> tuple[object, ...]:
        page, _, referrer = addresses.partition(BREAK)
        return astuple(source_of(page, referrer, own.get(app, others)))

    found = of_distinct(read, _texts(*SOURCE))

    def both(address: Column, referrer: Column) -> Column:
        # Browsers drop line breaks of addresses, and so does whoever reads them here.
        texts = (F.translate(F.coalesce(text, F.lit("")), BREAK, "") for text in (address, referrer))
        return F.concat_ws(BREAK, *texts)

    return lambda app, address, referrer: found(_key(app, both(address, referrer)))


def fits(text: Column, pattern: str) -> Column:
    """Say in SQL whether a text fits a pattern, as `logdig.visits.pages.matches` does."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return text.like(escaped.replace("*", "%"))


def of_distinct(read: Reading, kind: StructType) -> Callable[[Column], Column]:
    """Make a function over columns of keys ``<app> <text>`` that reads each distinct text once a batch.

    Functions over one batch, unlike those over all batches of a task, share a Python process when they stand in one
    projection.

    Args:
        read: Makes the fields of ``kind`` of an app and a text.
        kind: Struct that comes out; null where the key is.
    """
    names, struct = kind.fieldNames(), to_arrow_type(kind)

    def over(keys: pa.Array) -> pa.Array:
        coded = pc.dictionary_encode(keys)
        told = []
        for key in coded.dictionary.to_pylist():
            app, _, text = key.partition(BLANK)
            told.append(dict(zip(names, read(app, text), strict=True)))
        return pa.array(told, struct).take(coded.indices)

    return arrow_udf(over, kind)  # type: ignore[call-overload, no-any-return]


def _key(app: Column, text: Column) -> Column:
    return F.concat(app, F.lit(BLANK), text)


def _texts(*names: str) -> StructType:
    return StructType([StructField(name, StringType()) for name in names])


def _expanded(rows: DataFrame, struct: Column, names: Iterable[str]) -> DataFrame:
    """Add a struct's fields as columns; it is made once for all of them."""
    return rows.withColumn(READ, struct).withColumns({name: F.col(f"{READ}.{name}") for name in names}).drop(READ)


def _own_hosts(site: Site) -> Mapping[str, OwnHosts]:
    return {name: OwnHosts.of(app.origins) for name, app in site.apps.items()}
