"""What is asked by the address line: app, days, filters; and questions that are asked with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from dashboard.access_answers import check_asked, for_numbers, whole_days
from dashboard.page import Scope
from logdig.config.settings import AppSettings, Settings
from logdig.errors import InputError
from logdig.marts.pinned import Source
from logdig.questions.catalog import question_of
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from logdig.questions.engine.question import Answer
from logdig.questions.live import LiveReader
from logdig.store.lease import TaggedStore
from logdig.store.object_store import EventStore

FILTERS = (
    "device", "screen", "browser", "system", "channel", "source", "medium", "campaign", "country", "region", "language",
    "host", "page", "entry_page", "release", "goal", "experiment", "level", "customer", "track", "state",
    "zip_area", "gender", "age", "linked_apps", "customer_campaign", "day_part", "send_event", "hours",
)  # fmt: skip
"""Filters of the address line, in the order in which they are offered; ``experiment.NAME`` carries a name."""
PERIODS = ("today", "yesterday", "7d", "28d", "90d", "365d", "month", "last-month")
USUAL_PERIOD = "28d"
MOST_DAYS = 3660


class CannotApplyError(InputError):
    """A question is asked with a filter that it cannot apply; ``fields`` names them."""


class Store(TaggedStore, EventStore, Protocol):
    """What the dashboard reads of the bucket."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a page.

    Args:
        settings: Of this installation.
        source: The tables.
        store: The bucket.
        live: Reads who is there now; None = it may not read raw.
        app: The app that is asked of.
        now: Time, UTC.
        args: Parameters of the address.
        scope: Of who asks; every answer to ``numbers`` is cut accordingly.
    """

    settings: Settings
    source: Source
    store: Store
    live: LiveReader | None
    app: AppSettings
    now: datetime
    args: Mapping[str, str]
    scope: Scope = "people"

    @property
    def numbers_only(self) -> bool:
        """Whether who asks may see nothing about single persons."""
        return self.scope != "people"

    @property
    def raw(self) -> LiveReader:
        """Reader of the newest raw objects.

        Raises:
            InputError: The dashboard may not read them.
        """
        if self.live is None:
            raise InputError("who is there now is not shown: set dashboard_live = true and deploy")
        return self.live

    @property
    def today(self) -> date:
        """Today in the app's time zone."""
        return self.now.astimezone(ZoneInfo(self.app.timezone)).date()

    @property
    def days(self) -> tuple[date, date]:
        """First and last day that are asked, in the app's time zone; with ``shift=before`` as many days before them.

        Raises:
            InputError: They are no days.
        """
        if "from" in self.args or "to" in self.args:
            first, last = self.day("from"), self.day("to")
            if not first <= last or (last - first).days >= MOST_DAYS:
                raise InputError(f"from {first} to {last}: 1 to {MOST_DAYS:,} days, the first one first")
        else:
            first, last = days_of(self.choice("period", PERIODS, USUAL_PERIOD), self.today)
        if self.args.get("shift") == "before":
            step = last - first + timedelta(days=1)
            return first - step, last - step
        return first, last

    @property
    def where(self) -> dict[str, str]:
        """Values by filter."""
        return {name: value for name, value in self.args.items() if name.partition(".")[0] in FILTERS}

    def day(self, name: str) -> date:
        """Read a parameter that is a day.

        Raises:
            InputError: It is none.
        """
        value = self.args.get(name, "")
        try:
            return date.fromisoformat(value)
        except ValueError as err:
            raise InputError(f"{name} = {value[:100]!r}: a day such as 2026-11-24") from err

    def choice(self, name: str, allowed: Sequence[str], usual: str | None = None) -> str:
        """Read a parameter that is one of a list; without it the usual one, or the first.

        Raises:
            InputError: It is another.
        """
        value = self.args.get(name) or (usual if usual is not None else next(iter(allowed), ""))
        if value not in allowed:
            raise InputError(f"{name} = {value[:100]!r}: one of {', '.join(allowed) or 'nothing (the app has none)'}")
        return value

    def number(self, name: str, usual: int, least: int, most: int) -> int:
        """Read a parameter that is a whole number.

        Raises:
            InputError: It is none, or out of range.
        """
        value = self.args.get(name) or str(usual)
        if not value.isdecimal() or len(value) > 9 or not least <= int(value) <= most:
            raise InputError(f"{name} = {value[:100]!r}: a whole number from {least:,} to {most:,}")
        return int(value)

    def answer(
        self,
        question: str,
        *,
        by: str | None = None,
        where: Mapping[str, str] | None = None,
        days: tuple[date, date] | None = None,
        compare: bool | None = None,
        cut: bool = True,
        **more: Any,
    ) -> Answer:
        """Ask a question with what the address line asks.

        Args:
            question: Its name.
            by: Dimension; None = parameter ``by``, else the question's own.
            where: Filters in place of those of the address line.
            days: Likewise.
            compare: Likewise; None = parameter ``compare``.
            cut: Whether the answer is cut for who may see numbers only; False = the caller adds up, and cuts then.
            more: Other fields of `Parameters`.
        Raises:
            CannotApplyError: The question cannot apply a filter.
            InputError: It cannot be asked so.
        """
        asked, filters = question_of(question), self.where if where is None else dict(where)
        cannot = [name for name in filters if name.partition(".")[0] not in asked.filters]
        if cannot:
            raise CannotApplyError(
                f"question {question} cannot be filtered by {', '.join(cannot)}", filters=cannot, can=asked.filters
            )
        by = by or self.args.get("by")
        first, last = days or self.days
        if self.numbers_only:
            check_asked(filters, by)
            first, last = whole_days((first, last), self.today)
        parameters = Parameters(
            app=self.app.name,
            start=first,
            end=last,
            zone=self.app.timezone,
            where=filters,
            by=by,
            compare=self.args.get("compare") == "before" if compare is None else compare,
            words=msgspec.to_builtins(self.settings.words),
            **more,
        )
        found = ask(self.source, asked, parameters)
        return self.cut(found) if cut else found

    def cut(self, answer: Answer) -> Answer:
        """Leave out what who may see numbers only must not see."""
        return for_numbers(answer, self.settings.dashboard_least_visitors) if self.numbers_only else answer


def days_of(period: str, today: date) -> tuple[date, date]:
    """First and last day of a named period, up to today.

    Args:
        period: One of PERIODS.
        today: In the app's zone.
    """
    day = timedelta(days=1)
    if period == "today":
        return today, today
    if period == "yesterday":
        return today - day, today - day
    if period == "month":
        return today.replace(day=1), today
    if period == "last-month":
        last = today.replace(day=1) - day
        return last.replace(day=1), last
    return today - timedelta(days=int(period[:-1]) - 1), today
