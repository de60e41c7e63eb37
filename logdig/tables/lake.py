"""What the jobs know of the lake itself: which objects ingest has read, and which days writers have touched."""

from logdig.tables.declaration import DAY, INT, LONG, TEXT, TIME, Column, Table

INGESTED = Table(
    name="ingested",
    meaning="Every stored object that ingest has read, or has set aside because it cannot be read.",
    grain="stored object",
    keys=("key",),
    ages_by="day",
    zone="raw",
    columns=(
        Column("key", TEXT, "of the object, as in the bucket; never null"),
        Column("day", DAY, "UTC day of its folder; never null"),
        Column("size_bytes", LONG, "as stored", unit="bytes"),
        Column("ingested_at", TIME, "when the batch with it was finished, or when it was set aside"),
        Column("error", TEXT, "why it was set aside; null = its lines are in the tables"),
    ),
)

TOUCHED = Table(
    name="touched",
    meaning="What each write to `events` changed; from it marts know which days to compute again.",
    grain="write, app and UTC day",
    keys=("seq", "app", "day"),
    notes=(
        "Noted before the write: a note without a write costs a needless computation and nothing else.",
        "Job `maintain` puts the notes together that every mart has seen, one an app and day.",
    ),
    columns=(
        Column("seq", LONG, "number of the note, counting up; never null"),
        Column("app", TEXT, "app; null = every app"),
        Column("day", DAY, "UTC day of `occurred_at`; null = every day of the app"),
        Column(
            "rows",
            INT,
            "events that the write brought for it, copies left out; 0 where rows were only removed",
        ),
        Column("first_received", DAY, "UTC day on which the earliest of them came; null where nothing is new"),
        Column("noted_at", TIME, "when"),
        Column("work", TEXT, "job or command that wrote"),
    ),
)
