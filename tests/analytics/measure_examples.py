"""The examples of docs/measures.md: what happened, and what the tables must say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from analytics.marts.site import AppRules
from logdig.config.goals import GoalSettings

Event = dict[str, Any]
Rows = list[dict[str, Any]]

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
GPTBOT = "Mozilla/5.0 (compatible; GPTBot/1.0; +https://openai.com/gptbot)"
NOTHING = dict.fromkeys(("mutation_ms", "scroll_ms", "navigated_ms", "hidden_ms", "input_ms")) | {"watched_ms": 2500}
SHOP = "https://shop.example"


@dataclass(frozen=True)
class Found:
    """Rows of an example's tables, in the order in which they happened."""

    clicks: Rows = field(default_factory=list)
    page_views: Rows = field(default_factory=list)
    sessions: Rows = field(default_factory=list)
    conversions: Rows = field(default_factory=list)
    traffic: Rows = field(default_factory=list)
    visitors: Rows = field(default_factory=list)


@dataclass(frozen=True)
class Example:
    """Events of one app, a question to its tables, and the answer as the page gives it."""

    events: list[Event]
    question: Callable[[Found], object]
    answer: object
    goals: tuple[GoalSettings, ...] = ()


def event(kind: str, at: str, session: str | None = "s1", page_view: str | None = "v1", **fields: Any) -> Event:
    """Make an event of 2026-11-24, or of the day before the time, such as ``23T23:50:00.000``."""
    moment = f"2026-11-{at if 'T' in at else f'24T{at}'}Z"
    known = {
        "type": kind, "occurred_at": moment, "timestamp": moment, "received_at": "2026-12-01T00:00:00.000Z",
        "session_id": session, "page_view_id": page_view, "user_key": "u1", "current_page": f"{SHOP}/a",
        "consent": {"analytics": True, "ads": False}, "pack_id": "p",
    }  # fmt: skip
    return known | ({"x": 0, "y": 0, "after": NOTHING} if kind == "click" else {}) | fields


def page(at: str, path: str, page_view: str, **fields: Any) -> Event:
    return event("page", at, page_view=page_view, **{"current_page": f"{SHOP}{path}"} | fields)


def served(kind: str, at: str, **fields: Any) -> Event:
    """Make an event of a server that signs."""
    return event(kind, at, None, None, signed=True, **fields)


def post(at: str) -> Event:
    """Make a view as it was sent in 2016."""
    return event("page", at, None, None, x=0, y=0)


def scroll(at: str, page_view: str, engaged_ms: int, **fields: Any) -> Event:
    depth = {"depth_px": 1, "depth_share": 0.3, "engaged_ms": engaged_ms}
    return event("scroll", at, page_view=page_view, scroll=depth, **fields)


def own(at: str, name: str, **props: Any) -> Event:
    return event("custom", at, custom={"name": name, "props": props})


def clicked(page_view: str, *places: tuple[str, int], **fields: Any) -> list[Event]:
    """Make clicks of one page view by time and x."""
    return [
        event("click", f"12:00:{at}", page_view=page_view, seq=seq, **{"x": x} | fields)
        for seq, (at, x) in enumerate(places)
    ]


def linked(at: str, link: str) -> Event:
    return event("click", at, link=link)


def each(rows: Rows, *names: str) -> list[Any]:
    """Take columns of rows: single values, or tuples of several."""
    return [row[names[0]] if len(names) == 1 else tuple(row[name] for name in names) for row in rows]


def came(at: str, session: str, query: str = "", referrer: str | None = None) -> Event:
    return page(at, f"/a{query}", session, session=session, page={"referrer": referrer})


TWO_DAYS = [page("23T23:50:00.000", "/a", "v1"), page("24T00:10:00.000", "/b", "v2")]
LATE = [*TWO_DAYS, page("24T00:15:00.000", "/b", "v9", session="s2", user_key="u2")]
ONCE, EACH = (
    GoalSettings(f"order {count}", event="order", value_property="price", count=count) for count in ("session", "each")
)
SIZE = GoalSettings("size 1", event="sized", where={"size": 1.0})
RATE = {"sample_rate": 0.25}

