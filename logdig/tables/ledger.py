"""What became of every event."""

from logdig.tables.declaration import DAY, LONG, TEXT, Column, MapOf, Table

LEDGER = Table(
    name="ledger",
    meaning="What became of every event.",
    grain="app and UTC day of arrival",
    keys=("app", "day"),
    ages_by="day",
    notes=("The sums are explained in [ledger.md](ledger.md).",),
    columns=(
        Column("app", TEXT, "app; empty where a line names none; never null"),
        Column("day", DAY, "UTC day of `received_at`; never null"),
        Column("sent", LONG, "different events that browsers and servers sent, a lower bound"),
        Column(
            "received",
            LONG,
            "events that the collector acknowledged, as accepted or as rejected, those in the dead-letter queue too",
        ),
        Column("accepted", LONG, "acknowledged as accepted, resends counted each time"),
        Column("rejected", LONG, "acknowledged as rejected"),
        Column("events", LONG, "different events in raw"),
        Column("repeated", LONG, "events whose number in their session was there before"),
        Column("duplicates_browser", LONG, "lines of an event that was sent again: another pack, or twice in one pack"),
        Column("duplicates_flush", LONG, "lines of one pack that were written again, in another object"),
        Column("late", LONG, "of `events`, those that happened on an earlier UTC day"),
        Column("raw_lines", LONG, "lines in raw"),
        Column("raw_unreadable", LONG, "of `raw_lines`, those that cannot be read"),
        Column("unreadable", LONG, "different lines of both zones that cannot be read"),
        Column("in_tables", LONG, "rows of `events` received that day"),
        Column("waiting", LONG, "of `events`, those in objects that ingest has not read"),
        Column("bad_in_tables", LONG, "rows of `bad_events` of that day"),
        Column("bad_waiting", LONG, "of `rejected` and `unreadable`, those in objects that ingest has not read"),
        Column("in_dlq", LONG, "events that are in the dead-letter queue and in no object"),
        Column("dropped", LONG, "events that browsers say they gave up"),
        Column("dropped_numbers", LONG, "numbers that sessions left out and their browser dropped"),
        Column("missing", LONG, "numbers that sessions left out and no browser dropped: sent and never received"),
        Column("erased", LONG, "events removed for people who asked"),
        Column("rejected_by_reason", MapOf(LONG), "field and reason of the first error"),
        Column("dropped_by_reason", MapOf(LONG), "the browser's reason"),
    ),
)
