"""What the demo says of its offers: whether the planted one helped, and as whom to sign in to see the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from demo.generator import CUSTOMERS
from demo.story import trial
from demo.story.month import Month
from logdig.config.offers import OfferSettings
from logdig.config.settings import AppSettings
from logdig.decide.hashes import explores, is_held_out
from logdig.decide.policy import AUTO_HOLDOUT
from logdig.decide.profiles import person_key
from logdig.marts.pinned import Source
from logdig.questions.catalog import question_of
from logdig.questions.engine.answering import ask
from logdig.questions.engine.parameters import Parameters
from logdig.questions.trials.offers import terms_of

FOUND = "pays"
"""What is to be found of the planted effect."""


@dataclass(frozen=True, slots=True)
class OfferAnswers:
    """What the trial of the planted offer says, and customers by what they meet on the site."""

    said: Mapping[str, Any]
    members: Mapping[str, str | None]

    @property
    def is_found(self) -> bool:
        """Whether the planted effect is found."""
        return bool(self.said["kind"] == FOUND)

    def lines(self) -> list[str]:
        """For the terminal."""
        meets = {"offer": "sees the offer", "holdout": "is held out", "nobody": "is no target"}
        members = [f"{customer} {meets[kind]}" for kind, customer in self.members.items() if customer is not None]
        return [f"offer {trial.OFFER.name}: {self.said['sentence']}", f"sign in on the site: {', '.join(members)}"]


def said_of(source: Source, app: AppSettings, offers: Sequence[OfferSettings], month: Month) -> dict[str, Any]:
    """Ask whether the offer with the planted effect helped."""
    terms = terms_of(offers)
    asked = Parameters(app.name, month.first_day, month.today, zone=month.zone, terms=terms)
    said: dict[str, Any] = ask(source, question_of("uplift"), asked).account["offers"][trial.OFFER.name]
    return said


def whom_to_sign_in(app: str, offer: OfferSettings, targets: Sequence[str], today: date) -> dict[str, str | None]:
    """Choose a customer for each of ``offer``, ``holdout`` and ``nobody``; None where there is none.

    Args:
        app: Name of the app.
        offer: Of the site's placement.
        targets: Ids of its targets, the best first; the last ones are taken, since visitors of the demo use up the
            others' showings of the day.
        today: In the app's zone.
    """

    def key(customer: str) -> str:
        return person_key(app, customer_id=customer, user_key=None)

    share = AUTO_HOLDOUT if isinstance(offer.holdout_share, str) else offer.holdout_share
    held = {customer for customer in targets if is_held_out(key(customer), offer.name, share)}
    others = (str(number) for number in range(CUSTOMERS) if str(number) not in targets)
    return {
        "offer": next((customer for customer in reversed(targets) if customer not in held), None),
        "holdout": next((customer for customer in reversed(targets) if customer in held), None),
        "nobody": next(
            (one for one in others if not explores(key(one), offer.placement, today, offer.explore_share)), None
        ),
    }