EXAMPLES: dict[str, Example] = {
    "Counted events": Example(
        [
            event("click", "12:00:00.000"),
            event("click", "12:00:01.000", bot=True, user_agent=GOOGLEBOT),
            event("click", "12:00:02.000", staff=True),
            event("click", "12:00:03.000", consent={"analytics": False, "ads": False}),
            served("click", "12:00:04.000", user_agent=GOOGLEBOT, bot=False),
        ],
        lambda found: len(found.clicks),
        2,
    ),
    "Order": Example(
        [
            page("12:00:00.000", "/A", "v1", seq=2),
            page("12:00:05.000", "/B", "v2", seq=1),
            page("11:59:00.000", "/C", "v3"),
        ],
        lambda found: each(found.page_views, "page"),
        ["/B", "/A", "/C"],
    ),
    "Weight": Example(
        [event("click", "12:00:00.000", **RATE), event("click", "12:00:01.000", **RATE)],
        lambda found: each(found.traffic, "events", "visitors"),
        [(8.0, 4.0)],
    ),
    "Visitor": Example(
        [
            event("click", "23T12:00:00.000"),
            event("click", "12:00:00.000"),
            event("click", "12:01:00.000", user_key="u2"),
        ],
        lambda found: (len(set(each(found.clicks, "user_key"))), len(found.visitors)),
        (2, 2),
    ),
    "Page": Example(
        [
            page(
                "12:00:00.000",
                "",
                "v1",
                current_page="https://Shop.example/product/7/index.html?utm_source=x&z=1&q=b",
            )
        ],
        lambda found: each(found.page_views, "host", "path", "page"),
        [("shop.example", "/product/7/?q=b", "/product/*")],
    ),
    "View": Example(
        [page("12:00:00.000", "/a", "v1"), page("12:00:01.000", "/a", "v1"), served("page", "12:00:02.000")],
        lambda found: sum(each(found.page_views, "viewed")),
        2,
    ),
    "Session": Example(
        [*TWO_DAYS, post("10:00:00.000"), post("10:29:59.999"), post("10:59:59.999")],
        lambda found: [
            sum(not row["continued"] and (row["session_id"] == "s1") is tracked for row in found.sessions)
            for tracked in (True, False)
        ],
        [1, 2],
    ),
    "Rows of a session": Example(
        TWO_DAYS,
        lambda found: each(found.sessions, "seq", "continued", "continues"),
        [(1, False, True), (2, True, False)],
    ),
    "Entry and exit page": Example(
        [page("12:00:00.000", "/A", "v1"), page("12:00:01.000", "/B", "v2"), page("12:00:02.000", "/C", "v3")],
        lambda found: each(found.sessions, "entry_page", "exit_page"),
        [("/A", "/C")],
    ),
    "Bounce": Example(
        [
            page("12:00:00.000", "/a", "v1"),
            scroll("12:00:30.000", "v1", 9_999),
            page("12:01:00.000", "/a", "v2", session="s2"),
            scroll("12:01:30.000", "v2", 10_000, session="s2"),
        ],
        lambda found: each(found.sessions, "bounce"),
        [True, False],
    ),
    "Engaged time": Example(
        [
            page("12:00:00.000", "/a", "v1"),
            *(scroll(f"12:00:0{n}.000", "v1", total) for n, total in ((3, 3_000), (8, 8_000), (9, 5_000))),
            scroll("12:01:00.000", "v2", 2_000),
        ],
        lambda found: each(found.sessions, "engaged_ms"),
        [10_000],
    ),
    "Scroll": Example(
        [
            page("12:00:00.000", "/a", "v1", view={"vh": 700}),
            scroll("12:00:01.000", "v1", 1_000),
            page("12:00:02.000", "/a", "v2", view={"vh": 900}),
        ],
        lambda found: each(found.page_views, "depth_share", "vh"),
        [(0.3, 700.0), (None, 900.0)],
    ),
    "Quick return": Example(
        [page("12:00:00.000", "/A", "v1"), page("12:00:05.000", "/B", "v2"), page("12:00:15.000", "/A", "v3")],
        lambda found: (
            each(found.page_views, "place", "page"),
            (found.page_views[2]["timestamp"] - found.page_views[1]["timestamp"]).total_seconds(),
        ),
        ([(1, "/A"), (2, "/B"), (3, "/A")], 10.0),
    ),
    "Source, medium, campaign and channel": Example(
        [
            came("12:00:00.000", "s1", "?utm_source=Newsletter&utm_medium=email&utm_campaign=May"),
            came("12:01:00.000", "s2", referrer="https://www.google.co.kr/"),
            came("12:02:00.000", "s3", referrer="https://chatgpt.com/"),
            came("12:03:00.000", "s4", referrer=f"{SHOP}/b"),
        ],
        lambda found: each(found.sessions, "source", "medium", "campaign", "channel"),
        [
            ("newsletter", "email", "May", "Email"),
            ("google.co.kr", "organic", None, "Organic Search"),
            ("chatgpt.com", "referral", None, "AI Assistants"),
            ("(direct)", "(none)", None, "Direct"),
        ],
    ),
    "Goal": Example(
        [
            page("12:00:00.000", "/a", "v1"),
            own("12:00:01.000", "order", price=10),
            own("12:00:02.000", "order", price="20"),
        ],
        lambda found: sorted(each(found.conversions, "goal", "value"), key=str),
        [("order each", 10.0), ("order each", None), ("order session", 10.0)],
        (ONCE, EACH),
    ),
    "Source of a conversion": Example(
        [
            came("12:00:00.000", "s1", referrer="https://duckduckgo.com/"),
            own("12:00:01.000", "order"),
            served("custom", "12:00:02.000", custom={"name": "order", "props": {}}),
        ],
        lambda found: each(found.conversions, "source"),
        ["duckduckgo.com", None],
        (EACH,),
    ),
    "Rage": Example(
        [
            *clicked("v1", ("00.000", 0), ("00.400", 0), ("01.000", 30)),
            *clicked("v2", ("00.000", 0), ("00.400", 0), ("01.001", 30)),
            *clicked("v3", ("00.000", 0), ("00.400", 0), ("01.000", 31)),
            *clicked("v4", ("00.000", 0), ("00.400", 0)),
            *clicked("v4", ("01.000", 0), after=None),
        ],
        lambda found: [(row["page_view_id"], row["burst"]) for row in found.clicks if row["burst"]],
        [("v1", 1)] * 3,
    ),
    "Elements that are clicked repeatedly": Example(
        clicked("v1", ("00.000", 0), ("00.300", 0), ("00.600", 0), after=NOTHING | {"mutation_ms": 12}),
        lambda found: [(row["burst"], row["after"]["mutation_ms"]) for row in found.clicks],
        [(1, 12)] * 3,
    ),
    "Dead click": Example(
        [
            event("click", "12:00:00.000"),
            event("click", "12:00:10.000", after=NOTHING | {"watched_ms": 2499}),
            event("click", "12:00:20.000", after=NOTHING | {"scroll_ms": 0}),
            event("click", "12:00:30.000", after=None),
        ],
        lambda found: each(found.clicks, "dead"),
        [True, False, False, None],
    ),
    "Links out and downloads": Example(
        [
            linked("12:00:00.000", f"{SHOP}/next"),
            linked("12:00:01.000", f"{SHOP}/list.pdf"),
            linked("12:00:02.000", "https://elsewhere.example/"),
            linked("12:00:03.000", "https://elsewhere.example/set-up.ZIP"),
        ],
        lambda found: (sum(each(found.clicks, "link_out")), sum(each(found.clicks, "download"))),
        (2, 2),
    ),
    "Release": Example(
        [event("click", f"12:00:0{n}.000", page_version=version) for n, version in enumerate(("r2", "~f3", None))],
        lambda found: each(found.clicks, "release"),
        ["r2", "~f3", None],
    ),
    "Values of own events": Example(
        [own(f"12:00:0{n}.000", "sized", size=size) for n, size in enumerate((1, "1", True))],
        lambda found: [row["occurred_at"].second for row in found.conversions],
        [0],
        (SIZE,),
    ),
    "Traffic": Example(
        [
            event("click", "12:00:00.000", sample_rate=0.5),
            event("click", "12:00:01.000", staff=True),
            event("click", "12:00:02.000", staff=True, bot=True, user_agent=GPTBOT),
            event("click", "12:00:03.000", bot=True, user_agent=GOOGLEBOT),
        ],
        lambda found: {(row["kind"], row["crawler"]): row["events"] for row in found.traffic},
        {("people", None): 2.0, ("staff", None): 1.0, ("bots", "GPTBot"): 1.0, ("bots", None): 1.0},
    ),
    "Late events": Example(
        [*LATE, page("24T00:20:00.000", "/C", "v3")],
        lambda found: each(found.sessions, "session_id", "exit_page", "views"),
        [("s1", "/C", 1), ("s1", "/C", 2), ("s2", "/b", 1)],
    ),
}
"""By the headings of the page."""

RULES = AppRules(origins=(SHOP,), allowed_query=("q",), pages=("/product/*",))
BEFORE_LATE = [("s1", "/b", 1), ("s1", "/b", 1), ("s2", "/b", 1)]
"""What the last example's sessions are without its last event."""
