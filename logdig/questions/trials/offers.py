"""Whom offers reach, and what they cost and bring."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from logdig.config.offers import OfferSettings
from logdig.questions.engine.asking import WEIGHT, Asking
from logdig.questions.engine.database import identifier
from logdig.questions.engine.parameters import OfferTerms
from logdig.questions.engine.question import Question
from logdig.questions.site.visits import total
from logdig.tables.declaration import LONG, REAL, TEXT, Column

if TYPE_CHECKING:
    import pyarrow as pa


def terms_of(offers: Iterable[OfferSettings]) -> dict[str, OfferTerms]:
    """What each offer costs and brings, by its name."""
    return {
        offer.name: OfferTerms(
            offer.goal,
            offer.ad_cost or None,
            offer.offer_value,
            None if isinstance(offer.holdout_share, str) else offer.holdout_share,
        )
        for offer in offers
    }


def offers(asking: Asking) -> pa.Table:
    """Count whom each offer reached, by offer or day."""
    rows = asking.rows("exposures", EXPOSURE_COLUMNS)
    by = "offer" if asking.by is None else f"{identifier(asking.by)}, offer"
    person = "coalesce('c' || customer_id, 'v' || user_key)"
    people = "count(DISTINCT {person}) FILTER ({when})".format
    return asking.run(f"""
        SELECT {by}, {people(person=person, when="decision <> 'click'")} AS reached,
          {people(person=person, when="would_show")} AS chosen,
          {people(person=person, when="decision = 'show'")} AS shown,
          {people(person=person, when="decision = 'holdout'")} AS held,
          count(*) FILTER (decision = 'show') AS showings,
          {total(f"CASE WHEN decision = 'click' THEN {WEIGHT} END")} AS clicks
        FROM {rows} WHERE offer IS NOT NULL GROUP BY ALL ORDER BY ALL
    """)


EXPOSURE_COLUMNS = ("offer", "decision", "would_show", "user_key", "customer_id", "reason", "placement", "channel")
QUESTIONS = (
    Question(
        "offers",
        "Whom each offer reached: decided on, shown, held out, clicked.",
        tables=("exposures",),
        columns=(
            Column("offer", TEXT, "offer"),
            Column("reached", LONG, "people it was decided on"),
            Column("chosen", LONG, "of them whom only the holdout could keep from it"),
            Column("shown", LONG, "people who were shown it"),
            Column("held", LONG, "people held out"),
            Column("showings", LONG, "how often it was shown"),
            Column("clicks", REAL, "clicks on its ad"),
        ),
        keys=("offer",),
        filters=("offer", "placement", "channel"),
        answer=offers,
        dimensions=("day", "reason", "placement", "channel"),
        notes=("People are customers, or visitors where no customer is known.",),
    ),
)
