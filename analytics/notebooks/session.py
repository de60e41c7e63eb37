"""One run of a note: it asks, shows, draws, and keeps what it has shown as its result."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from string import Template
from typing import TYPE_CHECKING, Any

from analytics.notebooks.display import Screen
from analytics.notebooks.source import form_values
from logdig.config.loader import find_settings
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError
from logdig.marts.reader import Marts
from logdig.questions.catalog import question_of
from logdig.questions.engine.answering import ask
from logdig.questions.engine.database import literal
from logdig.questions.engine.parameters import Parameters, last_days
from logdig.questions.engine.question import Answer
from logdig.questions.engine.sql import select
from logdig.questions.trials.offers import terms_of
from logdig.store.reports import public, report_folder, write_report
from logdig.times import Clock

if TYPE_CHECKING:
    import pyarrow as pa

    from logdig.store.object_store import S3EventStore

ROWS = 50
"""Most rows of a table that is shown, unless the note says otherwise."""


class OpenNote:
    """A note while it runs.

    Args:
        algorithm: Its name.
        screen: Where it shows.
        settings: Of the installation.
        site: The app.
        forms: Values by name.
        marts: The tables.
        now: When it began.
    Attributes:
        forms: What was chosen; an empty text = everything.
        start: First day in the app's time zone.
        end: Last day.
        marts: The tables, for questions without a name.
    """

    def __init__(
        self,
        algorithm: str,
        screen: Screen,
        settings: Settings,
        site: AppSettings,
        forms: Mapping[str, str],
        marts: Marts,
        now: datetime,
    ) -> None:
        self.forms, self.marts, self.app = dict(forms), marts, site.name
        first, last = (date.fromisoformat(text) if (text := forms.get(name)) else None for name in ("start", "end"))
        default, self.end = last_days(now, site.timezone, last)
        self.start = first or default
        self._algorithm, self._screen, self._settings, self._zone = algorithm, screen, settings, site.timezone
        self._now = now
        self._results: list[dict[str, Any]] = []
        self._pictures: dict[str, bytes] = {}

    def ask(self, question: str, by: str | None = None, *, compare: bool = False, **filters: str) -> Answer:
        """Ask a question of the chosen days.

        Args:
            question: Name in `logdig.questions.catalog`.
            by: Dimension; None = the question's own.
            compare: Also of the days before, as many.
            filters: Values by filter; an empty one is no filter.
        Raises:
            InputError: It cannot be asked so; says how it can.
            StoreUnavailableError: Glue or S3 does not answer.
        """
        where = {name: value for name, value in filters.items() if value}
        asked = Parameters(
            self.app, self.start, self.end, self._zone, where, by, compare,
            thresholds=self._settings.frustration, terms=terms_of(self._settings.offers),
        )  # fmt: skip
        return ask(self.marts, question_of(question), asked)

    def select(self, sql: str) -> pa.Table:
        """Run one SELECT over the tables, in DuckDB's SQL; ``$app``, ``$start`` and ``$end`` are the chosen ones.

        Raises:
            InputError: It is no SELECT, or fails; says why.
            StoreUnavailableError: Glue or S3 does not answer.
        """
        values = {
            "app": literal(self.app),
            "start": f"DATE {literal(self.start.isoformat())}",
            "end": f"DATE {literal(self.end.isoformat())}",
        }
        return select(self.marts, Template(sql).safe_substitute(values)).rows

    def page(self, pages: Answer) -> str:
        """The page of form ``page``, or the most viewed one of an answer; ``/`` where none was viewed."""
        viewed = (page for page in pages.rows.column("page").to_pylist() if page)
        return self.forms["page"] or next(viewed, "/")

    def show(self, name: str, found: Answer | pa.Table, columns: Sequence[str] = (), most: int = ROWS) -> None:
        """Show rows as a table, without columns of people, and keep what is shown.

        Args:
            name: Of the table in the result.
            found: An answer, or rows.
            columns: Those to show; none = all.
            most: Most rows.
        """
        rows = public(found.rows if isinstance(found, Answer) else found)
        rows = (rows.select([one for one in columns if one in rows.column_names]) if columns else rows).slice(0, most)
        kept = rows.to_pylist()
        self._screen.table(rows.column_names, [list(row.values()) for row in kept])
        about = {"account": found.account, "receipt": found.receipt} if isinstance(found, Answer) else {}
        self._results.append({"name": name, "rows": kept, **about})

    def values(self, name: str, values: Mapping[str, Any]) -> None:
        """Show single values beside their names, and keep them."""
        self._screen.table(["what", "value"], list(values.items()))
        self._results.append({"name": name, "values": dict(values)})

    def draw(self, name: str, png: bytes, text: str) -> None:
        """Show a picture, and keep it.

        Args:
            name: Of its file in the result.
            png: What a function of `analytics.notebooks.charts` has made.
            text: What it shows, for readers who cannot see it.
        """
        self._screen.picture(png, text)
        self._pictures[name] = png

    def store(self, store: S3EventStore | None = None) -> None:
        """Write what was shown into the bucket, if form ``store`` says so, and show the key.

        Args:
            store: The bucket; None = that of the settings.
        Raises:
            StoreUnavailableError: S3 does not answer.
        """
        if self.forms["store"] != "yes":
            self._screen.table(["result"], [["not stored: form 'store' is no"]])
            return
        if store is None:
            from logdig.aws.clients import s3_store

            store = s3_store(self._settings)
        result = {
            "app": self.app,
            "note": self._algorithm,
            "ran_at": self._now,
            "days": [self.start, self.end],
            "zone": self._zone,
            "forms": self.forms,
            "results": self._results,
            "pictures": [f"{name}.png" for name in self._pictures],
        }
        key = write_report(store, report_folder(self.app, self._algorithm, self._now), result, self._pictures)
        self._screen.table(["result"], [[f"s3://{store.bucket}/{key}"]])


def open_note(
    algorithm: str,
    screen: Screen,
    *,
    app: str,
    environment: Mapping[str, str] = os.environ,
    marts: Marts | None = None,
    clock: Clock = lambda: datetime.now(UTC),
    **forms: str,
) -> OpenNote:
    """Open a note: what its first paragraph calls.

    Args:
        algorithm: Name of the note.
        screen: Where it shows: `display.Zeppelin` or `display.Jupyter`.
        app: Name of the app.
        environment: LOGDIG_CONFIG, credentials, AWS_ENDPOINT_URL.
        marts: The tables; None = those of the settings.
        clock: Tells what today is.
        forms: Values by name.
    Raises:
        InputError: No such app or form, or a value that the form cannot have.
        SetupError: The settings cannot be read.
    """
    values = form_values(algorithm, forms)
    settings = find_settings(environment)
    site = next((one for one in settings.apps if one.name == app), None)
    if site is None:
        names = ", ".join(one.name for one in settings.apps) or "none"
        place = environment.get("LOGDIG_CONFIG") or "logdig.toml of the working directory"
        raise InputError(f"app {app!r} is not in {place}; its apps: {names}; the variable LOGDIG_CONFIG names the file")
    opened = OpenNote(algorithm, screen, settings, site, values, marts or Marts(settings, environment), clock())
    if opened.start > opened.end:
        raise InputError(f"the first day {opened.start} is after the last {opened.end}")
    return opened
